// SPDX-License-Identifier: MIT

/// Finds values in JSON without changing a byte of them: strict RFC 8259, UTF-8 checked, depth bounded.
package enum JSONScanner {
    /// How many containers may stand inside each other, unless the caller says less.
    package static let maximumDepth = 64

    /// Checks a whole document, white space around it allowed, and gives its outermost value.
    package static func document(
        _ bytes: Span<UInt8>, maximumDepth: Int = JSONScanner.maximumDepth
    ) throws(JSONError) -> JSONSlice {
        throw .unexpectedEnd
    }

    /// The members of a checked object, in their order, repeated keys included.
    package static func members(
        _ bytes: Span<UInt8>, of object: JSONSlice
    ) -> [(key: JSONSlice, value: JSONSlice)] { [] }

    /// The elements of a checked array, in their order.
    package static func elements(_ bytes: Span<UInt8>, of array: JSONSlice) -> [JSONSlice] { [] }

    /// The value of a member by its unescaped name; of several the last, as `JSON.parse` has it.
    package static func member(
        _ bytes: Span<UInt8>, of object: JSONSlice, named name: String
    ) -> JSONSlice? { nil }

    /// The value at a path of member names, or nil where the path breaks off.
    package static func value(
        _ bytes: Span<UInt8>, of root: JSONSlice, at path: [String]
    ) -> JSONSlice? { nil }

    /// A string's text as UTF-8; a lone surrogate becomes U+FFFD.
    package static func string(_ bytes: Span<UInt8>, _ slice: JSONSlice) -> [UInt8] { [] }

    /// A string's text, or nil when the value is no string.
    package static func text(_ bytes: Span<UInt8>, _ slice: JSONSlice?) -> String? { nil }

    /// A number's value when it is a whole number that fits, or nil.
    package static func integer(_ bytes: Span<UInt8>, _ slice: JSONSlice?) -> Int? { nil }
}
