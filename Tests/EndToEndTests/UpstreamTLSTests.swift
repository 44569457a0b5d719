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
            refusal.line.say(#"PUBLISH presence-bail-1 e {"a":1}"#)
            refusal.line.say("MEMBERS presence-bail-1")
        }
        try stage.wait(for: "second attempts") { refusals.allSatisfy { $0.front.accepted >= 3 } }
        try stage.wait(for: "answers") { refusals.allSatisfy { $0.line.replies.count == 2 } }
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
        let state = try JSONText(try stage.request(sandbox.address, "GET", "/sandbox/state").body)
        #expect(try state.number(["counts", "connections"]) == 0)
        #expect(try state.number(["counts", "requests"]) == 0)
    }

    /// A gateway in front of a server that it must not speak to, and what its log is to say.
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
            stage, upstreamPort: front.port,
            variables: variables.merging(["PUSHER_SCHEME": "https"]) { $1 })
        return Refusal(
            gateway: gateway, front: front, line: LineClient(stage, path: gateway.ipc),
            words: words)
    }

    /// An auth route that would admit whoever asks.
    private func admittingRoute(named name: String) throws -> ScriptedHTTP {
        let server = try certificates.server(names: [name])
        let route = try ScriptedHTTP(
            loop: stage.loop,
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

    @Test func `the auth route is believed under its own name alone`() throws {
        for (names, status) in [("other.example", 503), ("localhost", 200)] {
            let route = try admittingRoute(named: names)
            let gateway = try GatewayProcess(
                stage, upstreamPort: sandbox.port,
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
                let lines = gateway.process.lines(with: "PASSERELLE_AUTH_ENDPOINT does not decide")
                #expect(lines.contains { $0.contains("another name") }, "\(lines)")
            }
            #expect(try gateway.stop() == 0)
        }
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
