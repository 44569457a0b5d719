// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// How the gateway ends, and what it leaves behind.
@Suite(.timeLimit(.minutes(5)))
struct EndingTests {
    private static let channel = "presence-bail-1"
    private let stage: Stage
    private let sandbox: SandboxProcess

    init() throws {
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal ends it in order: streams are terminated, polls answered, lines written out`(
        signal: Int32
    ) throws {
        let path = stage.folder.file("http")
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, http: "127.0.0.1:0,unix:\(path)")
        let target = "/events?channel=\(Self.channel)"
        let stream = StreamClient(stage, gateway.http, target)
        let poll = PollClient(stage, gateway.http, [Self.channel], .cursor, wait: 50)
        let line = LineClient(stage, path: gateway.ipc)
        line.say("SUBSCRIBE \(Self.channel)")
        let idle = HTTPCaller(loop: stage.loop, address: gateway.http)
        try stage.wait(for: "every reader") {
            !stream.snapshots.isEmpty && poll.position != nil && line.replies.count == 1
        }
        try sandbox.publish(Self.channel, "new-message", "{}")
        try stage.wait(for: "the event") {
            [stream, poll, line].allSatisfy { (ear: any Ear) in ear.told.count == 1 }
        }
        // The next poll waits at the gateway.
        try stage.wait(for: "three readers") {
            try gateway.status().number(["readers", "attached"]) == 3
        }
        let answered = poll.statuses.count
        let began = ContinuousClock.now
        #expect(try gateway.stop(signal) == 0)
        // A process that forgot a reader would be killed by its manager a minute later.
        #expect(ContinuousClock.now - began < .seconds(20))
        try stage.wait(for: "every end") {
            stream.end != nil && line.end != nil && idle.end != nil
                && poll.statuses.count > answered
        }
        #expect(stream.isComplete && stream.failure == nil)
        #expect(line.end == .closedByPeer && line.failure == nil)
        #expect(poll.failure == nil && [200, 304].contains(poll.statuses[answered]))
        poll.stop()
        for file in [path, gateway.ipc] { #expect(access(file, F_OK) != 0, "\(file) is left") }
        #expect(!gateway.process.lines(with: "msg=stopping").isEmpty)
        try stage.wait(for: "the end upstream") {
            let state = try stage.request(sandbox.address, "GET", "/sandbox/state")
            return try JSONText(state.body).elements(["connections"]).isEmpty
        }
    }

    @Test func `a reader that takes nothing does not hold up the end`() throws {
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let stream = StreamClient(stage, gateway.http, "/events?channel=\(Self.channel)")
        try stage.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        stream.pause()
        let text = "\"" + String(repeating: "x", count: 10_000) + "\""
        for _ in 0..<300 { try sandbox.publish(Self.channel, "new-message", text) }
        let began = ContinuousClock.now
        #expect(try gateway.stop() == 0)
        #expect(ContinuousClock.now - began < .seconds(20))
    }

    @Test func `after a kill the next start takes the socket's path over`() throws {
        let http = stage.folder.file("http")
        let variables = ["PASSERELLE_IPC": stage.folder.file("ipc")]
        let first = try GatewayProcess(
            stage, upstreamPort: sandbox.port, http: "unix:\(http)", variables: variables)
        #expect(try first.stop(SIGKILL) == 128 + SIGKILL)
        #expect(access(http, F_OK) == 0 && access(first.ipc, F_OK) == 0, "both are left behind")
        let second = try GatewayProcess(
            stage, upstreamPort: sandbox.port, http: "unix:\(http)", variables: variables)
        #expect(second.http == .unix(path: http))
        let line = LineClient(stage, path: second.ipc)
        #expect(try line.ask("STATUS").number(["readers", "socket_connections"]) == 1)
        #expect(try second.stop() == 0)
    }

    @Test func `a position of a gateway that was killed is told a gap by the next`() throws {
        let first = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let poll = PollClient(stage, first.http, [Self.channel], .cursor)
        try stage.wait(for: "a position") { poll.position != nil }
        poll.stop()
        let position = try #require(poll.position)
        try first.stop(SIGKILL)
        let second = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let stream = StreamClient(
            stage, second.http, "/events?channel=\(Self.channel)",
            fields: ["Last-Event-ID": position])
        try stage.wait(for: "the gap") { !stream.told.isEmpty }
        let gap = try JSONText(Array(stream.told[0].data.utf8))
        #expect(stream.told[0].isGap)
        #expect(try gap.string(["reason"]) == "unknown-position")
        #expect(try gap.string(["from"]) == position)
        let answer = try second.get("/poll?channel=\(Self.channel)&after=\(position)")
        let events = try JSONText(answer.body).elements(["events"]).map { try Told($0) }
        #expect(events.map(\.isGap) == [true])
    }
}
