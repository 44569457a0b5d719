// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Readers learn of an outage of Channels while it lasts.
struct OutageReportTests {
    private let clock = ManualClock()
    private let fixture: DownstreamFixture

    init() throws {
        fixture = try DownstreamFixture(clock: clock.clock)
    }

    /// Loses Channels and lets this much time pass.
    private func lose(for time: Duration = ReportedUpstream.delay) throws {
        fixture.subscribes = false
        fixture.hub.lost(at: fixture.now)
        fixture.downstream.upstreamChanged(isConnected: false)
        try pass(time)
    }

    private func pass(_ time: Duration) throws {
        clock.pass(time)
        try fixture.settle()
    }

    /// Connects, and subscribes these channels again.
    private func reconnect(_ channels: String...) throws {
        fixture.subscribes = true
        fixture.downstream.upstreamChanged(isConnected: true)
        try fixture.settle()
        for channel in channels { fixture.hub.subscribed(channel, members: nil, at: fixture.now) }
    }

    private func state(_ message: EventStreamMessage) -> String? {
        member(message.data, "data", "state")
    }

    @Test func `a stream learns of an outage after two seconds, and of its end at once`() throws {
        let stream = try fixture.stream("channel=c")
        let snapshot = try stream.messages()
        let lost = fixture.now.wall
        try lose(for: .milliseconds(1_999))
        #expect(try stream.messages() == [])
        try pass(.milliseconds(1))
        let away = try stream.messages()
        #expect(away.map(\.event) == ["passerelle:upstream"])
        #expect(
            String(decoding: away[0].data, as: UTF8.self)
                == #"{"time":"\#(fixture.now.wall.text)","event":"passerelle:upstream","#
                + #""data":{"state":"away","since":"\#(lost.text)"}}"#)
        // The client's position stays.
        #expect(away[0].id == snapshot[0].id)
        try pass(.seconds(600))
        #expect(try stream.messages() == [])
        try reconnect("c")
        let back = try stream.messages()
        #expect(back.map(\.event) == ["passerelle:upstream", "passerelle:gap"])
        #expect(state(back[0]) == "connected")
        #expect(member(back[0].data, "data", "since") == fixture.now.wall.text)
    }

    @Test func `a short reconnect is a gap, but no outage`() throws {
        let stream = try fixture.stream("channel=c")
        let line = try fixture.line()
        line.send("SUBSCRIBE c\n")
        _ = try (stream.messages(), line.lines())
        try lose(for: .milliseconds(1_900))
        try reconnect("c")
        try pass(.seconds(5))
        #expect(try stream.names() == ["passerelle:gap"])
        #expect(try line.lines().count == 1)
    }

    @Test(arguments: ["", "&format=data"], ["1.1", "1.0"])
    func `each format of a stream has the event`(format: String, version: String) throws {
        let stream = try fixture.stream("channel=c\(format)", version: version)
        _ = try stream.messages()
        try lose()
        let away = try stream.messages()
        #expect(away.map(\.event) == ["passerelle:upstream"])
        let isPayload = !format.isEmpty
        #expect((isPayload ? member(away[0].data, "state") : state(away[0])) == "away")
        #expect(isPayload == (member(away[0].data, "event") == nil))
        fixture.downstream.drain()
        #expect(try stream.client.read().isEnded)
    }

    @Test func `a stream that opens during an outage learns of it before anything else`() throws {
        _ = try fixture.stream("channel=c").messages()
        try lose()
        for query in ["channel=c", "channel=d", "channel=c&after=earliest"] {
            let stream = try fixture.stream(query)
            let messages = try stream.messages()
            #expect(stream.head?.status == 200)
            #expect(messages.map(\.event) == ["passerelle:upstream"], "\(query)")
            #expect(messages.first.flatMap(state) == "away" && messages.first?.id.isEmpty == true)
        }
        try reconnect("c", "d")
        let stream = try fixture.stream("channel=c")
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
    }

