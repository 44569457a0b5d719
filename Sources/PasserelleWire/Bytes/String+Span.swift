// SPDX-License-Identifier: MIT

extension String {
    /// Creates a string from bytes, with each malformed part replaced by U+FFFD.
    package init(copying bytes: Span<UInt8>) {
        if let text = try? UTF8Span(validating: bytes) {
            self.init(copying: text)
        } else {
            self.init(decoding: [UInt8](copying: bytes), as: UTF8.self)
        }
    }
}
