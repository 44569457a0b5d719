// SPDX-License-Identifier: MIT

/// Walks over an object's members in their order, checking what it passes: one scan, no array.
package struct JSONMembers {
    private var cursor: JSONCursor
    private let depth: Int
    private var isFirst = true
    private var isDone = false

    /// Starts behind the opening bracket of a checked object, whose depth is no question any more.
    package init(of object: JSONSlice) {
        self.init(
            behindBracket: JSONCursor(
                at: object.range.lowerBound + 1, end: object.range.upperBound), depth: .max)
    }

    /// Starts behind the opening bracket of an object that is yet to be checked.
    init(behindBracket cursor: JSONCursor, depth: Int) {
        self.cursor = cursor
        self.depth = depth
    }

    /// Where the walk stands: behind the closing bracket once `next` has said nil.
    var position: JSONCursor { cursor }

    /// The next member, or nil behind the last.
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
