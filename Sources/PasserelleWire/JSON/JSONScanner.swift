// SPDX-License-Identifier: MIT

/// Finds values in JSON without changing a byte: strict RFC 8259, UTF-8 checked, depth bounded.
///
/// Escapes of lone surrogates are let pass, as `JSON.parse` does. A slice is good for the bytes that
/// it came from only.
package enum JSONScanner {
    /// How many containers may stand inside each other, unless the caller says less; never more in
    /// what is embedded elsewhere.
    package static let maximumDepth = 64

    /// Checks a whole document, white space around it allowed, and gives its outermost value.
    package static func document(
        _ bytes: Span<UInt8>, maximumDepth: Int = JSONScanner.maximumDepth
    ) throws(JSONError) -> JSONSlice {
        var cursor = JSONCursor(at: 0, end: bytes.count)
        return try document(bytes, maximumDepth: maximumDepth, cursor: &cursor)
    }

    /// Checks a whole document and leaves the cursor behind it, to tell what it has seen.
    static func document(
        _ bytes: Span<UInt8>, maximumDepth: Int, cursor: inout JSONCursor
    ) throws(JSONError) -> JSONSlice {
        try document(bytes, depth: min(maximumDepth, Self.maximumDepth), cursor: &cursor)
    }

    /// Checks a whole document however deep it nests, for who looks at its outer values alone and
    /// embeds it nowhere: a bit a level is what it costs.
    static func deepDocument(_ bytes: Span<UInt8>) throws(JSONError) -> JSONSlice {
        var cursor = JSONCursor(at: 0, end: bytes.count)
        return try document(bytes, depth: bytes.count, cursor: &cursor)
    }

    private static func document(
        _ bytes: Span<UInt8>, depth: Int, cursor: inout JSONCursor
    ) throws(JSONError) -> JSONSlice {
        cursor.skipSpace(bytes)
        let root = try cursor.value(bytes, depth: depth)
        cursor.skipSpace(bytes)
        guard cursor.at == cursor.end else { throw .unexpectedByte(at: cursor.at) }
        return root
    }

    /// The members of a checked object, in their order, repeated keys included; none of others.
    package static func members(
        _ bytes: Span<UInt8>, of object: JSONSlice
    ) -> [(key: JSONSlice, value: JSONSlice)] {
        guard object.kind == .object else { return [] }
        var members = JSONMembers(of: object)
        var list: [(key: JSONSlice, value: JSONSlice)] = []
        while let member = try? members.next(bytes) { list.append(member) }
        return list
    }

    /// The elements of a checked array, in their order; none of others.
    package static func elements(_ bytes: Span<UInt8>, of array: JSONSlice) -> [JSONSlice] {
        guard array.kind == .array else { return [] }
        var elements = JSONElements(of: array)
        var list: [JSONSlice] = []
        while let element = try? elements.next(bytes) { list.append(element) }
        return list
    }

    /// The value of a member by its unescaped name; of several the last, as `JSON.parse` has it.
    package static func member(
        _ bytes: Span<UInt8>, of object: JSONSlice, named name: String
    ) -> JSONSlice? {
        guard object.kind == .object else { return nil }
        var members = JSONMembers(of: object)
        var found: JSONSlice?
        while let member = try? members.next(bytes) {
            if equals(bytes, member.key, name) { found = member.value }
        }
        return found
    }

    /// The value at a path of member names, or nil where the path breaks off.
    package static func value(
        _ bytes: Span<UInt8>, of root: JSONSlice, at path: [String]
    ) -> JSONSlice? {
        var value = root
        for name in path {
            guard let next = member(bytes, of: value, named: name) else { return nil }
            value = next
        }
        return value
    }

    /// Whether a string's text is the one given.
    package static func equals(
        _ bytes: Span<UInt8>, _ string: JSONSlice, _ text: String
    ) -> Bool {
        guard string.kind == .string else { return false }
        if string.hasEscapes { return self.string(bytes, string).elementsEqual(text.utf8) }
        guard string.range.count - 2 == text.utf8.count else { return false }
        var at = string.range.lowerBound + 1
        for byte in text.utf8 {
            if bytes[at] != byte { return false }
            at += 1
        }
        return true
    }
}
