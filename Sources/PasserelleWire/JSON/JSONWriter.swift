// SPDX-License-Identifier: MIT

/// Appends JSON to bytes.
package enum JSONWriter {
    /// Appends a string with its quotes; escapes `"`, `\` and control characters, nothing else.
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

    /// Appends a checked value byte for byte, but each raw CR or LF between its tokens as a space.
    package static func oneLine(
        _ bytes: Span<UInt8>, _ slice: JSONSlice, into out: inout [UInt8]
    ) {
        let range = slice.range
        // A checked string has no raw control character: any line break here is white space.
        out.append(addingCapacity: range.count) { out in
            for at in range {
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
