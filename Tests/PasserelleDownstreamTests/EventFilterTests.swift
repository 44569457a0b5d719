// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// `event=NAME`: readers that ask for some events.
struct EventFilterTests {
    private func position(_ response: HTTPResponse) -> String {
        member(response.body, "position") ?? "none"
    }

    @Test(arguments: ["channel=c", "channel=c&channel=d", "channel=c&format=data"])
    func `a stream delivers its snapshot, the named events and gaps`(query: String) throws {
        let fixture = try DownstreamFixture()
        let stream = try fixture.stream(query + "&event=a&event=b%20c")
        #expect(try Set(stream.names()) == ["pusher:subscription_succeeded"])
        for name in ["x", "a", "y", "b c", "A"] { fixture.publish("c", name) }
        #expect(try stream.names() == ["a", "b c"])
        fixture.publish("c", "x")
        fixture.publish("c", "y")
        #expect(try stream.names() == [])
        fixture.publish("c", "a")
        #expect(try stream.names() == ["a"])
        fixture.hub.lost(at: fixture.now)
        fixture.subscribe("c")
        fixture.publish("c", "x")
        #expect(try stream.names() == ["passerelle:gap"])
        fixture.hub.refused("c", status: 403, message: "no", at: fixture.now)
        #expect(try stream.names() == ["pusher:subscription_error"])
    }

    @Test func `member changes are delivered if they are named`() throws {
        let fixture = try DownstreamFixture()
        let some = try fixture.stream("channel=presence-a&event=pusher:member_added")
        let none = try fixture.stream("channel=presence-a&event=x")
        #expect(try some.names() == none.names())
        fixture.join("presence-a", "ana")
        fixture.hub.memberRemoved("presence-a", userID: "ana", at: fixture.now)
        #expect(try some.names() == ["pusher:member_added"] && none.names() == [])
    }

    @Test func `readers with and without filters share the encoded events`() throws {
        let fixture = try DownstreamFixture()
        let streams = try ["", "&event=a", "&event=a", "&event=b", "&event=a&event=b"].map {
            try fixture.stream("channel=c\($0)")
        }
        for stream in streams { _ = try stream.messages() }
        let before = fixture.downstream.streamed.entries
        for name in ["a", "b", "x"] { fixture.publish("c", name) }
        try fixture.settle()
        let expected = [["a", "b", "x"], ["a"], ["a"], ["b"], ["a", "b"]]
        #expect(try streams.map { try $0.names() } == expected)
        #expect(fixture.downstream.streamed.entries - before == 8)
        for name in ["a", "x"] {
            fixture.publish("c", name)
            try fixture.settle()
        }
        #expect(try streams.map { try $0.names() } == [["a", "x"], ["a"], ["a"], [], ["a"]])
    }

