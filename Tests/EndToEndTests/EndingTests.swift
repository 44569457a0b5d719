// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Shutdown of the gateway, and the state that it leaves.
struct EndingTests {
    private static let channel = "presence-bail-1"
    /// Lets readers stall for much longer than a shutdown may take.
    private static let patient = ["PASSERELLE_STALL": "1h"]
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
    }

    /// Delivers one event to each reader, and waits until the next poll waits at the gateway.
    private func deliverOne(
        of gateway: GatewayProcess, to stream: StreamClient, _ poll: PollClient, _ line: LineClient
    ) throws {
        try fixture.wait(for: "every reader") {
            !stream.snapshots.isEmpty && poll.position != nil && line.replies.count == 1
        }
        try sandbox.publish(Self.channel, "new-message", "{}")
        try fixture.wait(for: "the event") {
            [stream, poll, line].allSatisfy { (reader: any SurfaceClient) in
                reader.delivered.count == 1
            }
        }
        try fixture.wait(for: "three readers") {
            try gateway.status().number(["readers", "attached"]) == 3
        }
    }

    /// Waits until Channels has no connection.
    private func awaitEndUpstream() throws {
        try fixture.wait(for: "the end upstream") {
            let state = try fixture.request(sandbox.address, "GET", "/sandbox/state")
            return try JSONText(state.body).elements(["connections"]).isEmpty
        }
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `on a signal streams are terminated, polls answered and lines flushed`(
        signal: Int32
    ) throws {
        let path = fixture.directory.file("http")
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, http: "127.0.0.1:0,unix:\(path)",
            variables: Self.patient)
        let target = "/events?channel=\(Self.channel)"
        let stream = StreamClient(fixture, gateway.http, target)
        let poll = PollClient(fixture, gateway.http, [Self.channel], .cursor, wait: 50)
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(Self.channel)")
        let idle = HTTPCaller(loop: fixture.loop, address: gateway.http)
        try deliverOne(of: gateway, to: stream, poll, line)
        let answered = poll.statuses.count
        let began = ContinuousClock.now
        #expect(try gateway.stop(signal) == 0)
        // If the process forgot a reader, it would wait for the whole stall time.
        #expect(ContinuousClock.now - began < .seconds(300))
        try fixture.wait(for: "every end") {
            stream.end != nil && line.end != nil && idle.end != nil
                && poll.statuses.count > answered
        }
        #expect(stream.isComplete && stream.failure == nil)
        #expect(line.end == .closedByPeer && line.failure == nil)
        #expect(poll.failure == nil && [200, 304].contains(poll.statuses[answered]))
        poll.stop()
        for file in [path, gateway.ipc] { #expect(access(file, F_OK) != 0, "\(file) is left") }
        #expect(!gateway.process.lines(with: "msg=stopping").isEmpty)
        try awaitEndUpstream()
    }

    @Test func `a reader that reads nothing does not delay the shutdown`() throws {
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: Self.patient)
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        stream.pause()
        let text = "\"" + String(repeating: "x", count: 10_000) + "\""
        for _ in 0..<300 { try sandbox.publish(Self.channel, "new-message", text) }
        let began = ContinuousClock.now
        #expect(try gateway.stop() == 0)
        #expect(ContinuousClock.now - began < .seconds(300))
    }

    @Test func `after a kill the next start replaces the socket's path`() throws {
        let http = fixture.directory.file("http")
        let variables = ["PASSERELLE_IPC": fixture.directory.file("ipc")]
        let first = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, http: "unix:\(http)", variables: variables)
        #expect(try first.stop(SIGKILL) == 128 + SIGKILL)
        #expect(access(http, F_OK) == 0 && access(first.ipc, F_OK) == 0, "both are left behind")
        let second = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, http: "unix:\(http)", variables: variables)
        #expect(second.http == .unix(path: http))
        let line = LineClient(fixture, path: second.ipc)
        #expect(try line.ask("STATUS").number(["readers", "socket_connections"]) == 1)
        #expect(try second.stop() == 0)
    }

    @Test func `a position of a killed gateway leads to a gap at the next one`() throws {
        let first = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let poll = PollClient(fixture, first.http, [Self.channel], .cursor)
        try fixture.wait(for: "a position") { poll.position != nil }
        poll.stop()
        let position = try #require(poll.position)
        try first.stop(SIGKILL)
        let second = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let stream = StreamClient(
            fixture, second.http, "/events?channel=\(Self.channel)",
            fields: ["Last-Event-ID": position])
        try fixture.wait(for: "the gap") { !stream.delivered.isEmpty }
        let gap = try JSONText(Array(stream.delivered[0].data.utf8))
        #expect(stream.delivered[0].isGap)
        #expect(try gap.string(["reason"]) == "unknown-position")
        #expect(try gap.string(["from"]) == position)
        let answer = try second.get("/poll?channel=\(Self.channel)&after=\(position)")
        let events = try JSONText(answer.body).elements(["events"]).map { try DeliveredEvent($0) }
        #expect(events.map(\.isGap) == [true])
    }
}
