// SPDX-License-Identifier: MIT

/// The rule for an event's `data`: what it is as JSON on one line, and back.
package enum EventData {
    /// How many containers `data` may hold inside each other.
    ///
    /// Four fewer than the scanner takes, so that what we wrap around it can be scanned as well.
    package static let maximumDepth = JSONScanner.maximumDepth - 4

    /// The bytes to embed for a checked value: a string that holds JSON is that JSON, any other
    /// value is itself, none at all is `null`.
    ///
    /// Nothing changes but raw line breaks between tokens, which become spaces. A string whose JSON
    /// nests deeper than `maximumDepth` stays a string.
    package static func json(_ bytes: Span<UInt8>, _ value: JSONSlice?) -> [UInt8] {
        guard let value else { return Array("null".utf8) }
        if value.kind == .string, let text = embeddable(bytes, value) { return text }
        return copy(bytes, value)
    }

    /// The value that stands for `data` in a message: a JSON string, as hosted Channels sends it.
    ///
    /// `json(_:_:)` makes the same bytes of it again. A string that holds no JSON is sent as it is.
    package static func wireForm(_ data: [UInt8]) -> [UInt8] {
        // White space around a string is part of the data too, and only a string can hold it.
        if let root = try? JSONScanner.document(data.span), root.kind == .string,
            root.range == data.indices, embeddable(data.span, root) == nil
        {
            return copy(data.span, root)
        }
        var out: [UInt8] = []
        out.reserveCapacity(data.count + data.count / 8 + 2)
        JSONWriter.string(bytes: data.span, into: &out)
        return out
    }

    /// The JSON that a string holds, on one line, or nil when it holds none.
    private static func embeddable(_ bytes: Span<UInt8>, _ string: JSONSlice) -> [UInt8]? {
        // Most strings that hold no JSON say so with their first byte.
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

    private static func copy(_ bytes: Span<UInt8>, _ value: JSONSlice) -> [UInt8] {
        var out: [UInt8] = []
        JSONWriter.oneLine(bytes, value, into: &out)
        return out
    }
}