    @Test func `a gateway that never reached Channels reports an outage since its start`() throws {
        let start = fixture.now.wall
        fixture.subscribes = false
        fixture.downstream.upstreamChanged(isConnected: false)
        let stream = try fixture.stream("channel=c")
        #expect(try stream.names() == [])
        try pass(.seconds(2))
        let away = try stream.messages()
        #expect(away.map(\.event) == ["passerelle:upstream"])
        #expect(member(away[0].data, "data", "since") == start.text)
        try reconnect("c")
        #expect(
            try stream.names() == ["passerelle:upstream", "pusher:subscription_succeeded"])
    }

    @Test func `a full stream learns of the outage behind its events, or not at all`() throws {
        let client = try fixture.http()
        client.narrow()
        client.send("GET /events?channel=c HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        let large = "\"" + String(repeating: "x", count: 150_000) + "\""
        for name in ["one", "two"] { fixture.publish("c", name, large) }
        try fixture.settle()
        try lose()
        let stream = Stream(client)
        #expect(
            try stream.names() == [
                "pusher:subscription_succeeded", "one", "two", "passerelle:upstream",
            ])
        try reconnect("c")
        #expect(try stream.names() == ["passerelle:upstream", "passerelle:gap"])
        // An outage that began and ended while the stream was full is a gap only.
        for name in ["three", "four"] { fixture.publish("c", name, large) }
        try fixture.settle()
        try lose()
        try reconnect("c")
        try fixture.settle()
        #expect(try stream.names() == ["three", "four", "passerelle:gap"])
    }

    @Test func `a line connection learns of it once, with any number of subscriptions`() throws {
        let line = try fixture.line()
        let idle = try fixture.line()
        line.send("SUBSCRIBE c\nSUBSCRIBE d\n")
        idle.send("PING\n")
        #expect(try line.lines().count == 2 && idle.lines() == ["OK PING"])
        try lose()
        let away = try line.lines()
        #expect(away.count == 1 && away[0].hasPrefix("EVENT "))
        let event = Array(away[0].utf8.dropFirst(6))
        #expect(member(event, "event") == "passerelle:upstream" && member(event, "id") == nil)
        #expect(member(event, "channel") == nil && member(event, "data", "state") == "away")
        // A subscription that begins during the outage.
        idle.send("SUBSCRIBE c\n")
        let late = try idle.lines()
        #expect(late.map { $0.hasPrefix("OK SUBSCRIBE c ") } == [true, false])
        #expect(late.last?.contains(#""state":"away""#) == true)
        line.send("UNSUBSCRIBE c\nUNSUBSCRIBE d\n")
        _ = try line.lines()
        try reconnect("c")
        #expect(try line.lines() == [])
        #expect(try idle.lines().map { $0.contains(#""state":"connected""#) } == [true, false])
    }

    @Test func `polls and lists of members state whether Channels is away`() throws {
        let client = try fixture.http()
        let line = try fixture.line()
        func states(_ position: String) throws -> [String?] {
            line.send("MEMBERS c\n")
            let listed = try line.lines()[0].utf8.drop { $0 != UInt8(ascii: "{") }
            return try [
                "/poll?channel=c", "/poll?channel=c&after=\(position)", "/channels/c/members",
            ]
            .map { member(try client.get($0).body, "upstream") }
                + [member(Array(listed), "upstream")]
        }
        let position = try #require(member(try client.get("/poll?channel=c").body, "position"))
        #expect(try states(position) == .init(repeating: "connected", count: 4))
        try lose(for: .milliseconds(1_999))
        #expect(try states(position) == .init(repeating: "connected", count: 4))
        try pass(.milliseconds(1))
        #expect(try states(position) == .init(repeating: "away", count: 4))
        try reconnect("c")
        #expect(try states(position) == .init(repeating: "connected", count: 4))
    }

    @Test func `a waiting poll is answered when an outage begins, and by the gap at its end`()
        throws
    {
        let first = try fixture.http().get("/poll?channel=c")
        let position = try #require(member(first.body, "position"))
        // Also one that holds the answer for this position, which says that Channels is connected.
        for fields in ["", "If-None-Match: \"\(position)\"\r\n"] {
            let client = try fixture.http()
            wait(client, after: position, fields)
            #expect(try client.responses().isEmpty)
            try lose()
            try expectAway(try client.response(), position)
            // Only the change answers: the next poll waits.
            wait(client, after: position, fields)
            #expect(try client.responses().isEmpty)
            try pass(.seconds(40))
            #expect(try client.responses().isEmpty)
            fixture.downstream.upstreamChanged(isConnected: true)
            #expect(try client.responses().isEmpty)
            try pass(.seconds(10))
            let back = try client.response()
            #expect(back.status == 200 && member(back.body, "upstream") == "connected")
            #expect(member(back.body, "retry_ms") == "100")
            fixture.subscribes = true
            try pass(.seconds(60))
        }
        try lose()
        let client = try fixture.http()
        wait(client, after: position)
        try fixture.settle()
        try reconnect("c")
        let news = try client.response()
        #expect(column(news.body, "event") == ["passerelle:gap"])
        #expect(member(news.body, "upstream") == "connected")
    }

    /// Sends a poll that waits for an event after a position.
    private func wait(_ client: Client, after position: String, _ fields: String = "") {
        client.send(
            "GET /poll?channel=c&wait=50&after=\(position) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
    }

    private func expectAway(_ answer: HTTPResponse, _ position: String) throws {
        #expect(answer.status == 200 && column(answer.body, "event").isEmpty)
        #expect(member(answer.body, "upstream") == "away")
        #expect(member(answer.body, "position") == position)
        #expect(answer.fields.first("ETag") == "\"\(position)\"")
        let retry = try #require(member(answer.body, "retry_ms").flatMap { Int($0) })
        #expect((100..<3_000).contains(retry))
    }

    @Test func `a conditional poll is answered in full while the state is news`() throws {
        _ = try fixture.http().get("/poll?channel=c")
        // The channel is refused all the time, so that its position does not move.
        fixture.hub.refused("c", status: 403, message: "no", at: fixture.now)
        let first = try fixture.http().get("/poll?channel=c")
        let tag = try #require(first.fields.first("ETag"))
        func answer() throws -> HTTPResponse {
            try fixture.http().get("/poll?channel=c", "If-None-Match: \(tag)\r\n")
        }
        #expect(try answer().status == 304)
        try lose(for: .milliseconds(1_999))
        #expect(try answer().status == 304)
        try pass(.milliseconds(1))
        let away = try answer()
        #expect(away.status == 200 && member(away.body, "upstream") == "away")
        try reconnect()
        try pass(.milliseconds(59_999))
        let back = try answer()
        #expect(back.status == 200 && member(back.body, "upstream") == "connected")
        try pass(.milliseconds(1))
        #expect(try answer().status == 304)
    }
}
