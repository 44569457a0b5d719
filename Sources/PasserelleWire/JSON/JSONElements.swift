// SPDX-License-Identifier: MIT

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
