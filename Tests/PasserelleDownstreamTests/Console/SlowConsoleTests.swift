// SPDX-License-Identifier: MIT

import Glibc
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleAdmin
@testable import PasserelleDownstream

/// Consoles that do not read their output.
struct SlowConsoleTests {
    private let clock = ManualClock()

    private func fixture() throws -> DownstreamFixture {
        try DownstreamFixture(
            clock: clock.clock, showsContent: true, consoleInterval: .milliseconds(200)
        ) { configuration, hub in
            configuration.stall = .seconds(60)
            hub.log.bytes = 64 << 20
        }
    }

    /// Opens a console with a small socket buffer.
    private func open(_ fixture: DownstreamFixture) throws -> Stream {
        let client = try fixture.admin()
        client.narrow()
        client.send("GET /console/events HTTP/1.1\r\nHost: h\r\n\r\n")
        return Stream(client)
    }

    private let words = "\"" + String(repeating: "y", count: 900) + "\""

    @Test func `a console that does not read holds one tick, then receives the newest`() throws {
        let fixture = try fixture()
        _ = try fixture.stream("channel=c")
        for number in 0..<50 { fixture.publish("c", "\(number)", words) }
        let console = try open(fixture)
        let link = console.client.pair.link
        try run(fixture.loop, until: { link.queuedBytes > 0 })
        let held = link.queuedBytes
        for number in 50..<200 {
            fixture.publish("c", "\(number)", words)
            clock.pass(.milliseconds(300))
            try fixture.settle()
            #expect(link.queuedBytes <= held)
        }
        #expect(fixture.consoles.count == 1)
        var received: [EventStreamMessage] = []
        try run(
            fixture.loop,
            until: {
                clock.pass(.milliseconds(200))
                received += try console.feed(console.client.pair.receive() ?? [])
                return received.last { $0.event == "events" }
                    .map { column($0.data, "event").last == "199" } ?? false
            })
        let events = received.filter { $0.event == "events" }
        #expect(events.count == 2)
        #expect(column(events[1].data, "event") == (150..<200).map(String.init))
        #expect(member(events[1].data, "more") == "100")
    }

    @Test func `a stalled console is cut`() throws {
        let fixture = try fixture()
        _ = try fixture.stream("channel=c")
        for number in 0..<50 { fixture.publish("c", "\(number)", words) }
        let console = try open(fixture)
        try run(fixture.loop, until: { console.client.pair.link.queuedBytes > 0 })
        try clock.pass(.milliseconds(59_900), turning: fixture.loop)
        #expect(fixture.downstream.stallCount == 0)
        try clock.pass(.milliseconds(1_200), turning: fixture.loop)
        #expect(fixture.downstream.stallCount == 1)
        #expect(fixture.consoles.count == 0)
        #expect(!fixture.consoles.isTicking)
        #expect(!console.client.pair.link.isOpen)
    }

    @Test func `if a deleted message has left its log, open consoles receive a fresh list`()
        throws
    {
        let fixture = try fixture()
        _ = try fixture.stream("channel=c")
        let console = try open(fixture)
        _ = try console.messages()
        fixture.hub.received(
            "c", event: "new-message", data: Array("1".utf8), userID: nil, key: "m", at: fixture.now
        )
        for number in 0..<600 { fixture.publish("c", "\(number)") }
        try fixture.settle()
        _ = try console.messages()
        fixture.hub.received(
            "c", event: "message-deleted", data: [UInt8(ascii: "1")], userID: nil, retracts: "m",
            at: fixture.now)
        try fixture.settle()
        var received: [[UInt8]] = []
        try run(
            fixture.loop,
            until: {
                clock.pass(.milliseconds(200))
                received += try console.messages().map(\.data)
                return received.contains { member($0, "fresh") == "true" }
            })
        let anew = received.first { member($0, "fresh") == "true" } ?? []
        #expect(column(anew, "event").last == "message-deleted")
        #expect(!column(anew, "event").contains("new-message"))
    }

    @Test func `a console with a retracted message in its waiting output is cut`() throws {
        let fixture = try fixture()
        _ = try fixture.stream("channel=c")
        fixture.hub.received(
            "c", event: "new-message", data: Array(#""taken-back""#.utf8), userID: nil, key: "m",
            at: fixture.now)
        // The last event of the console's first frame.
        for number in 0..<40 { fixture.publish("c", "\(number)", words) }
        fixture.hub.received(
            "c", event: "other", data: Array(#""the-last""#.utf8), userID: nil, key: "n",
            at: fixture.now)
        let slow = try open(fixture)
        try run(fixture.loop, until: { slow.client.pair.link.queuedBytes > 0 })
        let quick = try open(fixture)
        try run(
            fixture.loop,
            until: {
                _ = try quick.feed(quick.client.pair.receive() ?? [])
                return fixture.consoles.count == 2
                    && quick.client.pair.link.queuedBytes == 0
            })
        fixture.hub.received(
            "c", event: "message-deleted", data: [UInt8(ascii: "1")], userID: nil, retracts: "n",
            at: fixture.now)
        try fixture.settle()
        #expect(fixture.consoles.count == 1 && !slow.client.pair.link.isOpen)
        let rest = String(decoding: try slow.client.read().bytes, as: UTF8.self)
        #expect(!rest.contains("the-last"))
    }
}
