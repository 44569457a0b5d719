// SPDX-License-Identifier: MIT

/// The beginning of a text written by a peer; a text that is too long is cut between characters.
struct ConsoleText: Equatable {
    /// UTF-8.
    let bytes: [UInt8]
    /// True if the text was cut.
    let isCut: Bool

    /// Takes at most `limit` bytes of UTF-8.
    init(_ text: [UInt8], limit: Int) {
        var end = min(limit, text.count)
        while end > 0, end < text.count, text[end] & 0xC0 == 0x80 { end -= 1 }
        bytes = end < text.count ? Array(text[..<end]) : text
        isCut = end < text.count
    }

    /// Takes at most `limit` bytes of a string.
    init(_ text: String, limit: Int) {
        self.init(Array(text.utf8), limit: limit)
    }
}
