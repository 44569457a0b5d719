// SPDX-License-Identifier: MIT

/// An incremental UTF-8 check that fails at the first invalid byte.
///
/// Overlong forms, surrogates and code points above U+10FFFF are invalid (RFC 3629 §4).
package struct UTF8Check: Equatable, Sendable {
    private var missing: UInt8 = 0
    private var low: UInt8 = 0x80
    private var high: UInt8 = 0xBF

    /// True if the bytes so far end with a complete character.
    package var isComplete: Bool { missing == 0 }

    /// Returns true if the text may continue with these bytes; a failed check must not be reused.
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

    /// Returns the index of the first non-ASCII byte; parts of 64 bytes compile to vector code.
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

    /// Handles the first byte of a multi-byte character, which bounds the second.
    private mutating func begin(_ byte: UInt8) -> Bool {
        guard let (length, second) = Self.lead(byte) else { return false }
        missing = UInt8(length - 1)
        (low, high) = (second.lowerBound, second.upperBound)
        return true
    }

    /// Returns the length of a multi-byte character by its first byte, and the range of its second
    /// byte (RFC 3629 §4).
    @inline(__always)
    static func lead(_ byte: UInt8) -> (length: Int, second: ClosedRange<UInt8>)? {
        switch byte {
        case 0xC2...0xDF: (2, 0x80...0xBF)
        case 0xE0: (3, 0xA0...0xBF)
        case 0xED: (3, 0x80...0x9F)
        case 0xE1...0xEF: (3, 0x80...0xBF)
        case 0xF0: (4, 0x90...0xBF)
        case 0xF4: (4, 0x80...0x8F)
        case 0xF1...0xF3: (4, 0x80...0xBF)
        default: nil
        }
    }
}
