// SPDX-License-Identifier: MIT

import PasserelleLog
import PasserelleNet

/// A configuration while its variables are read, with the values that are only valid together.
package struct ConfigurationDraft {
    /// The values read so far.
    package var configuration = Configuration()
    /// The process environment, for values that refer to files, users or groups.
    package let environment: ProcessEnvironment
    /// The hosted service's cluster.
    package var cluster: String?
    /// The host of another Channels-compatible server.
    package var host: String?
    /// The server's port; `nil` for the scheme's default.
    package var port: Int?
    /// The prefix of the server's paths.
    package var path = ""
    /// The `Origin` of WebSocket connections to the server.
    package var origin: String?
    /// The path of the listeners' certificate.
    package var certificate: String?
    /// The path of the certificate's private key.
    package var certificateKey: String?
    /// True if the scheme is `https`.
    package var isTLS = true
}

extension ConfigurationDraft {
    /// Sets the certificate; throws if only one of the two files is set, or if they do not match.
    package mutating func resolveCertificate(_ settings: Settings) throws(ConfigurationError) {
        let names = ["PASSERELLE_TLS_CERT", "PASSERELLE_TLS_KEY"]
        switch (certificate, certificateKey) {
        case (nil, nil): return
        case (let certificate?, let key?):
            let files = CertificateFiles(certificate: certificate, key: key)
            try check(files, settings)
            configuration.certificate = files
        case (let certificate, _):
            let (name, other) = certificate == nil ? (names[1], names[0]) : (names[0], names[1])
            throw .conflict(
                name: name, reason: "requires \(other), which is not set",
                origin: settings[name]?.origin ?? .preset)
        }
    }

    private func check(
        _ files: CertificateFiles, _ settings: Settings
    ) throws(ConfigurationError) {
        do throws(TLSError) {
            _ = try TLSServer(certificateFile: files.certificate, keyFile: files.key)
        } catch {
            let name = error.variable
            throw .badValue(
                name: name, shown: settings[name]?.text,
                problem: .unfit(hint(error, files) ?? error.fault),
                expected: Variables.named(name)?.expected ?? "",
                origin: settings[name]?.origin ?? .preset)
        }
    }
}

extension ConfigurationDraft {
    /// Describes the content of the file at fault, if it is a recognizable mistake.
    private func hint(_ error: TLSError, _ files: CertificateFiles) -> String? {
        let isKey = error.variable == "PASSERELLE_TLS_KEY"
        let path = isKey ? files.key : files.certificate
        guard case .success(let bytes) = environment.readFile(path) else { return nil }
        return PEMText.fault(bytes, wanted: isKey ? .privateKey : .certificate)
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

    /// A predicate about that file.
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
