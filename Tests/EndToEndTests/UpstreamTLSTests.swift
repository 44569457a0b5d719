// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Whom the gateway speaks to over TLS: only a server that an authority it trusts vouches for.
@Suite(.timeLimit(.minutes(5)))
struct UpstreamTLSTests {
    private let stage: Stage
    private let sandbox: SandboxProcess
    private let certificates: TestCertificates

    init() throws {
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
        certificates = try TestCertificates()
    }

    private func front(_ server: TestCertificates.Server) throws -> TLSFront {
        try TLSFront(
            stage, certificate: server.certificateFile, key: server.keyFile, to: sandbox.port)
    }

    /// A gateway that is refused says so, goes on trying, and sends nothing that it was asked to.
    private func checkRefusal(
        _ front: TLSFront, _ variables: [String: String], says words: String
    ) throws {
        let gateway = try GatewayProcess(
            stage, upstreamPort: front.port,
            variables: variables.merging(["PUSHER_SCHEME": "https"]) { $1 })
        try stage.wait(for: "a second attempt") { front.accepted >= 2 }
        let lines = gateway.process.lines(with: "level=warning", "not connected to Channels")
        #expect(!lines.isEmpty)
        #expect(lines.allSatisfy { $0.contains(words) }, "\(lines)")
        #expect(!gateway.process.errors.contains(SandboxProcess.secret))
        let state = try JSONText(try stage.request(sandbox.address, "GET", "/sandbox/state").body)
        #expect(try state.number(["counts", "connections"]) == 0)
        let line = LineClient(stage, path: gateway.ipc)
        line.say(#"PUBLISH presence-bail-1 e {"a":1}"#)
        try stage.wait(for: "a refusal") { !line.replies.isEmpty }
        guard case .error(code: "upstream-unavailable", _) = line.replies[0] else {
            Issue.record("\(line.replies)")
            return
        }
        #expect(try gateway.get("/poll?channel=presence-bail-1").status == 503)
        #expect(try gateway.stop() == 0)
    }

    @Test func `a certificate for another name is refused, and the log says so`() throws {
        let front = try front(try certificates.server(names: ["other.example"]))
        try checkRefusal(
            front, ["PASSERELLE_CA_FILE": certificates.authorityFile], says: "certificate")
    }

    @Test func `a certificate that nobody vouches for is refused, and the log says so`() throws {
        let front = try front(try certificates.server(addresses: ["127.0.0.1"]))
        try checkRefusal(front, [:], says: "certificate")
    }

    @Test func `a certificate that has expired is refused, and the log says so`() throws {
        let front = try front(
            try certificates.server(addresses: ["127.0.0.1"], isExpired: true))
        try checkRefusal(
            front, ["PASSERELLE_CA_FILE": certificates.authorityFile], says: "expired")
    }

    @Test func `a server that does not speak TLS is refused, and the log says so`() throws {
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, variables: ["PUSHER_SCHEME": "https"])
        try stage.wait(for: "a line about it") {
            !gateway.process.lines(with: "not connected to Channels").isEmpty
        }
        #expect(!gateway.process.lines(with: "not connected", "TLS").isEmpty)
        #expect(try gateway.stop() == 0)
    }

    @Test func `a name is checked as a name, and REST goes the same way`() throws {
        let front = try front(try certificates.server(names: ["localhost"]))
        let gateway = try GatewayProcess(
            stage, upstreamPort: front.port,
            variables: [
                "PUSHER_HOST": "localhost", "PUSHER_SCHEME": "https",
                "PASSERELLE_CA_FILE": certificates.authorityFile,
            ])
        let stream = StreamClient(stage, gateway.http, "/events?channel=presence-bail-1")
        try stage.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        let line = LineClient(stage, path: gateway.ipc)
        line.say(#"PUBLISH presence-bail-1 new-message { "a":1.0 }"#)
        try stage.wait(for: "the event") { stream.told.count == 1 && line.replies.count == 1 }
        #expect(line.replies == [.ok(verb: "PUBLISH", words: ["presence-bail-1"], json: nil)])
        #expect(stream.told[0].said == #"new-message { "a":1.0 } -"#)
    }
}
