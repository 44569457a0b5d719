// SPDX-License-Identifier: MIT

/// Why bytes are no JSON document (RFC 8259); `at` is an offset into them.
package enum JSONError: Error, Equatable, Sendable {
    /// The bytes end inside a value, or before the first one.
    case unexpectedEnd
    /// A byte that the grammar does not allow there, bytes after the document among them.
    case unexpectedByte(at: Int)
    /// A backslash sequence that JSON does not know.
    case badEscape(at: Int)
    /// A control character (below U+0020) that stands raw in a string.
    case controlCharacter(at: Int)
    /// Bytes in a string that are not UTF-8.
    case badUTF8(at: Int)
    /// More containers inside each other than the caller allows.
    case tooDeep(limit: Int)
}
