// SPDX-License-Identifier: MIT

extension String {
    /// Makes text of bytes, each malformed part of them replaced by U+FFFD.
    package init(copying bytes: Span<UInt8>) {
        if let text = try? UTF8Span(validating: bytes) {
            self.init(copying: text)
        } else {
            self.init(decoding: [UInt8](copying: bytes), as: UTF8.self)
        }
    }
}
