// SPDX-License-Identifier: MIT

import Glibc
import PasserelleHTTP
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

/// Memory held by output that waits for slow peers, per connection and in total.
struct OutputBoundTests {
    /// A connection that holds a number of bytes set by the test.
    private final class Peer: Stallable {
        let pair: SocketPair
        let heldBytes: Int
        var answerEnds: Duration?
        private(set) var isCut = false
        var link: Link { pair.link }

        init(_ loop: EventLoop, holding bytes: Int) throws {
            pair = try SocketPair(loop: loop)
            heldBytes = bytes
        }

        func cut() { isCut = true }
        func retracted(by retractions: [Retraction]) {}
    }

    private let large = "\"" + String(repeating: "y", count: 20_000) + "\""

    /// Returns a fixture with half a megabyte on channel `c`.
    private func fixture(
        _ clock: LoopClock = .system,
        _ change: @escaping (inout DownstreamConfiguration) -> Void = { _ in }
    ) throws -> DownstreamFixture {
        let fixture = try DownstreamFixture(clock: clock) { configuration, _ in
            change(&configuration)
        }
        _ = try fixture.stream("channel=c")
        for number in 0..<25 { fixture.publish("c", "\(number)", large) }
        try fixture.settle()
        return fixture
    }

    /// Returns a client that requests all of it and reads none.
    private func asker(_ fixture: DownstreamFixture) throws -> Client {
        let client = try fixture.http()
        client.narrow()
        client.send("GET /poll?channel=c&after=earliest HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        return client
    }

    @Test(arguments: [(99, true), (100, false), (101, false)])
    func `the connection with the most output is closed if the total exceeds the limit`(
        limit: Int, isCut: Bool
    ) throws {
        let loop = try EventLoop()
        var closed: [StallWatch.Cause] = []
        let watch = StallWatch(
            loop: loop, bounds: StallWatch.Bounds(stall: .seconds(60), output: limit)
        ) { cause, _ in closed.append(cause) }
        let peers = try [20, 50, 30].map { try Peer(loop, holding: $0) }
        for peer in peers { watch.becameFull(peer) }
        #expect(watch.bytes == 100)
        watch.boundOutput()
        #expect(peers.map(\.isCut) == [false, isCut, false])
        #expect(watch.bytes == (isCut ? 50 : 100))
        #expect(closed == (isCut ? [.output] : []))
    }

    @Test func `released connections are not counted, grown ones at their new size`() throws {
        let loop = try EventLoop()
        let watch = StallWatch(loop: loop, bounds: StallWatch.Bounds(stall: .seconds(60)))
        let peers = try [20, 50].map { try Peer(loop, holding: $0) }
        for peer in peers + peers { watch.becameFull(peer) }
        for peer in peers { watch.grew(peer) }
        #expect(watch.bytes == 70)
        for peer in peers + peers { watch.becameWritable(peer) }
        #expect(watch.bytes == 0)
    }

    /// The deadline is checked once a second.
    @Test(arguments: [(9_999, false), (10_000, false), (11_000, true)])
    func `an answer is cut after its timeout`(milliseconds: Int, isCut: Bool) throws {
        let clock = ManualClock()
        let loop = try EventLoop(clock: clock.clock)
        var closed: [StallWatch.Cause] = []
        let watch = StallWatch(
            loop: loop, bounds: StallWatch.Bounds(stall: .seconds(60))
        ) { cause, _ in closed.append(cause) }
        let peer = try Peer(loop, holding: 1)
        peer.answerEnds = loop.now + .milliseconds(10_001)
        watch.becameFull(peer)
        try clock.pass(.milliseconds(milliseconds), turning: loop)
        #expect(peer.isCut == isCut && closed == (isCut ? [.answerTime] : []))
    }

    @Test func `pending answers cost little, since they share the log's events`() throws {
        let fixture = try fixture()
        let clients = try (0..<20).map { _ in try asker(fixture) }
        #expect(fixture.downstream.outputBytes < clients.count * 2_000)
        for client in clients {
            let answer = try client.response()
            #expect(column(answer.body, "event") == (0..<25).map(String.init))
        }
        #expect(fixture.downstream.outputBytes == 0)
        for client in clients { #expect(try client.get("/healthz").status == 200) }
    }

    @Test func `unshared answers are limited in total, and the limit is logged`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.limits.output = 1 << 20
        }
        fixture.members = (0..<3_000).map {
            Member(userID: "user-\($0)", userInfo: Array(#"{"name":"somebody"}"#.utf8))
        }
        var clients: [Client] = []
        for _ in 0..<20 {
            let client = try fixture.http()
            client.narrow()
            client.send("GET /channels/presence-x/members HTTP/1.1\r\nHost: h\r\n\r\n")
            try fixture.settle()
            clients.append(client)
            #expect(fixture.downstream.outputBytes <= 1 << 20)
        }
        #expect(fixture.downstream.refusalCounts[.output] >= 10)
        #expect(fixture.limits == ["output local"])
        #expect(try fixture.http().get("/healthz").status == 200)
        #expect(fixture.downstream.http.connectionCount < 8)
    }

    @Test func `a client that reads slowly is cut after the answer's timeout`() throws {
        let clock = ManualClock()
        let fixture = try fixture(clock.clock) {
            $0.limits.answerTime = .seconds(10)
            $0.stall = .seconds(5)
        }
        let slow = try asker(fixture)
        for _ in 0..<19 {
            try clock.pass(.milliseconds(500), turning: fixture.loop)
            _ = slow.pair.receive(500)
        }
        #expect(fixture.downstream.http.connectionCount == 1)
        for _ in 0..<4 {
            try clock.pass(.milliseconds(500), turning: fixture.loop)
            _ = slow.pair.receive(500)
        }
        #expect(fixture.downstream.refusalCounts[.answerTime] == 1)
        #expect(fixture.downstream.stallCount == 0 && fixture.limits == ["answer_time local"])
        #expect(fixture.downstream.http.connectionCount == 0)
    }

    @Test func `a client that closes its sending side still receives a large answer`() throws {
        let fixture = try fixture()
        let client = try asker(fixture)
        client.pair.finishSending()
        let answer = try client.response()
        #expect(column(answer.body, "event").count == 25)
        #expect(fixture.downstream.http.connectionCount == 0)
    }

    @Test(arguments: ["1.0", "1.1"])
    func `a large answer ends the connection if its client asks for it`(version: String) throws {
        let fixture = try fixture()
        let client = try fixture.http()
        client.narrow()
        client.send(
            "GET /poll?channel=c&after=earliest HTTP/\(version)\r\nHost: h\r\n"
                + "Connection: close\r\n\r\n")
        #expect(column(try client.response().body, "event").count == 25)
        #expect(fixture.downstream.http.connectionCount == 0)
    }

    @Test func `requests behind a large answer are answered in order`() throws {
        let fixture = try fixture()
        let client = try asker(fixture)
        client.send(
            "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
                + "HEAD /poll?channel=c&after=earliest HTTP/1.1\r\nHost: h\r\n\r\n")
        let (bytes, _) = try client.read()
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.components("HTTP/1.1 200 OK\r\n") == 3)
        #expect(text.hasSuffix("\r\n\r\n") && bytes.count < 550_000)
        #expect(try client.get("/healthz").status == 200)
    }

    @Test func `a shutdown completes a large answer first`() throws {
        let fixture = try fixture()
        let client = try asker(fixture)
        fixture.downstream.drain()
        #expect(column(try client.response().body, "event").count == 25)
        #expect(fixture.downstream.http.connectionCount == 0)
    }

    /// The first read would return all of it.
    @Test func `input behind a waiting request remains in the kernel`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let first = "GET /poll?channel=c&wait=50&after=now HTTP/1.1\r\nHost: h\r\n\r\n"
        let one =
            "GET /healthz HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "x", count: 900))\r\n\r\n"
        client.send(first + String(repeating: one, count: 130))
        try fixture.settle()
        var unread: Int32 = 0
        _ = ioctl(client.pair.link.fileDescriptor, UInt(FIONREAD), &unread)
        let held = first.utf8.count + 130 * one.utf8.count - Int(unread)
        #expect(held <= first.utf8.count + HTTPServerConnection.pipelinedBytes, "\(held) bytes")
        fixture.publish("c", "hello")
        #expect(try client.responses().map(\.status) == [Int](repeating: 200, count: 131))
    }

