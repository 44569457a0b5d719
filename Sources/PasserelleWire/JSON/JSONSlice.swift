// SPDX-License-Identifier: MIT

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
