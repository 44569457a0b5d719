// SPDX-License-Identifier: MIT

/// Walks over a checked array's elements in their order, without an array of its own.
package struct JSONElements {
    private var cursor: JSONCursor
    private var isFirst = true

    /// Starts behind the opening bracket of a checked array, whose depth is no question any more.
    package init(of array: JSONSlice) {
        cursor = JSONCursor(at: array.range.lowerBound + 1, end: array.range.upperBound)
    }

    /// The next element, or nil behind the last.
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
