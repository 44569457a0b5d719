// SPDX-License-Identifier: MIT

/// Where one JSON value stands in the bytes that were scanned, and what it is.
package struct JSONSlice: Equatable, Sendable {
    /// The seven things that a JSON value can be.
    package enum Kind: Equatable, Sendable {
        case object, array, string, number, `true`, `false`, null
    }

    /// What the value is.
    package var kind: Kind
    /// The value's own bytes: quotes and brackets are in it, white space around it is not.
    package var range: Range<Int>
    /// Whether a string holds an escape, so that its text differs from its bytes.
    package var hasEscapes: Bool

    /// Names a value by its place.
    package init(kind: Kind, range: Range<Int>, hasEscapes: Bool = false) {
        self.kind = kind
        self.range = range
        self.hasEscapes = hasEscapes
    }
}
