// SPDX-License-Identifier: MIT

/// Base64 (RFC 4648): the standard alphabet with padding (§4), and URL-safe without padding (§5).
package enum Base64 {
    /// Encodes bytes in the standard alphabet, padded.
    package static func encode(_ bytes: [UInt8]) -> String {
        text(bytes, alphabet: standard, padded: true)
    }

    /// Encodes bytes in the URL-safe alphabet, unpadded (as in a JWT, RFC 7515 §2).
    package static func encodeURL(_ bytes: [UInt8]) -> String {
        text(bytes, alphabet: urlSafe, padded: false)
    }

    /// Decodes padded standard text; `nil` if it has any other character, length or stray bits.
    package static func decode(_ text: String) -> [UInt8]? {
        guard text.utf8.count.isMultiple(of: 4) else { return nil }
        var digits = text.utf8[...]
        for _ in 0..<2 where digits.last == equals { digits.removeLast() }
        return bytes(digits, alphabet: standard)
    }

    /// Decodes unpadded URL-safe text; `nil` if it has any other character, length or stray bits.
    package static func decodeURL(_ text: String) -> [UInt8]? {
        bytes(text.utf8[...], alphabet: urlSafe)
    }

    private static let equals = UInt8(ascii: "=")
    private static let common = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    private static let standard = Array((common + "+/").utf8)
    private static let urlSafe = Array((common + "-_").utf8)

    private static func text(_ bytes: [UInt8], alphabet: [UInt8], padded: Bool) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = min(3, bytes.count - index)
            var group: UInt32 = 0
            for offset in 0..<3 {
                group = group << 8 | (offset < left ? UInt32(bytes[index + offset]) : 0)
            }
            for digit in 0..<4 where digit <= left {
                text.append(alphabet[Int(group >> (18 - 6 * UInt32(digit)) & 63)])
            }
            if padded { for _ in left..<3 { text.append(equals) } }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(_ digits: Substring.UTF8View, alphabet: [UInt8]) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count * 3 / 4)
        var group: UInt32 = 0
        var bits = 0
        for digit in digits {
            guard let value = value(of: digit, last: alphabet[62], alphabet[63]) else { return nil }
            group = group << 6 | value
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            group &= (1 << UInt32(bits)) - 1
        }
        return bits < 6 && group == 0 ? bytes : nil
    }

    private static func value(of digit: UInt8, last: UInt8, _ veryLast: UInt8) -> UInt32? {
        switch digit {
        case 65...90: UInt32(digit) - 65
        case 97...122: UInt32(digit) - 71
        case 48...57: UInt32(digit) + 4
        case last: 62
        case veryLast: 63
        default: nil
        }
    }
}
