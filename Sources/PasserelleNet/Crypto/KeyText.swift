// SPDX-License-Identifier: MIT
import COpenSSL
import Glibc

/// Detects the text of a key or a certificate, even among other characters, encoded more than once,
/// or truncated.
///
/// Encoded bytes count as a key only if they have a key's structure: object identifiers, lengths or
/// names of at least five bytes, which random bytes do not have.
enum KeyText {
    /// The fewest digits of an encoded key that are examined.
    private static let leastDigits = 20

    /// True for a key or a certificate: PEM, DER in Base64 or hexadecimal, a JWK, or OpenSSH.
    ///
    /// `text` must not contain blanks. `nesting` is the number of further encodings to undo.
    static func isKey(_ text: [UInt8], nesting: Int = 2) -> Bool {
        if isReadable(text) { return true }
        for bytes in base64Decodings(of: text) + hexDecodings(of: text) + numbers(in: text) {
            if isBytes(bytes) { return true }
            let isText = bytes.allSatisfy { (0x20...0x7E).contains($0) || (9...13).contains($0) }
            if nesting > 0, isText, bytes.count >= leastDigits,
                isKey(SecretText.plain(bytes[...]), nesting: nesting - 1)
            {
                return true
            }
        }
        return false
    }

    /// True for a key that is text: PEM, one line of OpenSSH, or JSON with a key's members.
    private static func isReadable(_ text: [UInt8]) -> Bool {
        if contains(text, "-----BEGIN") || contains(text, "-----END") { return true }
        if contains(text, "----BEGINSSH2") { return true }
        for start in ["ssh-rsa", "ssh-dss", "ssh-ed25519", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"]
        where text.starts(with: start.utf8) { return true }
        if contains(text, "{"), contains(text, "kty:") || contains(text, "keys:[") { return true }
        guard let first = text.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[")
        else { return false }
        return contains(text, "kty") || contains(text, "keys:") || contains(text, "x5c")
    }

    // MARK: - Structure

    /// Returns `true` for the bytes of a key or a certificate, whole or truncated.
    private static func isBytes(_ bytes: [UInt8]) -> Bool {
        isOpenSSH(bytes) || isPoint(bytes) || isParsed(bytes) || hasKeyStructure(bytes)
    }

    /// Returns `true` for OpenSSH's binary form: a key type after its length (RFC 4253 §6.6).
    private static func isOpenSSH(_ bytes: [UInt8]) -> Bool {
        for name in ["ssh-rsa", "ssh-dss", "ssh-ed25519"]
        where contains(bytes, [0, 0, 0, UInt8(name.utf8.count)] + name.utf8) {
            return true
        }
        return ["ecdsa-sha2-nistp", "sk-ssh-ed25519", "sk-ecdsa-sha2", "openssh-key-v1"]
            .contains { contains(bytes, $0) }
    }

    /// Returns `true` for an uncompressed point of P-256 (SEC 1 §2.3.3).
    private static func isPoint(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == 65, bytes[0] == 4,
            let group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)
        else { return false }
        defer {
            EC_GROUP_free(group)
            ERR_clear_error()
        }
        guard let point = EC_POINT_new(group) else { return false }
        defer { EC_POINT_free(point) }
        return EC_POINT_oct2point(group, point, bytes, bytes.count, nil) == 1
    }

    /// Returns `true` if OpenSSL reads a key or a certificate in DER.
    private static func isParsed(_ bytes: [UInt8]) -> Bool {
        guard bytes.first == 0x30 else { return false }
        defer { ERR_clear_error() }
        return reads(bytes, { d2i_PUBKEY(nil, &$0, $1) }, EVP_PKEY_free)
            || reads(bytes, { d2i_AutoPrivateKey(nil, &$0, $1) }, EVP_PKEY_free)
            || reads(bytes, { d2i_X509(nil, &$0, $1) }, X509_free)
            || reads(bytes, { d2i_PublicKey(EVP_PKEY_RSA, nil, &$0, $1) }, EVP_PKEY_free)
    }

    private static func reads(
        _ bytes: [UInt8], _ parse: (inout UnsafePointer<UInt8>?, Int) -> OpaquePointer?,
        _ free: (OpaquePointer?) -> Void
    ) -> Bool {
        bytes.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            guard let found = parse(&start, buffer.count) else { return false }
            free(found)
            return true
        }
    }

