// SPDX-License-Identifier: MIT
import PasserelleWire

/// Invariants of JSON from other programs.
enum JSONRules {
    /// Checks that values are nested within each other and the bytes, that one-line output is the
    /// same document, and that strings survive re-encoding.
    static func documents(_ bytes: [UInt8]) {
        guard let root = try? JSONScanner.document(bytes.span) else { return }
        walk(bytes, root)
        let line = JSONWriter.oneLine(bytes.span, root)
        hold("one line has no line break", !line.contains { $0 == 10 || $0 == 13 })
        hold("one line is a document", (try? JSONScanner.document(line.span))?.kind == root.kind)
        let embedded = EventData.json(bytes.span, root)
        hold("embedded data is a document", (try? JSONScanner.document(embedded.span)) != nil)
        let wire = EventData.wireForm(embedded)
        let string = try? JSONScanner.document(wire.span)
        hold("the wire form is a string", string?.kind == .string)
        hold("the wire form restores the data", EventData.json(wire.span, string) == embedded)
    }

    private static func walk(_ bytes: [UInt8], _ value: JSONSlice) {
        hold("a value lies in its bytes", value.range.upperBound <= bytes.count)
        for (key, member) in JSONScanner.members(bytes.span, of: value) {
            hold("a key is a string", key.kind == .string)
            contain(value, key)
            contain(value, member)
            text(bytes, key)
            walk(bytes, member)
        }
        for element in JSONScanner.elements(bytes.span, of: value) {
            contain(value, element)
            walk(bytes, element)
        }
        if value.kind == .string { text(bytes, value) }
        if value.kind == .number { _ = JSONScanner.integer(bytes.span, value) }
    }

    private static func contain(_ outer: JSONSlice, _ inner: JSONSlice) {
        hold(
            "values lie inside each other",
            outer.range.lowerBound < inner.range.lowerBound
                && inner.range.upperBound < outer.range.upperBound)
    }

    private static func text(_ bytes: [UInt8], _ slice: JSONSlice) {
        let text = JSONScanner.string(bytes.span, slice)
        hold("a string's text is UTF-8", String(validating: text, as: UTF8.self) != nil)
        var again: [UInt8] = []
        JSONWriter.string(bytes: text.span, into: &again)
        let root = try? JSONScanner.document(again.span)
        hold(
            "a text survives",
            root.map { JSONScanner.string(again.span, $0) } == text)
    }
}
