// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Readers if Channels accepts no further connection.
struct ChannelsLimitTests {
    /// Tests both codes at the same time, since the first retry comes after 15 s.
    @Test
    func `over the connection limit readers keep reading, and become members once there is room`()
        throws
    {
        let fixture = try EndToEndFixture()
        let gateways = [
            try LimitedGateway(fixture, code: 4004), try LimitedGateway(fixture, code: 4100),
        ]
        for gateway in gateways { try gateway.open() }
        for gateway in gateways { try gateway.isLogged() }
        for gateway in gateways { try gateway.goesOn() }
        for gateway in gateways { try gateway.lift() }
        for gateway in gateways { try gateway.isWhole() }
    }

    @Test func `if Channels refuses to reconnect, the gateway first gives up a user's connection`()
        throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let stream = StreamClient(
            fixture, gateway.http, "/events?channel=presence-bail-1&user=anne")
        try fixture.wait(for: "the subscription and anne's membership") {
            try !stream.snapshots.isEmpty
                && gateway.status().number(["presence", "connections"]) == 1
        }
        try sandbox.control("refuse?code=4004&message=Full")
        try sandbox.control("drop")
        try fixture.wait(for: "word of it: \(gateway.process.errors)") {
            !gateway.process.lines(with: "level=warning", "not connected", "Full").isEmpty
        }
        try fixture.wait(for: "room to be made") {
            try gateway.status().number(["presence", "observed"]) == 1
                && gateway.status().number(["presence", "connections"]) == 0
        }
        try sandbox.control("normal")
        try sandbox.publish("presence-bail-1", "new-message", "{}")
        try fixture.wait(for: "the gap") { stream.delivered.contains { $0.isGap } }
        try sandbox.publish("presence-bail-1", "new-message", #"{"n":2}"#)
        try fixture.wait(for: "the event") { stream.delivered.last?.event == "new-message" }
        #expect(try gateway.stop() == 0)
    }
}

/// A gateway with a Channels server that refuses further connections with one close code.
private final class LimitedGateway {
    private let channel = "presence-bail-1"
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess
    private let will: ChannelsMember
    private let code: Int
    private var streams: [StreamClient] = []

    init(_ fixture: EndToEndFixture, code: Int) throws {
        self.fixture = fixture
        self.code = code
        sandbox = try SandboxProcess(fixture)
        gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        will = try ChannelsMember(fixture, port: sandbox.port, userID: "will", info: "{}")
        try will.join(channel)
    }

    /// Connects anne and bob while Channels accepts no further connection.
    func open() throws {
        try sandbox.control("refuse?code=\(code)&message=Full")
        streams = ["anne", "bob"].map {
            StreamClient(fixture, gateway.http, "/events?channel=\(channel)&user=\($0)")
        }
    }

    /// Checks that `STATUS` and the log report that they are no members, and the reason.
    func isLogged() throws {
        try fixture.wait(for: "both to be observed only") { try presence("observed") == 2 }
        #expect(try presence("fallbacks") >= 2 && presence("members") == 0)
        let lines = gateway.process.lines(
            with: "level=warning", "not a member for now", "code=\(code)", "message=Full",
            "retry_in=")
        #expect(lines.count == 1, "one line for both")
        let refusals = try gateway.status().elements(["presence", "refusals"])
        let refusal = try JSONText(try #require(refusals.first))
        #expect(try refusal.number(["code"]) == code && refusal.number(["users"]) == 2)
        #expect(refusals.count == 1)
    }

    /// Checks that they can read and send typing events while Channels lists neither of them.
    func goesOn() throws {
        try sandbox.publish(channel, "new-message", "{}")
        let sent = try fixture.request(
            gateway.http, "POST", "/channels/\(channel)/events?user=anne",
            fields: ["Content-Type": "application/json"],
            body: Array(#"{"event":"client-typing","data":{}}"#.utf8))
        #expect(sent.status == 202)
        try fixture.wait(for: "the message and the typing") {
            streams.allSatisfy { $0.hasReceived("new-message") } && !streams[1].typing.isEmpty
                && !will.typing.isEmpty
        }
        #expect(streams[0].typing.isEmpty)
        #expect(streams[1].typing == [#"anne {"userId":"anne"}"#])
        #expect(will.typing == [#"passerelle {"userId":"anne"}"#])
        #expect(try sandbox.users(of: channel) == ["will"])
        #expect(streams.allSatisfy { $0.end == nil })
    }

    func lift() throws {
        try sandbox.control("normal")
    }

    /// Checks that both become members again without help, and that each is announced once.
    func isWhole() throws {
        let all: Set = ["anne", "bob", "will"]
        try fixture.wait(for: "both to be members") {
            try sandbox.users(of: channel) == all
        }
        try fixture.wait(for: "both members at every reader") {
            try presence("observed") == 0 && presence("members") == 2
                && streams.allSatisfy { $0.memberSets[channel]?.users == all }
                && will.members == all
        }
        #expect(streams.allSatisfy { $0.memberSets[channel]?.repeated.isEmpty == true })
        #expect(streams.allSatisfy { $0.end == nil })
        try fixture.wait(for: "the end of the refusals") {
            try gateway.status().elements(["presence", "refusals"]).isEmpty
        }
        let lines = gateway.process.lines(with: "refuses no reader for this reason", "code=\(code)")
        #expect(lines.count == 1)
    }

    private func presence(_ name: String) throws -> Int {
        try gateway.status().number(["presence", name])
    }
}
