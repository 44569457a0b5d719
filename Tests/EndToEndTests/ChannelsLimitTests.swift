// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What becomes of readers when Channels has no room for a further connection.
@Suite(.timeLimit(.minutes(5)))
struct ChannelsLimitTests {
    /// Both codes side by side, since the first retry comes 15 s later.
    @Test func `over the limit of connections readers read on, and are members when there is room`()
        throws
    {
        let stage = try Stage()
        let houses = [try LimitedHouse(stage, code: 4004), try LimitedHouse(stage, code: 4100)]
        for house in houses { try house.open() }
        for house in houses { try house.isToldOf() }
        for house in houses { try house.goesOn() }
        for house in houses { try house.lift() }
        for house in houses { try house.isWhole() }
    }

    @Test func `a gateway that Channels does not let back gives up a user's connection first`()
        throws
    {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let stream = StreamClient(
            stage, gateway.http, "/events?channel=presence-bail-1&user=anne")
        try stage.wait(for: "anne's membership") {
            try gateway.status().number(["presence", "connections"]) == 1
        }
        try sandbox.control("refuse?code=4004&message=Full")
        try sandbox.control("drop")
        try stage.wait(for: "word of it: \(gateway.process.errors)") {
            !gateway.process.lines(with: "level=warning", "not connected", "Full").isEmpty
        }
        try stage.wait(for: "room to be made") {
            try gateway.status().number(["presence", "observed"]) == 1
                && gateway.status().number(["presence", "connections"]) == 0
        }
        try sandbox.control("normal")
        try sandbox.publish("presence-bail-1", "new-message", "{}")
        try stage.wait(for: "the gap") { stream.told.contains { $0.isGap } }
        try sandbox.publish("presence-bail-1", "new-message", #"{"n":2}"#)
        try stage.wait(for: "the event") { stream.told.last?.event == "new-message" }
        #expect(try gateway.stop() == 0)
    }
}

/// A gateway whose Channels refuses every further connection with one code.
private final class LimitedHouse {
    private let channel = "presence-bail-1"
    private let stage: Stage
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess
    private let will: ChannelsMember
    private let code: Int
    private var streams: [StreamClient] = []

    init(_ stage: Stage, code: Int) throws {
        self.stage = stage
        self.code = code
        sandbox = try SandboxProcess(stage)
        gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        will = try ChannelsMember(stage, port: sandbox.port, userID: "will", info: "{}")
        try will.join(channel)
    }

    /// Anne and bob come when there is room for nobody.
    func open() throws {
        try sandbox.control("refuse?code=\(code)&message=Full")
        streams = ["anne", "bob"].map {
            StreamClient(stage, gateway.http, "/events?channel=\(channel)&user=\($0)")
        }
    }

    /// `STATUS` and the log say that they are no members, and why.
    func isToldOf() throws {
        try stage.wait(for: "both to be observed only") { try presence("observed") == 2 }
        #expect(try presence("fallbacks") >= 2 && presence("members") == 0)
        let lines = gateway.process.lines(
            with: "level=warning", "no member for now", "code=\(code)", "message=Full", "retry_in=")
        #expect(lines.count == 1, "one line says it for both")
        let refusals = try gateway.status().elements(["presence", "refusals"])
        let refusal = try JSONText(try #require(refusals.first))
        #expect(try refusal.number(["code"]) == code && refusal.number(["users"]) == 2)
        #expect(refusals.count == 1)
    }

    /// They read, and even type, while Channels counts neither of them.
    func goesOn() throws {
        try sandbox.publish(channel, "new-message", "{}")
        let sent = try stage.request(
            gateway.http, "POST", "/channels/\(channel)/events?user=anne",
            fields: ["Content-Type": "application/json"],
            body: Array(#"{"event":"client-typing","data":{}}"#.utf8))
        #expect(sent.status == 202)
        try stage.wait(for: "the message and the typing") {
            streams.allSatisfy { $0.hasHeard("new-message") } && !streams[1].typing.isEmpty
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

    /// Both are members again by themselves, and everybody knows, once.
    func isWhole() throws {
        let all: Set = ["anne", "bob", "will"]
        try stage.wait(for: "both to be members", within: .seconds(120)) {
            try sandbox.users(of: channel) == all
        }
        try stage.wait(for: "everybody to know") {
            try presence("observed") == 0 && presence("members") == 2
                && streams.allSatisfy { $0.rolls[channel]?.users == all } && will.members == all
        }
        #expect(streams.allSatisfy { $0.rolls[channel]?.repeated.isEmpty == true })
        #expect(streams.allSatisfy { $0.end == nil })
        try stage.wait(for: "the end of the refusals") {
            try gateway.status().elements(["presence", "refusals"]).isEmpty
        }
        let lines = gateway.process.lines(with: "nobody is refused for that", "code=\(code)")
        #expect(lines.count == 1)
    }

    private func presence(_ name: String) throws -> Int {
        try gateway.status().number(["presence", name])
    }
}
