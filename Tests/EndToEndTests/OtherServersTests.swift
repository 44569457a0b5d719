// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The gateway with Channels servers by other authors: Reverb, poxa, ipe, pusher-fake.
struct OtherServersTests {
    private static let channel = "presence-bail-1"
    private let fixture: EndToEndFixture
    private let server: ForeignServer

    init() throws {
        fixture = try EndToEndFixture()
        server = try ForeignServer(fixture)
    }

    private func stream(_ gateway: GatewayProcess, _ user: String) -> StreamClient {
        StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)&user=\(user)")
    }

    private func types(_ gateway: GatewayProcess, _ user: String) throws {
        let answer = try fixture.request(
            gateway.http, "POST", "/channels/\(Self.channel)/events?user=\(user)",
            fields: ["Content-Type": "application/json"],
            body: Array(#"{"event":"client-typing","data":{"isTyping":true}}"#.utf8))
        #expect(answer.status == 202)
    }

    @Test func `every member has a user_info, without which Reverb refuses all members`() throws {
        let gateway = try GatewayProcess(fixture, upstreamPort: server.port)
        let streams = ["anne", "bob"].map { stream(gateway, $0) }
        try fixture.wait(for: "the members") {
            server.users(of: Self.channel) == ["passerelle", "anne", "bob"]
                && streams.allSatisfy { !$0.snapshots.isEmpty }
        }
        #expect(server.errors == 0)
        for (_, data) in server.subscriptions {
            #expect(try JSONText(Array(data.utf8)).names == ["user_id", "user_info"])
        }
        #expect(server.subscriptions.map(\.data).contains(#"{"user_id":"anne","user_info":{}}"#))
    }

    @Test func `a reader refused as a member keeps reading, and the member is unsubscribed`()
        throws
    {
        server.refusesMembers = true
        let gateway = try GatewayProcess(fixture, upstreamPort: server.port)
        let streams = ["anne", "bob"].map { stream(gateway, $0) }
        try fixture.wait(for: "both members' refusal, and the channel: \(server.subscriptions)") {
            try Set(server.unsubscriptions.map(\.userID)).isSuperset(of: ["anne", "bob"])
                && gateway.isLive(Self.channel)
        }
        server.send("new-message", #"{"n":1}"#, on: Self.channel)
        try fixture.wait(for: "the event") {
            streams.allSatisfy { $0.delivered.last?.event == "new-message" }
        }
        #expect(server.users(of: Self.channel).contains("passerelle"))
    }

    @Test func `users do not receive their own typing if the server does not stamp it`() throws {
        server.stamps = false
        let gateway = try GatewayProcess(fixture, upstreamPort: server.port)
        let (anne, bob) = (stream(gateway, "anne"), stream(gateway, "bob"))
        try fixture.wait(for: "the members") {
            server.users(of: Self.channel) == ["passerelle", "anne", "bob"]
                && !anne.snapshots.isEmpty && !bob.snapshots.isEmpty
        }
        try fixture.wait(for: "the memberships") {
            try gateway.status().number(["presence", "members"]) == 2
        }
        try types(gateway, "anne")
        try fixture.wait(for: "anne's typing") {
            bob.delivered.contains { $0.event == "client-typing" }
        }
        // Another client sends the same in anne's name, which is not its own.
        server.send("client-typing", #"{"isTyping":false,"userId":"anne"}"#, on: Self.channel)
        server.send("new-message", "{}", on: Self.channel)
        try fixture.wait(for: "the end") {
            [anne, bob].allSatisfy { $0.delivered.last?.event == "new-message" }
        }
        func typing(_ stream: StreamClient) throws -> [String] {
            try stream.delivered.filter { $0.event == "client-typing" }.map {
                try JSONText(Array($0.data.utf8)).raw(["isTyping"])
            }
        }
        #expect(try typing(bob) == ["true", "false"])
        #expect(try typing(anne) == ["false"])
        #expect(bob.delivered.first { $0.event == "client-typing" }?.userID == "anne")
    }

    @Test func `a server behind a path that requires an origin gets both`() throws {
        server.path = "/ws/reverb"
        server.origin = "https://app.example.org"
        let gateway = try GatewayProcess(
            fixture, upstreamPort: server.port,
            variables: [
                "PUSHER_PATH": "/ws/reverb/", "PUSHER_ORIGIN": "https://APP.example.org:443",
            ])
        let anne = stream(gateway, "anne")
        try fixture.wait(for: "the channel") { !anne.snapshots.isEmpty }
        let requests = server.channels.connections.map(\.request)
        #expect(
            requests.allSatisfy {
                $0.path == "/ws/reverb/app/sandbox-key"
                    && $0.fields.all("origin") == ["https://app.example.org"]
            })
        let line = LineClient(fixture, path: gateway.ipc)
        line.send(#"PUBLISH \#(Self.channel) new-message {"n":1}"#)
        try fixture.wait(for: "the publication") { !line.replies.isEmpty }
        #expect(line.replies == [.ok(verb: "PUBLISH", words: [Self.channel], json: nil)])
    }

    @Test func `an origin that the server does not allow is named in the log, and the key is not`()
        throws
    {
        server.origin = "https://app.example.org"
        let process = try fixture.start(
            "serve", [],
            GatewayProcess.variables(
                upstreamPort: server.port, ipc: fixture.directory.file("refused.sock")))
        try fixture.wait(for: "the end") { process.hasEnded }
        #expect(process.status == 69)
        let lines = process.lines(with: "level=error")
        #expect(lines.count == 1 && lines[0].contains("PUSHER_ORIGIN"))
        #expect(!process.errors.contains("PUSHER_KEY"))
        let found = try CheckOutcome.of(fixture, port: server.port)
        #expect(found.verdicts["connection"] == "failed", "\(found.output)")
        #expect(found.remedies["connection"]?.contains("PUSHER_ORIGIN") == true)
        #expect(found.remedies["connection"]?.contains("PUSHER_KEY") == false)
        let good = try CheckOutcome.of(
            fixture, port: server.port, ["PUSHER_ORIGIN": "https://app.example.org"])
        #expect(good.verdicts["connection"] == "ok", "\(good.output)")
    }

    @Test func `client events that are refused later are in metrics, STATUS and one warning`()
        throws
    {
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: ["PASSERELLE_ADMIN": "127.0.0.1:0"])
        let anne = stream(gateway, "anne")
        try fixture.wait(for: "anne") {
            try !anne.snapshots.isEmpty && sandbox.users(of: Self.channel) == ["anne"]
        }
        try sandbox.control("client-events?on=no")
        for user in ["anne", "bob", "carl"] { try types(gateway, user) }
        try fixture.wait(for: "the refusals") {
            try gateway.status().number(["presence", "client_events_dropped"]) == 3
        }
        let words = try gateway.status().string(["presence", "client_events_refusal"])
        #expect(words.hasPrefix("To send client events, you must enable this feature"))
        #expect(
            gateway.process.lines(
                with: "level=warning", "refuses client events", "enable client events"
            ).count == 1)
        let metrics = try fixture.request(try gateway.adminAddress(), "GET", "/metrics")
        #expect(
            String(decoding: metrics.body, as: UTF8.self)
                .contains(#"passerelle_client_events_total{outcome="dropped"} 3"#))
    }
}
