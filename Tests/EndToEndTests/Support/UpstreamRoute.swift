// SPDX-License-Identifier: MIT
import PasserelleTesting

/// The connection from a gateway to a sandbox: plain, or through a terminator with a trusted
/// certificate.
final class UpstreamRoute {
    /// The URL schemes of the two, in the names of test arguments.
    enum Scheme: String { case ws, wss }

    /// The port of 127.0.0.1 that a gateway connects to.
    let port: Int
    /// Further variables that the gateway needs.
    let variables: [String: String]
    private let certificates: TestCertificates?
    private let front: TLSFront?

    /// The number of connections over TLS.
    var connections: Int { front?.accepted ?? 0 }

    init(_ fixture: EndToEndFixture, to sandbox: SandboxProcess, by scheme: Scheme) throws {
        guard scheme == .wss else {
            (port, variables, certificates, front) = (sandbox.port, [:], nil, nil)
            return
        }
        let authority = try TestCertificates()
        let server = try authority.server(addresses: ["127.0.0.1"])
        let terminator = try TLSFront(
            fixture, certificate: server.certificateFile, key: server.keyFile, to: sandbox.port)
        (certificates, front) = (authority, terminator)
        port = terminator.port
        variables = [
            "PUSHER_SCHEME": "https", "PASSERELLE_CA_FILE": authority.authorityFile,
        ]
    }
}
