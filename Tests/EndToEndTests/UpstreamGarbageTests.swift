// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What no Channels server would send costs the connection it came on, and nothing else.
@Suite(.timeLimit(.minutes(5)))
struct UpstreamGarbageTests {
    private static let channel = "presence-bail-1"

    private static let kinds = [
        "text", "array", "eventless", "deep", "binary", "utf8", "masked", "huge", "half", "raw",
    ]

    @Test func `garbage is logged without its content, counted, and the connection replaced`()
        throws
    {
        let stage = try Stage()
        let scenes = try Self.kinds.map { try GarbageScene(stage, $0, Self.channel) }
        for scene in scenes { try scene.awaitTold(1) }
        for scene in scenes {
            try scene.sandbox.control("garbage?kind=\(scene.kind)")
            guard scene.kind == "half" else { continue }
            // What follows half a frame becomes its other half.
            for _ in 0..<2 {
                try scene.sandbox.publish(Self.channel, "secret-word", #"{"n":"hush"}"#)
            }
        }
        for scene in scenes { try scene.awaitTold(2) }
        for scene in scenes {
            try scene.sandbox.publish(Self.channel, "new-message", #"{"n":2}"#)
            try scene.awaitTold(3)
        }
        for scene in scenes { try scene.check() }
    }

    @Test(
        arguments: [
            ("refuse?form=http", "503"), ("swallow?what=messages", "handshake"),
            ("swallow?what=subscriptions", "no answer to the subscription"),
        ])
    func `a server that answers no upgrade, no handshake or no subscription is waited for`(
        misbehaviour: String, words: String
    ) throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        try sandbox.control(misbehaviour)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let stream = StreamClient(stage, gateway.http, "/events?channel=\(Self.channel)")
        try stage.wait(for: "the stream") { stream.response != nil }
        #expect(stream.response?.status == 200)
        try stage.wait(for: "word of it: \(gateway.process.errors)") {
            !gateway.process.lines(with: "level=warning", words).isEmpty
        }
        #expect(stream.snapshots.isEmpty)
        try sandbox.control("normal")
        try stage.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        try sandbox.publish(Self.channel, "new-message", "{}")
        try stage.wait(for: "an event") { stream.told.last?.event == "new-message" }
    }

    @Test func `a doubled frame doubles no member and breaks no stream`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let stream = StreamClient(stage, gateway.http, "/events?channel=\(Self.channel)")
        try stage.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        try sandbox.control("duplicate")
        let ana = try ChannelsMember(stage, port: sandbox.port, userID: "ana", info: #"{"n":1}"#)
        try ana.join(Self.channel)
        try stage.wait(for: "ana") { stream.told.count == 1 }
        ana.leave()
        try stage.wait(for: "her leaving") { stream.told.count == 2 }
        try sandbox.control("normal")
        try sandbox.publish(Self.channel, "new-message", "{}")
        try stage.wait(for: "the event") { stream.told.count == 3 }
        #expect(
            stream.told.map(\.event) == [
                "pusher:member_added", "pusher:member_removed", "new-message",
            ])
        #expect(try gateway.members(of: Self.channel) == [:])
    }
}

/// A sandbox that will say one kind of garbage, a gateway that hears it, and readers of that.
private final class GarbageScene {
    let kind: String
    let sandbox: SandboxProcess
    private let stage: Stage
    private let gateway: GatewayProcess
    private let stream: StreamClient
    private let line: LineClient

    init(_ stage: Stage, _ kind: String, _ channel: String) throws {
        self.stage = stage
        self.kind = kind
        sandbox = try SandboxProcess(stage)
        gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        stream = StreamClient(stage, gateway.http, "/events?channel=\(channel)")
        line = LineClient(stage, path: gateway.ipc)
        line.say("SUBSCRIBE \(channel)")
        try stage.wait(for: "both readers") {
            !stream.snapshots.isEmpty && line.replies.count == 1
        }
        try sandbox.publish(channel, "new-message", #"{"n":1}"#)
    }

    func awaitTold(_ count: Int) throws {
        try stage.wait(for: "event \(count) despite \(kind)") {
            stream.told.count >= count && line.told.count >= count
        }
    }

    func check() throws {
        #expect(
            stream.told.map(\.event) == ["new-message", "passerelle:gap", "new-message"], "\(kind)")
        #expect(stream.told == line.told, "\(kind)")
        #expect(stream.end == nil && line.end == nil, "\(kind)")
        let status = try gateway.status()
        let garbled = try status.number(["upstream", "garbled"])
        #expect(garbled == 1, "\(kind)")
        let connections = try status.number(["upstream", "connections"])
        #expect(connections == 2, "\(kind)")
        let lines = gateway.process.lines(with: "level=warning", "not connected")
        #expect(lines.count == 1, "\(kind)")
        for content in ["this is no JSON", "[1,2,3]", "[[[[", "HTTP/1.1 200", "hush", "event\\\":"]
        {
            #expect(!gateway.process.errors.contains(content), "\(kind)")
        }
        #expect(try gateway.stop() == 0)
    }
}
