// SPDX-License-Identifier: MIT

extension HTTPFields {
    /// Gives the value of the first cookie of that name (RFC 6265 §4.2.1).
    package func cookie(_ name: String) -> String? {
        for value in all("Cookie") {
            for pair in value.utf8.split(separator: 0x3B) {
                let pair = pair.drop(while: HTTPSyntax.isBlank)
                guard pair.starts(with: (name + "=").utf8) else { continue }
                return String(Substring(pair.dropFirst(name.utf8.count + 1)))
            }
        }
        return nil
    }
}
