// SPDX-License-Identifier: MIT

/// A decoder for the backslash sequences of checked strings.
enum JSONEscape {
    /// Returns the UTF-16 unit of a `\uXXXX` at `at`; `nil` if its digits are invalid.
    static func unit(_ bytes: Span<UInt8>, at: Int) -> UInt16? {
        guard at + 6 <= bytes.count else { return nil }
        var unit: UInt16 = 0
        for offset in 2..<6 {
            guard let digit = HTTPSyntax.hexValue(bytes[at + offset]) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Returns the scalar of an escape, and its length in bytes: 2, 6, or 12 for a surrogate pair.
    ///
    /// The scalar is `nil` for a lone surrogate.
    static func scalar(
        _ bytes: Span<UInt8>, at: Int, end: Int
    ) -> (scalar: Unicode.Scalar?, length: Int) {
        switch bytes[at + 1] {
        case UInt8(ascii: "n"): return ("\n", 2)
        case UInt8(ascii: "t"): return ("\t", 2)
        case UInt8(ascii: "r"): return ("\r", 2)
        case UInt8(ascii: "b"): return ("\u{8}", 2)
        case UInt8(ascii: "f"): return ("\u{C}", 2)
        case UInt8(ascii: "u"): return unicode(bytes, at: at, end: end)
        case let byte: return (Unicode.Scalar(byte), 2)
        }
    }

    private static func unicode(
        _ bytes: Span<UInt8>, at: Int, end: Int
    ) -> (scalar: Unicode.Scalar?, length: Int) {
        guard let first = unit(bytes, at: at) else { return (nil, 6) }
        if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
        let next = at + 6
        guard first < 0xDC00, next + 6 <= end,
            bytes[next] == UInt8(ascii: "\\"), bytes[next + 1] == UInt8(ascii: "u"),
            let second = unit(bytes, at: next), 0xDC00...0xDFFF ~= second
        else { return (nil, 6) }
        let code = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        return (Unicode.Scalar(code), 12)
    }
}
