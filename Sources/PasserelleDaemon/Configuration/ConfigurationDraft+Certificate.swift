// SPDX-License-Identifier: MIT

import PasserelleNet

extension ConfigurationDraft {
    /// Takes certificate and key, of which none goes without the other, and which are one pair.
    mutating func settleCertificate(_ settings: Settings) throws(ConfigurationError) {
        let names = ["PASSERELLE_TLS_CERT", "PASSERELLE_TLS_KEY"]
        switch (certificate, certificateKey) {
        case (nil, nil): return
        case (let certificate?, let key?):
            let files = CertificateFiles(certificate: certificate, key: key)
            try Self.check(files, settings)
            configuration.certificate = files
        case (let certificate, _):
            let (name, other) = certificate == nil ? (names[1], names[0]) : (names[0], names[1])
            throw .conflict(
                name: name, reason: "does nothing without \(other), which is not set",
                origin: settings[name]?.origin ?? .preset)
        }
    }

    private static func check(
        _ files: CertificateFiles, _ settings: Settings
    ) throws(ConfigurationError) {
        do throws(TLSError) {
            _ = try TLSServer(certificateFile: files.certificate, keyFile: files.key)
        } catch {
            let name = error.variable
            throw .badValue(
                name: name, shown: settings[name]?.text, problem: .unfit(error.fault),
                takes: Variables.named(name)?.takes ?? "",
                origin: settings[name]?.origin ?? .preset)
        }
    }
}

extension TLSError {
    /// The variable that names the file at fault.
    fileprivate var variable: String {
        switch self {
        case .key, .keyMismatch: "PASSERELLE_TLS_KEY"
        case .certificate, .authorities, .library: "PASSERELLE_TLS_CERT"
        }
    }

    /// The end of a sentence that begins with that file.
    fileprivate var fault: String {
        switch self {
        case .keyMismatch(let certificate, _):
            "does not belong to the certificate \(QuotedText.quoted(certificate, limit: 200))"
        case .certificate(_, let words), .key(_, let words), .authorities(_, let words),
            .library(let words):
            "cannot be used (\(words))"
        }
    }
}