    @Test func `a stream's last events are those that it asked for`() throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.stream("channel=c").messages()
        for name in ["a", "a", "x", "a", "x", "x"] { fixture.publish("c", name) }
        try fixture.settle()
        let stream = try fixture.stream("channel=c&event=a&last=2")
        let messages = try stream.messages()
        #expect(messages.map(\.event) == ["pusher:subscription_succeeded", "a", "a"])
        #expect(messages.map(\.id).last == "7-5")
    }

    @Test func `a stream's heartbeat carries the position over the events left out`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock) { _, hub in hub.log.events = 4 }
        let stream = try fixture.stream("channel=c&event=a")
        let plain = try fixture.stream("channel=c")
        _ = try (stream.messages(), plain.messages())
        fixture.publish("c", "a")
        #expect(try stream.names() == ["a"])
        for _ in 0..<20 { fixture.publish("c", "x") }
        try clock.pass(.seconds(16), turning: fixture.loop)
        let text = try stream.client.text()
        let position = fixture.hub.position.text
        #expect(text.contains(":\nid: \(position)\n\n"))
        let messages = try stream.feed(Array(text.utf8))
        #expect(messages == [] && stream.events.lastEventID == position)
        #expect(try !plain.client.text().contains(":\nid:"))
        // A client that returns there misses nothing, although its last event has left the log.
        fixture.publish("c", "a")
        let again = try fixture.stream(
            "channel=c&event=a", fields: "Last-Event-ID: \(position)\r\n")
        #expect(try again.names() == ["pusher:subscription_succeeded", "a"])
        let old = try fixture.stream("channel=c&event=a", fields: "Last-Event-ID: 7-2\r\n")
        #expect(try old.names().contains("passerelle:gap"))
    }

    @Test func `the heartbeat has no position while a snapshot or a gap is due`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock)
        fixture.subscribes = false
        let stream = try fixture.stream("channel=c&event=a", fields: "Last-Event-ID: 9-5\r\n")
        try clock.pass(.seconds(16), turning: fixture.loop)
        let text = try stream.client.text()
        #expect(text.contains("3\r\n:\n\n\r\n") && !text.contains("id:"))
    }

    @Test func `a poll's position moves over the events left out`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let first = try client.get("/poll?channel=c&event=a")
        for name in ["x", "a", "x"] { fixture.publish("c", name) }
        let answer = try client.get("/poll?channel=c&event=a&after=\(position(first))")
        #expect(column(answer.body, "event") == ["a"] && position(answer) == "7-4")
        fixture.publish("c", "x")
        // A conditional poll holds the position before the event that it did not ask for.
        let moved = try client.get("/poll?channel=c&event=a", "If-None-Match: \"7-4\"\r\n")
        #expect(moved.status == 200 && column(moved.body, "event").isEmpty)
        #expect(position(moved) == "7-5" && moved.fields.first("ETag") == "\"7-5\"")
        let same = try client.get("/poll?channel=c&event=a", "If-None-Match: \"7-5\"\r\n")
        #expect(same.status == 304)
        let last = try client.get("/poll?channel=c&event=x&last=1")
        #expect(column(last.body, "id") == ["7-5"])
    }

    @Test func `a waiting poll waits for a named event and stays ahead of the log's end`() throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = 4 }
        let client = try fixture.http()
        let first = try client.get("/poll?channel=c")
        client.send(
            "GET /poll?channel=c&event=a&wait=50&after=\(position(first)) HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        #expect(try client.responses().isEmpty)
        for _ in 0..<20 {
            fixture.publish("c", "x")
            try fixture.settle()
        }
        #expect(try client.responses().isEmpty)
        fixture.publish("c", "a")
        let answer = try client.response()
        #expect(column(answer.body, "event") == ["a"])
        #expect(position(answer) == fixture.hub.position.text)
    }

    @Test func `lines and history are filtered, and history's position moves`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.line()
        client.send("SUBSCRIBE c event=a \"event=b c\"\n")
        _ = try client.lines()
        for name in ["x", "a", "b c", "y"] { fixture.publish("c", name) }
        let names = try client.lines().map { member(Array($0.utf8.dropFirst(6)), "event") }
        #expect(names == ["a", "b c"])
        client.send("HISTORY c event=a event=y limit=1\nHISTORY c event=a event=z\n")
        let answers = try client.lines().map { Array($0.utf8.drop { $0 != UInt8(ascii: "{") }) }
        #expect(answers.map { column($0, "event") } == [["a"], ["a"]])
        #expect(answers.map { member($0, "more") } == ["true", "false"])
        #expect(member(answers[1], "position") == fixture.hub.position.text)
    }

    @Test(arguments: ["/events", "/poll"])
    func `a bad or excessive name is refused`(path: String) throws {
        let client = try DownstreamFixture().http()
        let many = (1...33).map { "&event=\($0)" }.joined()
        for query in ["&event=", many, "&event=\(String(repeating: "n", count: 201))"] {
            let answer = try client.get("\(path)?channel=c\(query)")
            #expect(answer.status == 400 && member(answer.body, "error") == "bad-query")
        }
    }
}
