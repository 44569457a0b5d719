// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Frames that no Channels server would send cost their connection at most.
struct UpstreamGarbageTests {
    private static let channel = "presence-bail-1"

    /// Frames that may have been an event, or that break the framing of the connection.
    private static let kinds = ["cut", "utf8", "masked", "huge", "half", "raw"]
    /// Frames that no client can take for an event.
    private static let emptyKinds = [
        "empty", "null", "mark", "text", "array", "eventless", "deep", "binary",
    ]

    @Test func `frames without a message are ignored and counted, and no event is lost`() throws {
        let fixture = try EndToEndFixture()
        let scenario = try GarbageScenario(fixture, "empty", Self.channel)
        try scenario.awaitTold(1)
        for _ in 0..<5 {
            for kind in Self.emptyKinds { try scenario.sandbox.control("garbage?kind=\(kind)") }
        }
        try scenario.sandbox.publish(Self.channel, "new-message", #"{"n":2}"#)
        try scenario.awaitTold(2)
        try scenario.checkIgnored(UInt64(5 * Self.emptyKinds.count))
    }

    @Test func `garbage is counted and logged without its content, and the connection replaced`()
        throws
    {
        let fixture = try EndToEndFixture()
        let scenarios = try Self.kinds.map { try GarbageScenario(fixture, $0, Self.channel) }
        for scenario in scenarios { try scenario.awaitTold(1) }
        for scenario in scenarios {
            try scenario.sandbox.control("garbage?kind=\(scenario.kind)")
            guard scenario.kind == "half" else { continue }
            // The next frame becomes the other half of a half frame.
            for _ in 0..<2 {
                try scenario.sandbox.publish(Self.channel, "secret-word", #"{"n":"hush"}"#)
            }
        }
        for scenario in scenarios { try scenario.awaitTold(2) }
        for scenario in scenarios {
            try scenario.sandbox.publish(Self.channel, "new-message", #"{"n":2}"#)
            try scenario.awaitTold(3)
        }
        for scenario in scenarios { try scenario.check() }
    }

    @Test(
        arguments: [
            ("refuse?form=http", "503"), ("swallow?what=messages", "handshake"),
            ("swallow?what=subscriptions", "no answer to the subscription"),
        ])
    func `a server that answers no upgrade, no handshake or no subscription is retried`(
        misbehaviour: String, words: String
    ) throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        try sandbox.control(misbehaviour)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the stream") { stream.response != nil }
        #expect(stream.response?.status == 200)
        try fixture.wait(for: "word of it: \(gateway.process.errors)") {
            !gateway.process.lines(with: "level=warning", words).isEmpty
        }
        #expect(stream.snapshots.isEmpty)
        try sandbox.control("normal")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        try sandbox.publish(Self.channel, "new-message", "{}")
        try fixture.wait(for: "an event") { stream.delivered.last?.event == "new-message" }
    }

    @Test func `a doubled frame doubles no member and breaks no stream`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        try sandbox.control("duplicate")
        let ana = try ChannelsMember(fixture, port: sandbox.port, userID: "ana", info: #"{"n":1}"#)
        try ana.join(Self.channel)
        try fixture.wait(for: "ana") { stream.delivered.count == 1 }
        ana.leave()
        try fixture.wait(for: "her leaving") { stream.delivered.count == 2 }
        try sandbox.control("normal")
        try sandbox.publish(Self.channel, "new-message", "{}")
        try fixture.wait(for: "the event") { stream.delivered.count == 3 }
        #expect(
            stream.delivered.map(\.event) == [
                "pusher:member_added", "pusher:member_removed", "new-message",
            ])
        #expect(try gateway.members(of: Self.channel) == [:])
    }
}

/// A sandbox that can send one kind of garbage, a gateway that receives it, and its readers.
private final class GarbageScenario {
    let kind: String
    let sandbox: SandboxProcess
    private let fixture: EndToEndFixture
    private let gateway: GatewayProcess
    private let stream: StreamClient
    private let line: LineClient

    init(_ fixture: EndToEndFixture, _ kind: String, _ channel: String) throws {
        self.fixture = fixture
        self.kind = kind
        sandbox = try SandboxProcess(fixture)
        gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        stream = StreamClient(fixture, gateway.http, "/events?channel=\(channel)")
        line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(channel)")
        try fixture.wait(for: "both readers") {
            !stream.snapshots.isEmpty && line.replies.count == 1
        }
        try sandbox.publish(channel, "new-message", #"{"n":1}"#)
    }

    func awaitTold(_ count: Int) throws {
        try fixture.wait(for: "event \(count) despite \(kind)") {
            stream.delivered.count >= count && line.delivered.count >= count
        }
    }

    func checkIgnored(_ count: UInt64) throws {
        #expect(stream.delivered.map(\.event) == ["new-message", "new-message"])
        #expect(stream.delivered == line.delivered)
        let status = try gateway.status()
        #expect(try status.number(["upstream", "empty_frames"]) == Int(count))
        #expect(try status.number(["upstream", "garbled"]) == 0)
        #expect(try status.number(["upstream", "connections"]) == 1)
        #expect(try gateway.stop() == 0)
    }

    func check() throws {
        #expect(
            stream.delivered.map(\.event) == ["new-message", "passerelle:gap", "new-message"],
            "\(kind)")
        #expect(stream.delivered == line.delivered, "\(kind)")
        #expect(stream.end == nil && line.end == nil, "\(kind)")
        let status = try gateway.status()
        let garbled = try status.number(["upstream", "garbled"])
        #expect(garbled == 1, "\(kind)")
        let connections = try status.number(["upstream", "connections"])
        #expect(connections == 2, "\(kind)")
        let lines = gateway.process.lines(with: "level=warning", "not connected")
        #expect(lines.count == 1, "\(kind)")
        for content in ["HTTP/1.1 200", "hush", "event\\\":"] {
            #expect(!gateway.process.errors.contains(content), "\(kind)")
        }
        #expect(try gateway.stop() == 0)
    }
}
