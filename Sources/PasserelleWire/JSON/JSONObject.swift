// SPDX-License-Identifier: MIT

/// A received JSON object, whose members are read by name and kept byte for byte.
package struct JSONObject {
    private let bytes: [UInt8]
    private let root: JSONSlice

    /// Parses a document; `nil` if it is invalid or not an object.
    package init?(_ bytes: [UInt8]) {
        guard let root = try? JSONScanner.document(bytes.span) else { return nil }
        self.init(bytes, root)
    }

    private init?(_ bytes: [UInt8], _ slice: JSONSlice) {
        guard slice.kind == .object else { return nil }
        self.bytes = bytes
        root = slice
    }

    /// A member that is an object.
    package func object(_ name: String) -> JSONObject? {
        self[name].flatMap { JSONObject(bytes, $0) }
    }

    /// The value of a member, the last if it is repeated; `nil` if there is none.
    package subscript(name: String) -> JSONSlice? {
        JSONScanner.member(bytes.span, of: root, named: name)
    }

    /// The members in order, with repeats.
    package var members: [(key: JSONSlice, value: JSONSlice)] {
        JSONScanner.members(bytes.span, of: root)
    }

    /// The object on one line.
    package var line: [UInt8] { JSONWriter.oneLine(bytes.span, root) }

    /// Returns a member's value on one line.
    package func raw(_ name: String) -> [UInt8]? {
        self[name].map { JSONWriter.oneLine(bytes.span, $0) }
    }

    /// Returns the text of a string.
    package func text(_ slice: JSONSlice?) -> String? { JSONScanner.text(bytes.span, slice) }

    /// Returns the text of a string member.
    package func text(_ name: String) -> String? { text(self[name]) }

    /// Returns the value of an integer member.
    package func integer(_ name: String) -> Int? { JSONScanner.integer(bytes.span, self[name]) }

    /// Returns the text of a string member, or the digits of a number.
    package func identifier(_ name: String) -> String? {
        JSONScanner.identifier(bytes.span, self[name])
    }

    /// Returns the elements of an array member.
    package func elements(_ name: String) -> [JSONSlice]? {
        guard let slice = self[name], slice.kind == .array else { return nil }
        return JSONScanner.elements(bytes.span, of: slice)
    }

    /// Returns the strings of an array member, at most `limit`; `nil` if it has anything else.
    package func texts(_ name: String, limit: Int = .max) -> [String]? {
        guard let texts = elements(name)?.prefix(limit).map({ text($0) }) else { return nil }
        return texts.contains(nil) ? nil : texts.compactMap(\.self)
    }

    /// Returns the objects of an array member; `nil` if it has anything else.
    package func objects(_ name: String) -> [JSONObject]? {
        guard let objects = elements(name)?.map({ JSONObject(bytes, $0) }) else { return nil }
        return objects.contains { $0 == nil } ? nil : objects.compactMap(\.self)
    }
}
