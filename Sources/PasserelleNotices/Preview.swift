// SPDX-License-Identifier: MIT

/// Shortens a text for a notice, at a word boundary and never inside a grapheme cluster.
package enum Preview {
    /// Returns the text, shortened to `limit` characters and `bytes` bytes including an ellipsis.
    ///
    /// A cut falls on white space, or beside ideographs or kana, which are written without spaces.
    /// A single word that is too long is cut between two characters.
    package static func cut(
        _ text: String, limit: Int = NoticeConfiguration.previewCharacters,
        bytes: Int = NoticeConfiguration.previewBytes
    ) -> String {
        guard limit > 0, let end = hardEnd(of: text, limit: limit, bytes: bytes) else {
            return limit > 0 ? text : ""
        }
        var head = text[..<end]
        if let word = wordEnd(before: end, in: text), !text[..<word].allSatisfy(\.isWhitespace) {
            head = text[..<word]
        }
        while let last = head.last, last.isWhitespace { head.removeLast() }
        return head + "…"
    }

    /// The end that leaves room for an ellipsis; `nil` if the whole text fits.
    private static func hardEnd(of text: String, limit: Int, bytes: Int) -> String.Index? {
        let ellipsis = 3
        var end = text.startIndex
        var index = text.startIndex
        var characters = 0
        var size = 0
        while index < text.endIndex {
            let next = text.index(after: index)
            size += text.utf8.distance(from: index, to: next)
            characters += 1
            guard characters <= limit, size <= bytes else { return end }
            if characters < limit, size <= bytes - ellipsis { end = next }
            index = next
        }
        return nil
    }

    /// The last position at or before `end` at which a line can be broken.
    private static func wordEnd(before end: String.Index, in text: String) -> String.Index? {
        var index = end
        while index > text.startIndex {
            let before = text[text.index(before: index)]
            if index < text.endIndex {
                let after = text[index]
                if after.isWhitespace || before.isWhitespace { return index }
                if before.breaksAround || after.breaksAround { return index }
            }
            index = text.index(before: index)
        }
        return nil
    }
}

extension Character {
    /// True if a line can be broken beside it: ideographs and kana are written without spaces.
    fileprivate var breaksAround: Bool {
        guard let scalar = unicodeScalars.first else { return false }
        return scalar.properties.isIdeographic || (0x3040...0x30FF).contains(scalar.value)
    }
}
