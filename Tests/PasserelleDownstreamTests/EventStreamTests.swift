// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
@testable import PasserelleWire
import Testing

struct EventStreamTests {
    @Test func `a stream sends its head, its retry, the members, then events`() throws {
        let fixture = try DownstreamFixture()
        fixture.members = [Member(userID: "ana", userInfo: Array(#"{"n":1}"#.utf8))]
        let stream = try fixture.stream("channel=presence-a")
        let snapshot = try stream.messages()
        #expect(stream.head?.status == 200)
        #expect(stream.head?.fields.first("Content-Type") == "text/event-stream; charset=utf-8")
        #expect(stream.head?.fields.first("Cache-Control") == "no-cache, no-transform")
        #expect(stream.head?.fields.first("X-Accel-Buffering") == "no")
        #expect((1000..<3000).contains(stream.events.retry ?? 0))
        #expect(snapshot.map(\.event) == ["pusher:subscription_succeeded"])
        #expect(snapshot.first?.id == fixture.hub.position.text)
        #expect(
            member(snapshot[0].data, "data")
                == #"{"presence":{"count":1,"ids":["ana"],"hash":{"ana":{"n":1}}},"upstream":"connected"}"#
        )
        fixture.publish("presence-a", "new-message", #"{"a":1.50}"#)
        fixture.join("presence-a", "ben")
        let received = try stream.messages()
        #expect(received.map(\.event) == ["new-message", "pusher:member_added"])
        #expect(member(received[0].data, "data") == #"{"a":1.50}"#)
        #expect(member(received[0].data, "id") == received[0].id && received[0].id == "7-2")
        #expect(member(received[0].data, "channel") == "presence-a")
    }

    @Test func `the events of several channels arrive on one stream, in order`() throws {
        let fixture = try DownstreamFixture()
        let stream = try fixture.stream("channel=c&channel=d&channel=c")
        #expect(try stream.names().count == 2)
        for (channel, name) in [("c", "1"), ("d", "2"), ("c", "3"), ("e", "x"), ("d", "4")] {
            fixture.publish(channel, name)
        }
        #expect(try stream.names() == ["1", "2", "3", "4"])
    }

    @Test func `format=data sends the payload alone, with its name and position`() throws {
        let fixture = try DownstreamFixture()
        let stream = try fixture.stream("channel=c&format=data")
        _ = try stream.messages()
        fixture.publish("c", "hello", #"{"x":[1,2]}"#)
        let received = try stream.messages()
        #expect(
            received == [
                EventStreamMessage(
                    id: fixture.hub.position.text, event: "hello",
                    data: Array(#"{"x":[1,2]}"#.utf8), retry: stream.events.retry)
            ])
    }

    @Test(arguments: ["", "&format=data"])
    func `an HTTP 1.0 stream has no chunks and ends with the connection`(format: String) throws {
        let fixture = try DownstreamFixture()
        let stream = try fixture.stream("channel=c\(format)", version: "1.0")
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        #expect(stream.head?.fields.contains("Transfer-Encoding") == false)
        #expect(stream.head?.fields.first("Connection") == "close")
        fixture.publish("c", "hello")
        #expect(try stream.names() == ["hello"])
        fixture.downstream.drain()
        #expect(try stream.client.read().isEnded)
    }

    @Test func `a stream opens at once if its subscription is pending`() throws {
        let fixture = try DownstreamFixture()
        fixture.subscribes = false
        let stream = try fixture.stream("channel=c")
        #expect(try stream.names() == [] && stream.head?.status == 200)
        fixture.hub.refused("c", status: 403, message: "no", at: fixture.now)
        #expect(try stream.names() == ["pusher:subscription_error"])
        fixture.subscribe("c")
        fixture.publish("c", "hello")
        #expect(try stream.names() == ["pusher:subscription_succeeded", "hello"])
    }

    @Test func `Last-Event-ID overrides after, and both accept positions of any surface`() throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.stream("channel=c").messages()
        fixture.publish("c", "one")
        let one = fixture.hub.position.text
        fixture.publish("c", "two")
        let two = fixture.hub.position.text
        fixture.publish("c", "three")
        let after = try fixture.stream("channel=c&after=\(one)")
        #expect(try after.names().dropFirst() == ["two", "three"])
        let wins = try fixture.stream("channel=c&after=\(one)", fields: "Last-Event-ID: \(two)\r\n")
        #expect(try wins.names().dropFirst() == ["three"])
        let empty = try fixture.stream("channel=c&after=\(two)", fields: "Last-Event-ID:\r\n")
        #expect(try empty.names().dropFirst() == ["three"])
        let last = try fixture.stream("channel=c&last=2")
        #expect(try last.names().dropFirst() == ["two", "three"])
        let poll = try fixture.http().get("/poll?channel=c&after=\(two)")
        #expect(column(poll.body, "event") == ["three"])
        let twice = try fixture.stream(
            "channel=c", fields: "Last-Event-ID:\r\nLast-Event-ID: \(two)\r\n")
        #expect(try twice.names().dropFirst() == ["three"])
        let header = try fixture.http().get("/poll?channel=c", "Last-Event-ID: \(two)\r\n")
        #expect(column(header.body, "event") == ["three"])
        let garbage = try fixture.http().get("/poll?channel=c", "Last-Event-ID: x\r\n")
        #expect(column(garbage.body, "event").first == "passerelle:gap")
    }

    @Test(arguments: ["lastEventId", "lastEventID", "Last-Event-ID", "last-event-id"])
    func `a polyfill can send the last event ID in the query`(name: String) throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.stream("channel=c").messages()
        var ids: [String] = []
        for event in ["one", "two", "three"] {
            fixture.publish("c", event)
            ids.append(fixture.hub.position.text)
        }
        for (query, fields, received) in [
            ("\(name)=\(ids[0])", "", ["two", "three"]),
            // The polyfill adds it to a URL that may already have a start.
            ("after=\(ids[0])&\(name)=\(ids[1])", "", ["three"]),
            ("\(name)=\(ids[1])&after=\(ids[0])", "", ["three"]),
            ("\(name)=\(ids[0])&\(name)=\(ids[1])", "", ["three"]),
            // Some polyfills send an empty one with the first connection.
            ("after=\(ids[1])&\(name)=", "", ["three"]), ("\(name)=", "", []),
            ("\(name)=earliest", "", ["one", "two", "three"]), ("\(name)=now", "", []),
            ("\(name)=\(ids[0])", "Last-Event-ID: \(ids[1])\r\n", ["three"]),
            ("\(name)=garbage", "", ["passerelle:gap", "one", "two", "three"]),
            ("\(name)=\(ids[0])%20", "", ["passerelle:gap", "one", "two", "three"]),
        ] as [(String, String, [String])] {
            let stream = try fixture.stream("channel=c&\(query)", fields: fields)
            #expect(try stream.names().dropFirst() == received[...], "\(query)")
            let poll = try fixture.http().get("/poll?channel=c&\(query)", fields)
            #expect(column(poll.body, "event") == received, "\(query)")
        }
    }

    @Test(arguments: [
        ("garbage", nil), ("8-1", "8-1"), ("7-999", "7-999"), ("0-0-0", nil),
    ])
    func `an unknown Last-Event-ID causes a gap, not a refusal`(
        id: String, from: String?
    ) throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.stream("channel=c").messages()
        fixture.publish("c", "one")
        let stream = try fixture.stream("channel=c", fields: "Last-Event-ID: \(id)\r\n")
        let received = try stream.messages()
        #expect(
            received.map(\.event) == ["pusher:subscription_succeeded", "passerelle:gap", "one"])
        #expect(member(received[1].data, "data", "reason") == "unknown-position")
        #expect(member(received[1].data, "data", "from") == from)
    }

    @Test func `the id of a snapshot is the position of the events after it`() throws {
        let fixture = try DownstreamFixture()
        let id = try fixture.stream("channel=presence-a&channel=c").messages().last?.id ?? ""
        fixture.publish("c", "one")
        fixture.join("presence-a", "ana")
        let poll = try fixture.http().get("/poll?channel=presence-a&channel=c&after=\(id)")
        #expect(column(poll.body, "event") == ["one", "pusher:member_added"])
    }

    @Test func `a stream ends when its client disconnects`() throws {
        let fixture = try DownstreamFixture()
        let stream = try fixture.stream("channel=c")
        #expect(fixture.downstream.streamCount == 1 && fixture.hub.readerCount == 1)
        #expect(fixture.downstream.http.connectionCount == 0)
        stream.close()
        try run(fixture.loop, until: { fixture.downstream.streamCount == 0 })
        #expect(fixture.hub.readerCount == 0)
    }

    @Test func `further input of a client on a stream is ignored`() throws {
        let fixture = try DownstreamFixture()
        let stream = try fixture.stream("channel=c")
        _ = try stream.messages()
        stream.client.send("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n")
        fixture.publish("c", "hello")
        #expect(try stream.names() == ["hello"])
    }

    @Test func `a silent stream sends a comment at every heartbeat`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock) { configuration, _ in
            configuration.heartbeat = .seconds(15)
        }
        let stream = try fixture.stream("channel=c")
        _ = try stream.messages()
        func comments(after time: Duration) throws -> Int {
            try clock.pass(time, turning: fixture.loop)
            _ = try stream.messages()
            return stream.events.commentCount
        }
        #expect(try comments(after: .seconds(13)) == 0)
        #expect(try comments(after: .seconds(3)) == 1)
        #expect(try comments(after: .seconds(15)) == 2)
        #expect(try comments(after: .seconds(15)) == 3)
    }

    @Test func `a drained stream ends in order, even in the middle of an event`() throws {
        let fixture = try DownstreamFixture()
        let stream = try fixture.stream("channel=c")
        let blocked = try fixture.stream("channel=c")
        blocked.client.narrow()
        let large = "\"" + String(repeating: "x", count: 200_000) + "\""
        fixture.publish("c", "large", large)
        try fixture.settle()
        fixture.publish("c", "never", large)
        try fixture.settle()
        fixture.downstream.drain()
        try fixture.settle()
        #expect(try blocked.names() == ["pusher:subscription_succeeded", "large"])
        #expect(blocked.isEnded)
        _ = try stream.messages()
        #expect(stream.isEnded)
        #expect(fixture.downstream.streamCount == 0 && fixture.hub.readerCount == 0)
        #expect(try fixture.http().get("/events?channel=c").status == 503)
    }
}
