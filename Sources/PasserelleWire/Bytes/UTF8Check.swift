// SPDX-License-Identifier: MIT

/// Checks UTF-8 that comes in pieces, and refuses at the first byte that cannot be right.
///
/// Overlong forms, surrogates and what lies above U+10FFFF are no UTF-8 (RFC 3629 §4).
package struct UTF8Check: Equatable, Sendable {
    private var missing: UInt8 = 0
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    /// Makes a check of a text whose first byte is still to come.
    package init() {}

    /// Tells whether what came so far ends with a whole character.
    package var isComplete: Bool { missing == 0 }

    /// Tells whether the text may go on with these bytes; after a refusal the check is used up.
    package mutating func accepts(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            if missing == 0 {
                index = UTF8Check.skipASCII(bytes, from: index)
                guard index < bytes.count else { break }
                guard begin(bytes[index]) else { return false }
            } else {
                guard bytes[index] >= low, bytes[index] <= high else { return false }
                missing -= 1
                low = 0x80
                high = 0xBF
            }
            index += 1
        }
        return true
    }

    /// Gives the index of the first byte beyond ASCII; parts of 64 bytes compile to vectors.
    private static func skipASCII(_ bytes: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while bytes.count - index >= 64 {
            let part = bytes.extracting(index..<index + 64)
            var all: UInt8 = 0
            for i in part.indices { all |= part[i] }
            guard all < 0x80 else { break }
            index += 64
        }
        while index < bytes.count, bytes[index] < 0x80 { index += 1 }
        return index
    }

    /// Takes the first byte of a longer character, which bounds the second (RFC 3629 §4).
    private mutating func begin(_ byte: UInt8) -> Bool {
        switch byte {
        case 0xC2...0xDF: missing = 1
        case 0xE0...0xEF:
            missing = 2
            if byte == 0xE0 { low = 0xA0 }
            if byte == 0xED { high = 0x9F }
        case 0xF0...0xF4:
            missing = 3
            if byte == 0xF0 { low = 0x90 }
            if byte == 0xF4 { high = 0x8F }
        default: return false
        }
        return true
    }
}