    /// Bytes found in DER keys only: the object identifiers of RSA and elliptic curves with their
    /// signatures, of encrypted keys (PBES2), and of X25519, X448, Ed25519 and Ed448 (RFC 8410);
    /// the start of a private RSA key, and the exponent at the end of a public one.
    private static let signs: [[UInt8]] =
        [
            [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01],
            [0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01],
            [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01],
            [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04],
            [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00],
            [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x05, 0x0D],
            [0x02, 0x01, 0x00, 0x02, 0x82, 0x01], [0x02, 0x03, 0x01, 0x00, 0x01],
        ] + (0x6E...0x71).map { [0x06, 0x03, 0x2B, 0x65, $0] }

    private static func hasKeyStructure(_ bytes: [UInt8]) -> Bool {
        signs.contains { contains(bytes, $0) } || hasRSAHeader(bytes)
    }

    /// True for a sequence that begins with a long number: a bare RSA key (RFC 8017 §A.1).
    private static func hasRSAHeader(_ bytes: [UInt8]) -> Bool {
        guard bytes.count > 8 else { return false }
        return bytes.indices.dropLast(7).contains { at in
            bytes[at] == 0x30 && bytes[at + 1] == 0x82 && bytes[at + 2] < 0x0A
                && bytes[at + 4] == 0x02 && bytes[at + 5] == 0x82 && bytes[at + 6] < 0x05
        }
    }

    // MARK: - Encodings

    /// Decodes Base64 in either alphabet: each run of digits, and all runs joined; starts at each
    /// of the first four digits, since other text may precede the key.
    private static func base64Decodings(of text: [UInt8]) -> [[UInt8]] {
        let runs = text.split { base64Value(of: $0) == nil }.map(Array.init)
        let joined = runs.count > 1 ? [Array(runs.joined())] : []
        return (runs + joined).filter { $0.count >= leastDigits }.flatMap { digits in
            (0..<4).map { decodedBase64(digits.dropFirst($0)) }
        }
    }

    /// Returns the bytes of Base64 digits, which may be truncated.
    static func decodedBase64(_ digits: ArraySlice<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        var group: UInt32 = 0
        var bits: UInt32 = 0
        for value in digits.lazy.compactMap(base64Value) {
            group = (group << 6 | value) & 0xFFFF
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: group >> bits))
        }
        return bytes
    }

    static func base64Value(of digit: UInt8) -> UInt32? {
        switch digit {
        case 65...90: UInt32(digit) - 65
        case 97...122: UInt32(digit) - 71
        case 48...57: UInt32(digit) + 4
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }

    /// Decodes runs of hexadecimal digits, with punctuation between them and `0x` or `\x` before
    /// them; starts at the first digit and at the second.
    private static func hexDecodings(of text: [UInt8]) -> [[UInt8]] {
        let bare = String(decoding: text, as: UTF8.self).lowercased()
            .replacing("0x", with: "").replacing("\\x", with: "")
        let runs = bare.utf8.split { !isHexDigit($0) && !separators.contains($0) }
        return runs.map { $0.filter(isHexDigit) }.filter { $0.count >= leastDigits }
            .flatMap { digits in
                (0..<2).compactMap { skipped in
                    let even = digits.dropFirst(skipped)
                    return Hex.decode(
                        String(decoding: even.dropLast(even.count % 2), as: UTF8.self))
                }
            }
    }

    private static let separators = Set(":-,;._|()[]{}\\/".utf8)

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...102).contains(byte)
    }

    /// Returns the bytes of a list of decimal numbers, or an empty array if a number is not a byte.
    private static func numbers(in text: [UInt8]) -> [[UInt8]] {
        guard text.contains(UInt8(ascii: ",")) else { return [] }
        let words = text.split { !(48...57).contains($0) }
        let bytes = words.compactMap { UInt8(String(decoding: $0, as: UTF8.self)) }
        return words.count >= leastDigits && bytes.count == words.count ? [bytes] : []
    }

    private static func contains(_ text: [UInt8], _ word: String) -> Bool {
        contains(text, Array(word.utf8))
    }

    /// Returns `true` if the bytes contain the part.
    ///
    /// By memchr(3) and memcmp(3): `firstRange(of:)` is hundreds of times slower in debug builds.
    static func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        return bytes.withUnsafeBytes { bytes in
            part.withUnsafeBytes { part in
                guard var rest = bytes.baseAddress, let start = part.baseAddress else {
                    return false
                }
                let end = rest + bytes.count
                while end - rest >= part.count {
                    let places = end - rest - part.count + 1
                    guard let found = memchr(rest, Int32(first), places) else { return false }
                    if memcmp(found, start, part.count) == 0 { return true }
                    rest = UnsafeRawPointer(found) + 1
                }
                return false
            }
        }
    }
}
