// SPDX-License-Identifier: MIT

/// An iterator over an object's members that validates them in the same scan, without an array.
package struct JSONMembers {
    private var cursor: JSONCursor
    private let depth: Int
    private var isFirst = true
    private var isDone = false

    /// Starts after the opening bracket of a checked object; the depth is not checked again.
    package init(of object: JSONSlice) {
        self.init(
            afterBracket: JSONCursor(
                at: object.range.lowerBound + 1, end: object.range.upperBound), depth: .max)
    }

    /// Starts after the opening bracket of an unchecked object.
    init(afterBracket cursor: JSONCursor, depth: Int) {
        self.cursor = cursor
        self.depth = depth
    }

    /// The current position: after the closing bracket once `next` has returned `nil`.
    var position: JSONCursor { cursor }

    /// Returns the next member, or `nil` after the last.
    package mutating func next(
        _ bytes: Span<UInt8>
    ) throws(JSONError) -> (key: JSONSlice, value: JSONSlice)? {
        if isDone { return nil }
        cursor.skipSpace(bytes)
        if isFirst, cursor.skip(UInt8(ascii: "}"), bytes) {
            isDone = true
            return nil
        }
        if !isFirst {
            guard cursor.skip(UInt8(ascii: ","), bytes) else {
                try cursor.expect(UInt8(ascii: "}"), bytes)
                isDone = true
                return nil
            }
            cursor.skipSpace(bytes)
        }
        isFirst = false
        let key = try cursor.string(bytes)
        cursor.skipSpace(bytes)
        try cursor.expect(UInt8(ascii: ":"), bytes)
        cursor.skipSpace(bytes)
        return (key, try cursor.value(bytes, depth: depth))
    }
}

/// An iterator over the elements of a checked array, in order and without an array of slices.
package struct JSONElements {
    private var cursor: JSONCursor
    private var isFirst = true

    /// Starts after the opening bracket of a checked array; the depth is not checked again.
    package init(of array: JSONSlice) {
        cursor = JSONCursor(at: array.range.lowerBound + 1, end: array.range.upperBound)
    }

    /// Returns the next element, or `nil` after the last.
    package mutating func next(_ bytes: Span<UInt8>) throws(JSONError) -> JSONSlice? {
        cursor.skipSpace(bytes)
        if isFirst {
            if cursor.skip(UInt8(ascii: "]"), bytes) { return nil }
        } else {
            guard cursor.skip(UInt8(ascii: ","), bytes) else { return nil }
            cursor.skipSpace(bytes)
        }
        isFirst = false
        return try cursor.value(bytes, depth: .max)
    }
}
