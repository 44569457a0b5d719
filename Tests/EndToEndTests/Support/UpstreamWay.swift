// SPDX-License-Identifier: MIT
import PasserelleTesting

/// The way from a gateway to a sandbox: plain, or through a terminator whose authority it trusts.
final class UpstreamWay {
    /// What tests call the two.
    enum Scheme: String { case ws, wss }

    /// The port of 127.0.0.1 that a gateway is to connect to.
    let port: Int
    /// What a gateway needs to know besides.
    let variables: [String: String]
    private let certificates: TestCertificates?
    private let front: TLSFront?

    /// How many connections came by way of TLS.
    var connections: Int { front?.accepted ?? 0 }

    init(_ stage: Stage, to sandbox: SandboxProcess, by scheme: Scheme) throws {
        guard scheme == .wss else {
            (port, variables, certificates, front) = (sandbox.port, [:], nil, nil)
            return
        }
        let authority = try TestCertificates()
        let server = try authority.server(addresses: ["127.0.0.1"])
        let terminator = try TLSFront(
            stage, certificate: server.certificateFile, key: server.keyFile, to: sandbox.port)
        (certificates, front) = (authority, terminator)
        port = terminator.port
        variables = [
            "PUSHER_SCHEME": "https", "PASSERELLE_CA_FILE": authority.authorityFile,
        ]
    }
}
