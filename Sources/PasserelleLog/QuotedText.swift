// SPDX-License-Identifier: MIT

/// Formats untrusted text so that it cannot break lines or control a terminal.
package enum QuotedText {
    /// Returns `text` if it is one plain word of at most `limit` bytes, otherwise quotes it.
    package static func word(_ text: String, limit: Int) -> String {
        let plain = text.utf8.count <= limit && !text.isEmpty && text.utf8.allSatisfy(isPlain)
        return plain ? text : quoted(text, limit: limit)
    }

    /// Returns `text` in double quotes, with escapes; beyond `limit` UTF-8 bytes it is truncated
    /// and ends in `…`.
    package static func quoted(_ text: String, limit: Int) -> String {
        "\"" + escaped(text, limit: limit, quote: true) + "\""
    }

    /// Returns `text` with characters that do not print as themselves escaped, truncated at `limit`
    /// UTF-8 bytes.
    package static func escaped(_ text: String, limit: Int, quote: Bool = false) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += UTF8.width(scalar)
            guard count <= limit else { return result + "…" }
            switch scalar {
            case "\"" where quote: result += "\\\""
            case "\\" where quote: result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isHidden(scalar): result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// True for control characters, line separators and marks that change the text direction.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0xA0, 0xAD, 0x200B, 0x200E...0x200F, 0x2028...0x202F, 0x2060...0x2069,
            0xFEFF:
            true
        default: false
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "="), UInt8(ascii: "\\"): false
        default: byte > 0x20 && byte < 0x7F
        }
    }
}