    @Test(arguments: [-1, 0, 1])
    func `the bytes held behind a waiting request are bounded`(more: Int) throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        client.send("GET /poll?channel=c&wait=50&after=now HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        let head = "GET /healthz HTTP/1.1\r\nHost: h\r\nX: "
        let count = HTTPServerConnection.pipelinedBytes + more - head.utf8.count
        client.send(head + String(repeating: "x", count: count))
        try fixture.settle()
        var unread: Int32 = 0
        _ = ioctl(client.pair.link.fileDescriptor, UInt(FIONREAD), &unread)
        #expect(Int(unread) == max(0, more))
        fixture.publish("c", "hello")
        #expect(try client.response().status == 200)
    }

    @Test func `replies that a line does not read are not produced early`() throws {
        let fixture = try DownstreamFixture()
        fixture.members = (0..<3_000).map { Member(userID: "user-\($0)", userInfo: nil) }
        let line = try fixture.line()
        line.narrow()
        line.send(String(repeating: "MEMBERS presence-x\n", count: 60))
        try fixture.settle()
        let one = 3_000 * 50
        #expect(fixture.downstream.outputBytes < 2 * one, "\(fixture.downstream.outputBytes)")
        let delivered = try line.lines()
        #expect(
            delivered.count == 60
                && delivered.allSatisfy { $0.hasPrefix("OK MEMBERS presence-x {") })
        #expect(fixture.downstream.outputBytes == 0)
    }

    @Test func `a stream with an evicted event holds its form and its data`() throws {
        let fixture = try DownstreamFixture { _, hub in
            hub.log.events = 10
            hub.log.bytes = 8 << 20
        }
        let stream = try fixture.stream("channel=c")
        stream.client.narrow()
        _ = try stream.messages()
        fixture.publish("c", "large", "\"" + String(repeating: "z", count: 300_000) + "\"")
        try fixture.settle()
        #expect(fixture.downstream.outputBytes == 0)
        for number in 0..<10 { fixture.publish("c", "\(number)") }
        let reader = try #require(fixture.hub.channel("c")?.readers.first as? EventStreamReader)
        #expect(reader.heldBytes > 600_000)
    }

    @Test func `an ending stream counts as a connection until its peer has received the end`()
        throws
    {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.limits.connections = 1
        }
        let stream = try fixture.stream("channel=c")
        stream.client.narrow()
        _ = try stream.messages()
        fixture.publish("c", "large", "\"" + String(repeating: "z", count: 300_000) + "\"")
        try fixture.settle()
        let reader = try #require(fixture.hub.channel("c")?.readers.first as? EventStreamReader)
        reader.end()
        #expect(fixture.downstream.streamCount == 0)
        #expect(try fixture.http().get("/healthz").status == 503)
        reader.cut()
        #expect(try fixture.http().get("/healthz").status == 200)
    }

    @Test func `streams with pending entries in the log hold no memory of their own`() throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.bytes = 8 << 20 }
        let streams = try (0..<20).map { _ in try fixture.stream("channel=c") }
        for stream in streams {
            stream.client.narrow()
            _ = try stream.messages()
        }
        fixture.publish("c", "large", "\"" + String(repeating: "z", count: 300_000) + "\"")
        try fixture.settle()
        #expect(fixture.downstream.outputBytes == 0)
        for stream in streams { #expect(try stream.names() == ["large"]) }
    }
}

extension String {
    /// Returns the number of occurrences of `words`.
    fileprivate func components(_ words: String) -> Int {
        var (count, rest) = (0, self[...])
        while let range = rest.firstRange(of: words) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
