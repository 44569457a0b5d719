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
