// SPDX-License-Identifier: MIT

/// An encoder that appends JSON to bytes.
package enum JSONWriter {
    /// Appends a string with its quotes; escapes only `"`, `\` and control characters.
    package static func string(_ text: String, into out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for byte in text.utf8 { character(byte, into: &out) }
        out.append(UInt8(ascii: "\""))
    }

    /// Appends a string given as bytes, which must be UTF-8, escaped as `string(_:into:)` does.
    package static func string(bytes: Span<UInt8>, into out: inout [UInt8]) {
        out.append(UInt8(ascii: "\""))
        for at in bytes.indices { character(bytes[at], into: &out) }
        out.append(UInt8(ascii: "\""))
    }

    /// Returns a text as a JSON string.
    package static func quoted(_ text: String) -> [UInt8] {
        var out: [UInt8] = []
        string(text, into: &out)
        return out
    }

    /// Returns a text, given as UTF-8 bytes, as a JSON string.
    package static func quoted(bytes: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + bytes.count / 8 + 2)
        string(bytes: bytes, into: &out)
        return out
    }

    /// Returns an array of values that are already JSON.
    package static func array(_ values: [[UInt8]]) -> [UInt8] {
        [UInt8(ascii: "[")] + values.joined(separator: [UInt8(ascii: ",")])
            + [UInt8(ascii: "]")]
    }

    /// Returns an array of strings.
    package static func array(of texts: [String]) -> [UInt8] {
        array(texts.map(quoted))
    }

    /// Returns a checked value byte for byte, with each raw CR or LF between its tokens as a space.
    package static func oneLine(_ bytes: Span<UInt8>, _ slice: JSONSlice) -> [UInt8] {
        // A checked string has no raw control character, so every line break here is white space.
        [UInt8](capacity: slice.range.count) { out in
            for at in slice.range {
                let byte = bytes[at]
                out.append(byte == 0x0A || byte == 0x0D ? 0x20 : byte)
            }
        }
    }

    private static func character(_ byte: UInt8, into out: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            out.append(UInt8(ascii: "\\"))
            out.append(byte)
        case 0x00..<0x20:
            out.append(UInt8(ascii: "\\"))
            switch byte {
            case 0x08: out.append(UInt8(ascii: "b"))
            case 0x09: out.append(UInt8(ascii: "t"))
            case 0x0A: out.append(UInt8(ascii: "n"))
            case 0x0C: out.append(UInt8(ascii: "f"))
            case 0x0D: out.append(UInt8(ascii: "r"))
            default:
                out.append(contentsOf: "u00".utf8)
                out.append(UInt8(ascii: "0") + byte >> 4)
                let low = byte & 0xF
                out.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
            }
        default: out.append(byte)
        }
    }
}

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
