// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// TLS connections of the gateway: only to a server with a certificate of a trusted authority.
struct UpstreamTLSTests {
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let certificates: TestCertificates

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        certificates = try TestCertificates()
    }

    private func front(_ server: TestCertificates.Server) throws -> TLSFront {
        try TLSFront(
            fixture, certificate: server.certificateFile, key: server.keyFile, to: sandbox.port)
    }

    @Test func `another name, an unknown authority and an expired certificate are refused`()
        throws
    {
        let trust = ["PASSERELLE_CA_FILE": certificates.authorityFile]
        let refusals = [
            try refusal(try certificates.server(names: ["other.example"]), trust, "another name"),
            try refusal(try certificates.server(addresses: ["127.0.0.1"]), [:], "untrusted"),
            try refusal(
                try certificates.server(addresses: ["127.0.0.1"], isExpired: true), trust,
                "expired"),
        ]
        for refusal in refusals {
            refusal.line.send(#"PUBLISH presence-bail-1 e {"a":1}"#)
            refusal.line.send("MEMBERS presence-bail-1")
        }
        try fixture.wait(for: "second attempts") { refusals.allSatisfy { $0.front.accepted >= 3 } }
        try fixture.wait(for: "answers") { refusals.allSatisfy { $0.line.replies.count == 2 } }
        for refusal in refusals {
            for reply in refusal.line.replies {
                guard case .error(code: "upstream-unavailable", _) = reply else {
                    Issue.record("\(reply)")
                    continue
                }
            }
            let log = refusal.gateway.process
            let lines = log.lines(with: "level=warning", "not connected to Channels")
            #expect(!lines.isEmpty)
            #expect(
                lines.allSatisfy { $0.contains("certificate") && $0.contains(refusal.words) },
                "\(lines)")
            #expect(!log.errors.contains(SandboxProcess.secret))
            #expect(try refusal.gateway.stop() == 0)
        }
        let state = try JSONText(try fixture.request(sandbox.address, "GET", "/sandbox/state").body)
        #expect(try state.number(["counts", "connections"]) == 0)
        #expect(try state.number(["counts", "requests"]) == 0)
    }

    /// A gateway whose Channels server it must refuse, and the log records expected.
    private struct Refusal {
        let gateway: GatewayProcess
        let front: TLSFront
        let line: LineClient
        let words: String
    }

    private func refusal(
        _ server: TestCertificates.Server, _ variables: [String: String], _ words: String
    ) throws -> Refusal {
        let front = try front(server)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: front.port,
            variables: variables.merging(["PUSHER_SCHEME": "https"]) { $1 })
        return Refusal(
            gateway: gateway, front: front, line: LineClient(fixture, path: gateway.ipc),
            words: words)
    }

    /// An auth route that would admit every reader.
    private func admittingRoute(named name: String) throws -> ScriptedHTTP {
        let server = try certificates.server(names: [name])
        let route = try ScriptedHTTP(
            loop: fixture.loop,
            tls: TLSServer(certificateFile: server.certificateFile, keyFile: server.keyFile))
        route.answer = { request, link in
            let items = try? HTTPTarget.decodeQuery(
                String(decoding: request.body, as: UTF8.self))
            let socketID = items?.first { $0.name == "socket_id" }?.value ?? ""
            let data = #"{"user_id":"eve"}"#
            let signature = SandboxProcess.sign(
                ChannelsSigning.subscription(
                    socketID: socketID, channel: "presence-bail-1", channelData: data))
            var json = JSONObjectWriter()
            json.member("auth", "\(SandboxProcess.key):\(signature)")
            json.member("channel_data", data)
            let response = HTTPResponse(status: 200, body: json.finished())
            link.send(HTTPWriter.response(response, keepAlive: false))
            link.finish()
        }
        return route
    }

    @Test func `the auth route is accepted under its own name only`() throws {
        for (names, status) in [("other.example", 503), ("localhost", 200)] {
            let route = try admittingRoute(named: names)
            let gateway = try GatewayProcess(
                fixture, upstreamPort: sandbox.port,
                variables: [
                    "PASSERELLE_AUTH": "endpoint",
                    "PASSERELLE_CA_FILE": certificates.authorityFile,
                    "PASSERELLE_AUTH_ENDPOINT": "https://localhost:\(route.port)/auth",
                ])
            let answer = try gateway.get(
                "/poll?channel=presence-bail-1", fields: ["Cookie": "session=hush"])
            #expect(answer.status == status, "\(names): \(answer)")
            #expect(route.requests.isEmpty == (status == 503), "\(names)")
            if status == 503 {
                #expect(answer.fields.contains("Retry-After"))
                #expect(String(decoding: answer.body, as: UTF8.self).contains("auth-unavailable"))
                let lines = gateway.process.lines(with: "PASSERELLE_AUTH_ENDPOINT fails")
                #expect(lines.contains { $0.contains("another name") }, "\(lines)")
            }
            #expect(try gateway.stop() == 0)
        }
    }

    @Test func `a server that does not speak TLS is refused, with a log record`() throws {
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: ["PUSHER_SCHEME": "https"])
        try fixture.wait(for: "a line about it") {
            !gateway.process.lines(with: "not connected to Channels").isEmpty
        }
        #expect(!gateway.process.lines(with: "not connected", "TLS").isEmpty)
        #expect(try gateway.stop() == 0)
    }

    @Test func `a certificate's name is checked, and REST is checked in the same way`() throws {
        let front = try front(try certificates.server(names: ["localhost"]))
        let gateway = try GatewayProcess(
            fixture, upstreamPort: front.port,
            variables: [
                "PUSHER_HOST": "localhost", "PUSHER_SCHEME": "https",
                "PASSERELLE_CA_FILE": certificates.authorityFile,
            ])
        let stream = StreamClient(fixture, gateway.http, "/events?channel=presence-bail-1")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        let line = LineClient(fixture, path: gateway.ipc)
        line.send(#"PUBLISH presence-bail-1 new-message { "a":1.0 }"#)
        try fixture.wait(for: "the event") {
            stream.delivered.count == 1 && line.replies.count == 1
        }
        #expect(line.replies == [.ok(verb: "PUBLISH", words: ["presence-bail-1"], json: nil)])
        #expect(stream.delivered[0].published == #"new-message { "a":1.0 } -"#)
    }
}
