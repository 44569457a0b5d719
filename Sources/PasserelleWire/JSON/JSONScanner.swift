// SPDX-License-Identifier: MIT

/// A scanner that finds values in JSON without changing a byte: strict RFC 8259, depth bounded.
///
/// UTF-8 is validated. Escapes of lone surrogates are accepted, as in `JSON.parse`. A slice is
/// valid only for the bytes that it was found in.
package enum JSONScanner {
    /// The maximum nesting depth; a caller may ask for less, but not for more, since documents may
    /// be embedded in others.
    package static let maximumDepth = 64

    /// Checks a complete document with optional white space around it; returns its root value.
    package static func document(
        _ bytes: Span<UInt8>, maximumDepth: Int = JSONScanner.maximumDepth
    ) throws(JSONError) -> JSONSlice {
        var cursor = JSONCursor(at: 0, end: bytes.count)
        return try document(bytes, maximumDepth: maximumDepth, cursor: &cursor)
    }

    /// Checks a complete document; the cursor then reports line breaks between the tokens.
    static func document(
        _ bytes: Span<UInt8>, maximumDepth: Int, cursor: inout JSONCursor
    ) throws(JSONError) -> JSONSlice {
        try document(bytes, depth: min(maximumDepth, Self.maximumDepth), cursor: &cursor)
    }

    /// Checks a complete document of any depth, at one bit per level, for callers that only read
    /// its outer values and do not embed it.
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

    /// Returns the members of a checked object in order, with repeats; empty for other values.
    package static func members(
        _ bytes: Span<UInt8>, of object: JSONSlice
    ) -> [(key: JSONSlice, value: JSONSlice)] {
        guard object.kind == .object else { return [] }
        var members = JSONMembers(of: object)
        var list: [(key: JSONSlice, value: JSONSlice)] = []
        while let member = try? members.next(bytes) { list.append(member) }
        return list
    }

    /// Returns the elements of a checked array in order; empty for other values.
    package static func elements(_ bytes: Span<UInt8>, of array: JSONSlice) -> [JSONSlice] {
        guard array.kind == .array else { return [] }
        var elements = JSONElements(of: array)
        var list: [JSONSlice] = []
        while let element = try? elements.next(bytes) { list.append(element) }
        return list
    }

    /// Returns the member with this unescaped name; the last if repeated, as in `JSON.parse`.
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

    /// Returns the value at a path of member names; `nil` if a member is missing.
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

    /// Returns true if a string has this text.
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

/// The reason why bytes are not a JSON document (RFC 8259); `at` is an offset into them.
package enum JSONError: Error, Equatable, Sendable {
    /// The bytes end inside a value, or before the first value.
    case unexpectedEnd
    /// A byte that the grammar does not allow there, including bytes after the document.
    case unexpectedByte(at: Int)
    /// A backslash sequence that is not part of JSON.
    case badEscape(at: Int)
    /// An unescaped control character (below U+0020) in a string.
    case controlCharacter(at: Int)
    /// Bytes in a string that are not UTF-8.
    case badUTF8(at: Int)
    /// Containers are nested deeper than `limit` levels.
    case tooDeep(limit: Int)
}

extension JSONScanner {
    /// Returns true if two documents hold the same value; false if one of them is not JSON.
    ///
    /// The order of members, white space, escapes, and the spelling of numbers are ignored: a
    /// server that decodes and re-encodes a payload can change all of them. O(n) in the size of the
    /// documents.
    package static func isSameValue(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        if left == right { return true }
        guard let leftRoot = try? document(left.span), let rightRoot = try? document(right.span)
        else { return false }
        return isSame(left, leftRoot, right, rightRoot)
    }

    /// Compares two values; `document` has bounded the depth of the recursion.
    private static func isSame(
        _ left: [UInt8], _ leftValue: JSONSlice, _ right: [UInt8], _ rightValue: JSONSlice
    ) -> Bool {
        guard leftValue.kind == rightValue.kind else { return false }
        switch leftValue.kind {
        case .true, .false, .null: return true
        case .string: return string(left.span, leftValue) == string(right.span, rightValue)
        case .number:
            let (one, other) = (token(left.span, leftValue), token(right.span, rightValue))
            return one == other || (Double(one) != nil && Double(one) == Double(other))
        case .array:
            let (ours, theirs) = (
                elements(left.span, of: leftValue), elements(right.span, of: rightValue)
            )
            return ours.count == theirs.count
                && zip(ours, theirs).allSatisfy { isSame(left, $0, right, $1) }
        case .object:
            let (ours, theirs) = (byName(left, leftValue), byName(right, rightValue))
            return ours.count == theirs.count
                && ours.allSatisfy { name, value in
                    theirs[name].map { isSame(left, value, right, $0) } ?? false
                }
        }
    }

    /// Returns an object's members by name; the last of repeated ones counts.
    private static func byName(_ bytes: [UInt8], _ object: JSONSlice) -> [[UInt8]: JSONSlice] {
        var values: [[UInt8]: JSONSlice] = [:]
        for (key, value) in members(bytes.span, of: object) {
            values[string(bytes.span, key)] = value
        }
        return values
    }
}

extension JSONScanner {
    /// Returns a string's text as UTF-8, lone surrogates as U+FFFD; empty if it is not a string.
    package static func string(_ bytes: Span<UInt8>, _ slice: JSONSlice) -> [UInt8] {
        var isBroken = false
        return unescaped(bytes, slice, loneSurrogate: "\u{FFFD}", isBroken: &isBroken)
    }

    /// Returns a string's text; `nil` if the value is not a string.
    package static func text(_ bytes: Span<UInt8>, _ slice: JSONSlice?) -> String? {
        guard let slice, slice.kind == .string else { return nil }
        if slice.hasEscapes { return String(decoding: string(bytes, slice), as: UTF8.self) }
        let inner = slice.range.lowerBound + 1..<slice.range.upperBound - 1
        guard let text = try? UTF8Span(validating: bytes.extracting(inner)) else { return nil }
        return String(copying: text)
    }

    /// Returns a number's value if it is an integer in range; `nil` for `30.0`, `3e1` and others.
    package static func integer(_ bytes: Span<UInt8>, _ slice: JSONSlice?) -> Int? {
        guard let slice, slice.kind == .number else { return nil }
        return Int(token(bytes, slice))
    }

    /// Returns an id, which some servers and applications send as a number: its digits.
    package static func identifier(_ bytes: Span<UInt8>, _ slice: JSONSlice?) -> String? {
        guard let slice, slice.kind == .number else { return text(bytes, slice) }
        return token(bytes, slice)
    }

    /// Returns the string or number at a path in a document; `nil` if there is none.
    package static func identifier(_ bytes: Span<UInt8>, at path: [String]) -> String? {
        guard let root = try? document(bytes) else { return nil }
        return identifier(bytes, value(bytes, of: root, at: path))
    }

    /// Returns the characters of a number or a literal.
    static func token(_ bytes: Span<UInt8>, _ slice: JSONSlice) -> String {
        guard let text = try? UTF8Span(validating: bytes.extracting(slice.range)) else { return "" }
        return String(copying: text)
    }

    /// Returns a string's text with each lone surrogate as its escape; `nil` if that would change
    /// the JSON.
    ///
    /// In a string inside that text the escape is the same surrogate, and outside a string neither
    /// is JSON. The meaning changes only if an unescaped backslash precedes the escape.
    static func stringKeepingLoneSurrogates(
        _ bytes: Span<UInt8>, _ slice: JSONSlice
    ) -> [UInt8]? {
        var isBroken = false
        let text = unescaped(bytes, slice, loneSurrogate: nil, isBroken: &isBroken)
        return isBroken ? nil : text
    }

    /// Unescapes; sets `isBroken` if a kept lone surrogate follows an unescaped backslash.
    private static func unescaped(
        _ bytes: Span<UInt8>, _ slice: JSONSlice, loneSurrogate: Unicode.Scalar?,
        isBroken: inout Bool
    ) -> [UInt8] {
        guard slice.kind == .string else { return [] }
        let end = slice.range.upperBound - 1
        var at = slice.range.lowerBound + 1
        // No escape is shorter than the UTF-8 of its scalar.
        return [UInt8](capacity: end - at) { out in
            var isAfterOddBackslashes = false
            while at < end {
                let run = at
                while at < end, bytes[at] != UInt8(ascii: "\\") {
                    out.append(bytes[at])
                    at += 1
                }
                guard at < end else { break }
                if at > run { isAfterOddBackslashes = false }
                let escape = JSONEscape.scalar(bytes, at: at, end: end)
                if let scalar = escape.scalar ?? loneSurrogate {
                    if scalar.isASCII {
                        out.append(UInt8(truncatingIfNeeded: scalar.value))
                    } else {
                        for byte in scalar.utf8 { out.append(byte) }
                    }
                    isAfterOddBackslashes = scalar == "\\" && !isAfterOddBackslashes
                } else {
                    for offset in 0..<escape.length { out.append(bytes[at + offset]) }
                    if isAfterOddBackslashes { isBroken = true }
                    isAfterOddBackslashes = false
                }
                at += escape.length
            }
        }
    }
}

/// The kind and the range of one JSON value in the scanned bytes.
package struct JSONSlice: Equatable, Sendable {
    /// The seven kinds of JSON values.
    package enum Kind: Equatable, Sendable {
        case object, array, string, number, `true`, `false`, null
    }

    /// The kind of the value.
    package var kind: Kind
    /// The value's bytes, with quotes and brackets, without surrounding white space.
    package var range: Range<Int>
    /// True if a string has an escape, so that its text differs from its bytes.
    package var hasEscapes = false
}
