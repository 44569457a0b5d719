// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct StallTests {
    @Test(arguments: [(59_999, false), (60_000, true), (60_001, true)])
    func `a peer that reads nothing stalls at the limit`(milliseconds: Int, isOver: Bool) {
        var stall = Stall(unread: 100, at: .seconds(5))
        let now: Duration = .seconds(5) + .milliseconds(milliseconds)
        let exceeds = stall.exceeds(.seconds(60), unread: 100, at: now)
        #expect(exceeds == isOver)
    }

    @Test func `any change of the unread bytes restarts the time`() {
        var stall = Stall(unread: 100, at: .zero)
        for (second, unread, isOver) in [
            (59, 99, false), (118, 250, false), (177, 0, false), (236, 0, false), (237, 0, true),
        ] {
            let exceeds = stall.exceeds(.seconds(60), unread: unread, at: .seconds(second))
            #expect(exceeds == isOver, "second \(second)")
        }
    }

    private let large = "\"" + String(repeating: "y", count: 20_000) + "\""

    private let clock = ManualClock()

    /// A fixture with a stall limit of ten seconds and a log that holds all events.
    private func fixture() throws -> DownstreamFixture {
        try DownstreamFixture(clock: clock.clock) { configuration, hub in
            configuration.stall = .seconds(10)
            hub.log.bytes = 64 << 20
        }
    }

    @Test func `a stalled stream is cut, and no other`() throws {
        let fixture = try fixture()
        let stalled = try fixture.stream("channel=c")
        let lively = try fixture.stream("channel=c")
        for stream in [stalled, lively] {
            stream.client.narrow()
            _ = try stream.messages()
        }
        for number in 0..<50 { fixture.publish("c", "\(number)", large) }
        var received: [String] = []
        try run(
            fixture.loop,
            until: {
                received += try lively.feed(lively.client.pair.receive() ?? []).map(\.event)
                return received.count == 50
            })
        #expect(received == (0..<50).map(String.init))
        try clock.pass(.milliseconds(9_900), turning: fixture.loop)
        #expect(fixture.downstream.streamCount == 2)
        try clock.pass(.milliseconds(1_100), turning: fixture.loop)
        #expect(fixture.downstream.streamCount == 1)
        #expect(fixture.downstream.stallCount == 1 && fixture.hub.readerCount == 1)
        _ = try stalled.client.read()
        #expect(stalled.client.pair.receive() == nil)
        fixture.publish("c", "live")
        #expect(try lively.names() == ["live"])
    }

    /// It reads a little now and then, for much longer than the stall limit.
    @Test func `a slow stream that reads is not cut`() throws {
        let fixture = try fixture()
        let slow = try fixture.stream("channel=c")
        slow.client.narrow()
        _ = try slow.messages()
        for number in 0..<50 { fixture.publish("c", "\(number)", large) }
        var received: [String] = []
        for _ in 0..<60 {
            try clock.pass(.milliseconds(500), turning: fixture.loop)
            received += try slow.feed(slow.client.pair.receive(500) ?? []).map(\.event)
        }
        #expect(received.count < 50 && fixture.downstream.streamCount == 1)
        #expect(try received + slow.names() == (0..<50).map(String.init))
        #expect(fixture.downstream.stallCount == 0)
    }

    @Test func `a stalled line connection is cut, also if it is ending`() throws {
        for isToEnd in [false, true] {
            let fixture = try fixture()
            let line = try fixture.line()
            line.narrow()
            line.send("SUBSCRIBE c\n")
            #expect(try line.lines().count == 1)
            for _ in 0..<50 { fixture.publish("c", "large", large) }
            try fixture.settle()
            if isToEnd { fixture.downstream.drain() }
            try clock.pass(.milliseconds(9_900), turning: fixture.loop)
            #expect(fixture.downstream.stallCount == 0)
            try clock.pass(.milliseconds(1_100), turning: fixture.loop)
            #expect(fixture.downstream.lines.connectionCount == 0)
            #expect(fixture.downstream.stallCount == 1)
            #expect(fixture.hub.readerCount == 0 && !line.pair.link.isOpen)
        }
    }

    @Test func `a stream that is ending and stalls is cut`() throws {
        let fixture = try fixture()
        let stalled = try fixture.stream("channel=c")
        stalled.client.narrow()
        _ = try stalled.messages()
        for _ in 0..<50 { fixture.publish("c", "large", large) }
        try fixture.settle()
        fixture.downstream.drain()
        #expect(fixture.downstream.streamCount == 0)
        try clock.pass(.seconds(11), turning: fixture.loop)
        #expect(fixture.downstream.stallCount == 1)
        #expect(!stalled.client.pair.link.isOpen)
    }
}
