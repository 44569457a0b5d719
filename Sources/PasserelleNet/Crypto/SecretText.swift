// SPDX-License-Identifier: MIT

/// Detection of texts that were configured in place of a secret and that others may know: a key, a
/// token, a URL or the path of a file.
///
/// An HMAC secret in hexadecimal or Base64 is accepted. Encoded bytes count as a key only if they
/// have a key's structure, which random bytes do not have.
package enum SecretText {
    /// The kind of a text that is not a secret.
    package enum Kind: Equatable, Sendable {
        /// A key or a certificate: PEM, DER in Base64 or hexadecimal, a JWK, or OpenSSH's form.
        case key
        /// A token that was signed with a key.
        case token
        case url
        /// A path that does not begin as the variable requires.
        case path
    }

    /// Bytes that are examined; a longer text must show its structure within them.
    private static let examinedBytes = 65_536

    /// Returns the kind of a text, or `nil` if it may be a secret.
    package static func kind(of bytes: [UInt8]) -> Kind? {
        let head = bytes.prefix(examinedBytes)
        // A percent-encoded text is examined both as it is and decoded.
        let texts = [Array(head), percentDecoded(percentDecoded(head)[...])].map { plain($0[...]) }
        if texts.contains(where: { KeyText.isKey($0) }) { return .key }
        if texts.contains(where: isToken) { return .token }
        if texts.contains(where: isURL) { return .url }
        return isPath(withoutBlanks(head)) ? .path : nil
    }

    /// Returns the text without blanks, quotes and escaped line breaks, which an environment file
    /// or a shell may leave in it, and without bytes that are not ASCII.
    static func plain(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let slash = UInt8(ascii: "\\")
        var text: [UInt8] = []
        for byte in bytes {
            let isBreak = byte == UInt8(ascii: "n") || byte == UInt8(ascii: "r")
            if isBreak, text.last == slash {
                while text.last == slash { text.removeLast() }
            } else if byte > 0x20, byte < 0x7F, !quotes.contains(byte) {
                text.append(byte)
            }
        }
        return text
    }

    private static let quotes: [UInt8] = [0x22, 0x27]

    /// Returns the text without blanks and quotes, with slashes for backslashes; removes an escaped
    /// line break at the end.
    private static func withoutBlanks(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var text = bytes.filter { $0 > 0x20 && !quotes.contains($0) }
        for end in ["\\n", "\\r"] where text.suffix(2).elementsEqual(end.utf8) {
            text.removeLast(2)
        }
        return text.map { $0 == UInt8(ascii: "\\") ? UInt8(ascii: "/") : $0 }
    }

    /// Returns the text with each `%` and its two hexadecimal digits decoded.
    private static func percentDecoded(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let decoded = Hex.decode(String(decoding: rest.prefix(2), as: UTF8.self))
            {
                bytes += decoded
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    // MARK: - Tokens, URLs and paths

    /// Returns `true` for a JWT: three parts, the first of which is a JSON object.
    private static func isToken(_ text: [UInt8]) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].allSatisfy({ KeyText.base64Value(of: $0) != nil })
        else { return false }
        let header = KeyText.decodedBase64(parts[0])
        return header.first == UInt8(ascii: "{") && contains(header, "alg")
    }

    /// True for a scheme and `://`; for `data:`, `file:` or `urn:`; and for `host:port/path`.
    private static func isURL(_ text: [UInt8]) -> Bool {
        let lower = String(decoding: text, as: UTF8.self).lowercased()
        if ["data:", "file:", "urn:", "http:", "https:"].contains(where: lower.hasPrefix) {
            return true
        }
        if isHostAndPath(text) { return true }
        guard let end = Array(lower.utf8).firstRange(of: Array("://".utf8))?.lowerBound else {
            return false
        }
        return end > 0
            && lower.utf8.prefix(end).allSatisfy {
                isLetterOrDigit($0) || Array("+-.".utf8).contains($0)
            }
    }

    /// Returns `true` for `host:port/path` without a scheme.
    private static func isHostAndPath(_ text: [UInt8]) -> Bool {
        let colon = UInt8(ascii: ":")
        let host = text.prefix { isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x2E }
        guard let first = host.first, isLetterOrDigit(first),
            text.dropFirst(host.count).first == colon
        else { return false }
        let rest = text.dropFirst(host.count + 1)
        let port = rest.prefix { (48...57).contains($0) }
        return (1...5).contains(port.count)
            && rest.dropFirst(port.count).first == UInt8(ascii: "/")
    }

    private static let fileEndings = [
        ".pem", ".pub", ".key", ".crt", ".cer", ".cert", ".der", ".jwk", ".jwks", ".json", ".p8",
        ".p12", ".pfx", ".txt",
    ]

    /// True for names separated by slashes that are not Base64, and for a file's extension.
    private static func isPath(_ text: [UInt8]) -> Bool {
        let name = String(decoding: text, as: UTF8.self)
        let lower = name.lowercased()
        if fileEndings.contains(where: lower.hasSuffix) { return true }
        if ["/", "./", "../", "~/", "%d/"].contains(where: name.hasPrefix) { return true }
        if name.hasPrefix("$"), let next = text.dropFirst().first {
            let isVariable = next == UInt8(ascii: "{") || (65...90).contains(next)
            if isVariable { return text.contains(UInt8(ascii: "/")) }
        }
        if text.count > 3, isLetterOrDigit(text[0]), text[1] == 0x3A, text[2] == 0x2F {
            return true
        }
        guard text.contains(UInt8(ascii: "/")),
            text.allSatisfy({ isLetterOrDigit($0) || Array("/._-~".utf8).contains($0) })
        else { return false }
        // Base64 contains either a slash or one of these; without them it contains capitals.
        return text.contains { Array("._-~".utf8).contains($0) } || lower == name
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: false
        }
    }

    private static func contains(_ text: [UInt8], _ word: String) -> Bool {
        KeyText.contains(text, Array(word.utf8))
    }
}
