// SPDX-License-Identifier: MIT

/// An identifier as a key that is compared byte by byte, as Channels compares identifiers.
///
/// `String` compares by canonical equivalence: an "é" of one scalar equals an "é" of two, and the
/// Kelvin sign equals "K". To Channels these are different users, messages and events.
package struct ByteKey: Hashable, Comparable, Sendable {
    /// The identifier.
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ByteKey, right: ByteKey) -> Bool {
        left.text.hasSameBytes(as: right.text)
    }

    /// Orders by bytes.
    package static func < (left: ByteKey, right: ByteKey) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        text.hashBytes(into: &hasher)
    }
}

extension ByteKey: ExpressibleByStringLiteral {
    /// Creates a key from a string literal.
    package init(stringLiteral text: String) {
        self.init(text)
    }
}

extension String {
    /// True if both identifiers have the same bytes, which is how Channels compares them.
    package func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }

    /// Hashes the bytes and their count, for keys that are compared with `hasSameBytes`.
    package func hashBytes(into hasher: inout Hasher) {
        var (word, count): (UInt64, Int) = (0, 0)
        for byte in utf8 {
            word = word << 8 | UInt64(byte)
            count += 1
            guard count & 7 == 0 else { continue }
            hasher.combine(word)
            word = 0
        }
        hasher.combine(word)
        hasher.combine(count)
    }
}
