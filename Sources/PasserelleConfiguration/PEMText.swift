// SPDX-License-Identifier: MIT

/// Recognizes common mistakes in files that should contain PEM.
package enum PEMText {
    /// The expected content.
    package enum Kind {
        case certificate, privateKey, publicKey
    }

    /// Returns the fault and its remedy, as a predicate about the file, or `nil` if none is
    /// recognized.
    package static func fault(_ bytes: [UInt8], wanted: Kind) -> String? {
        if EnvironmentFiles.isUTF16(bytes) { return "is UTF-16; save it as UTF-8" }
        let text = String(decoding: bytes.prefix(1 << 20), as: UTF8.self)
        guard let begin = text.firstRange(of: "-----BEGIN ") else {
            guard bytes.first == 0x30, bytes.count > 1, bytes[1] >= 0x80 else { return nil }
            return "is DER and not PEM; convert it with openssl and -inform der"
        }
        if let fault = oneLine(text[begin.lowerBound...]) { return fault }
        let isCertificate =
            text.contains("-----BEGIN CERTIFICATE-----")
            || text.contains("-----BEGIN TRUSTED CERTIFICATE-----")
        let isPrivate = text.contains("PRIVATE KEY-----")
        switch wanted {
        case .certificate where isCertificate: return nil
        case .privateKey where text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----"),
            .privateKey where text.contains("Proc-Type: 4,ENCRYPTED"):
            return "is a private key with a password; remove it with openssl pkey -in FILE -out NEW"
        case .privateKey where isPrivate: return nil
        case .publicKey where isCertificate:
            return "is a certificate and not a public key; extract the key with"
                + " openssl x509 -in FILE -noout -pubkey"
        case .publicKey: return nil
        default: return other(text, isCertificate, isPrivate, wanted)
        }
    }

    private static func other(
        _ text: String, _ isCertificate: Bool, _ isPrivate: Bool, _ wanted: Kind
    ) -> String {
        let found =
            if text.contains("CERTIFICATE REQUEST-----") {
                "a certificate request"
            } else if isCertificate {
                "a certificate"
            } else if isPrivate {
                "a private key"
            } else {
                "a public key or other PEM text"
            }
        return "is \(found) and not a \(wanted == .certificate ? "certificate" : "private key")"
    }

    /// Detects PEM without line breaks, which shells, dashboards and single quotes remove.
    private static func oneLine(_ text: Substring) -> String? {
        guard let end = text.firstRange(of: "-----END ") else { return nil }
        let body = text[..<end.lowerBound]
        guard !body.contains(where: \.isNewline) else { return nil }
        return body.contains("\\n")
            ? "is PEM on one line, with \\n instead of line breaks; in an --env-file, put it in"
                + " double quotes, or give the path of a file"
            : "is PEM on one line, but PEM needs its line breaks; give the path of a file"
    }
}
