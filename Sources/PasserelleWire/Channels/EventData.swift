// SPDX-License-Identifier: MIT

/// The conversion of an event's `data` to JSON on one line, and back.
package enum EventData {
    /// The maximum nesting depth of `data`.
    ///
    /// Four less than the scanner's limit, so that a message with embedded data can be scanned.
    package static let maximumDepth = JSONScanner.maximumDepth - 4

    /// Returns the JSON to embed for a value.
    ///
    /// A string that holds JSON becomes that JSON, unless it nests deeper than `maximumDepth`. Any
    /// other value is copied; an absent one is `null`. Raw line breaks between tokens become
    /// spaces; all other bytes are unchanged.
    package static func json(_ bytes: Span<UInt8>, _ value: JSONSlice?) -> [UInt8] {
        guard let value else { return Array("null".utf8) }
        if value.kind == .string, let text = embeddable(bytes, value) { return text }
        return JSONWriter.oneLine(bytes, value)
    }

    /// Returns the value of `data` in a message: a JSON string, as hosted Channels sends it.
    ///
    /// `json(_:_:)` restores the same bytes. A string that holds no JSON is sent unchanged.
    package static func wireForm(_ data: [UInt8]) -> [UInt8] {
        // White space around a string belongs to the data; only an enclosing string preserves it.
        if let root = try? JSONScanner.document(data.span), root.kind == .string,
            root.range == data.indices, embeddable(data.span, root) == nil
        {
            return JSONWriter.oneLine(data.span, root)
        }
        return JSONWriter.quoted(bytes: data.span)
    }

    /// Returns the JSON that a string holds, on one line; `nil` if it holds none.
    private static func embeddable(_ bytes: Span<UInt8>, _ string: JSONSlice) -> [UInt8]? {
        // For most strings that hold no JSON the first byte decides.
        guard string.range.count > 2, mayStartJSON(bytes[string.range.lowerBound + 1]),
            var text = JSONScanner.stringKeepingLoneSurrogates(bytes, string)
        else { return nil }
        var cursor = JSONCursor(at: 0, end: text.count)
        guard
            (try? JSONScanner.document(
                text.span, maximumDepth: maximumDepth, cursor: &cursor)) != nil
        else { return nil }
        guard cursor.sawLineBreak else { return text }
        for at in text.indices where text[at] == 0x0A || text[at] == 0x0D { text[at] = 0x20 }
        return text
    }

    private static func mayStartJSON(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"):
            byte == UInt8(ascii: "t") || byte == UInt8(ascii: "f") || byte == UInt8(ascii: "n")
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): false
        default: true
        }
    }
}
