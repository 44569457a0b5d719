// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct PollTests {
    private func position(_ response: HTTPResponse) -> String {
        member(response.body, "position") ?? "none"
    }

    @Test func `a first poll returns the newest position, the members, and the past if requested`()
        throws
    {
        let fixture = try DownstreamFixture()
        fixture.members = [Member(userID: "ana", userInfo: nil)]
        let client = try fixture.http()
        let first = try client.get("/poll?channel=presence-a&channel=c&wait=50")
        #expect(first.status == 200)
        #expect(first.fields.first("Cache-Control") == "private, no-cache, no-transform")
        #expect(first.fields.first("Content-Type") == "application/json")
        #expect(position(first) == fixture.hub.position.text)
        #expect(first.fields.first("ETag") == "\"\(fixture.hub.position.text)\"")
        #expect(
            member(first.body, "members")
                == #"{"presence-a":{"count":1,"ids":["ana"],"hash":{"ana":null}}}"#)
        #expect(column(first.body, "id").isEmpty && member(first.body, "more") == "false")
        #expect(member(first.body, "retry_ms") == "100")
        #expect(member(first.body, "wait") == "25")
        for name in ["one", "two"] { fixture.publish("presence-a", name) }
        fixture.join("presence-a", "ben")
        let past = try client.get("/poll?channel=presence-a&last=1")
        #expect(column(past.body, "event") == ["two"] && position(past) == "7-5")
        #expect(member(past.body, "members", "presence-a", "count") == "2")
        let second = try client.get("/poll?channel=presence-a&after=\(position(first))")
        #expect(column(second.body, "event") == ["one", "two", "pusher:member_added"])
        #expect(member(second.body, "members") == nil && position(second) == "7-5")
    }

    @Test func `pages have more set until the last, and no event is lost between them`() throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.bytes = 8 << 20 }
        let client = try fixture.http()
        var at = position(try client.get("/poll?channel=c"))
        for number in 0..<25 { fixture.publish("c", "\(number)") }
        var received: [[String]] = []
        var mores: [String?] = []
        while received.isEmpty || mores.last == "true" {
            let answer = try client.get("/poll?channel=c&limit=10&after=\(at)")
            received.append(column(answer.body, "event"))
            mores.append(member(answer.body, "more"))
            #expect(member(answer.body, "retry_ms") == (mores.last == "true" ? "0" : "1000"))
            at = position(answer)
        }
        #expect(received.map(\.count) == [10, 10, 5] && mores == ["true", "true", "false"])
        #expect(received.flatMap(\.self) == (0..<25).map(String.init))
        let large = "\"" + String(repeating: "x", count: 10_000) + "\""
        for number in 0..<70 { fixture.publish("c", "\(number)", large) }
        let bounded = try client.get("/poll?channel=c&after=\(at)")
        #expect(bounded.body.count <= 524_288 + 200 && member(bounded.body, "more") == "true")
        let rest = try client.get("/poll?channel=c&after=\(position(bounded))")
        let all = column(bounded.body, "event") + column(rest.body, "event")
        #expect(all == (0..<70).map(String.init))
    }

    @Test(arguments: [
        #""POSITION""#, #"W/"POSITION""#, #""abc", "POSITION""#, #""7-0",W/"POSITION" "#,
    ])
    func `a client with the newest answer receives 304, and later new events`(
        tags: String
    ) throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let at = position(try client.get("/poll?channel=c"))
        let field = "If-None-Match: \(tags.replacing("POSITION", with: at))\r\n"
        fixture.hub.subscribed("e", members: nil, at: fixture.now)
        let same = try client.get("/poll?channel=c", field)
        #expect(same.status == 304 && same.body.isEmpty)
        #expect(same.fields.first("ETag") == "\"\(at)\"")
        #expect(same.fields.first("Cache-Control") == "private, no-cache, no-transform")
        #expect(try client.get("/poll?channel=c&after=\(at)", field).status == 304)
        fixture.publish("c", "hello")
        let news = try client.get("/poll?channel=c", field)
        #expect(news.status == 200 && column(news.body, "event") == ["hello"])
        #expect(fixture.downstream.tally.notModified == 2)
    }

    /// A client that repeats the same URL and sends the tag of its last answer.
    @Test(arguments: ["after=now", "after=earliest", "last=5", "after=POSITION"])
    func `a tag overrides the start in the URL`(start: String) throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let position = position(try client.get("/poll?channel=c"))
        let target = "/poll?channel=c&" + start.replacing("POSITION", with: position)
        fixture.publish("c", "before")
        var tag = ""
        var received: [String] = []
        for number in 1...3 {
            let answer = try client.get(target, tag)
            received += column(answer.body, "event")
            tag = "If-None-Match: \(answer.fields.first("ETag") ?? "")\r\n"
            #expect(try client.get(target, tag).status == 304)
            fixture.publish("c", "\(number)")
        }
        received += column(try client.get(target, tag).body, "event")
        #expect(received.suffix(3) == ["1", "2", "3"])
        #expect(received.count { $0 == "before" } == (start == "after=now" ? 0 : 1))
    }

    @Test func `a poll starts at a position that is newer than the tag`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let old = position(try client.get("/poll?channel=c"))
        fixture.publish("c", "1")
        let new = position(try client.get("/poll?channel=c&after=\(old)"))
        fixture.publish("c", "2")
        let field = "If-None-Match: \"\(old)\"\r\n"
        let answer = try client.get("/poll?channel=c&after=\(new)", field)
        #expect(column(answer.body, "event") == ["2"])
        let unknown = try client.get("/poll?channel=c&after=zzzz-1", field)
        #expect(column(unknown.body, "event").first == "passerelle:gap")
    }

    @Test func `events of other channels do not change the tag`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let at = position(try client.get("/poll?channel=c"))
        _ = try client.get("/poll?channel=d")
        fixture.publish("d", "hello")
        #expect(try client.get("/poll?channel=c", "If-None-Match: \"\(at)\"\r\n").status == 304)
    }

    @Test func `an answer with a gap has the members`() throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = 2 }
        let client = try fixture.http()
        let at = position(try client.get("/poll?channel=presence-a"))
        for number in 0..<4 { fixture.publish("presence-a", "\(number)") }
        for old in [at, "9-9"] {
            let answer = try client.get("/poll?channel=presence-a&after=\(old)")
            #expect(column(answer.body, "event") == ["passerelle:gap", "2", "3"])
            #expect(member(answer.body, "members", "presence-a", "count") == "0")
            let next = try client.get("/poll?channel=presence-a&after=\(position(answer))")
            #expect(column(next.body, "event").isEmpty && member(next.body, "members") == nil)
        }
        let tag = try client.get("/poll?channel=presence-a", "If-None-Match: \"9-9\"\r\n")
        #expect(column(tag.body, "event").first == "passerelle:gap")
    }

    @Test func `a poll with an unknown position returns one gap per channel, once`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        _ = try client.get("/poll?channel=c&channel=d")
        let gap = try client.get("/poll?channel=c&channel=d&after=9-9")
        #expect(column(gap.body, "event") == ["passerelle:gap", "passerelle:gap"])
        var at = position(gap)
        for _ in 0..<3 { at = position(try client.get("/poll?channel=c&channel=d&after=\(at)")) }
        let quiet = try client.get("/poll?channel=c&channel=d&after=\(at)")
        #expect(column(quiet.body, "event").isEmpty)
    }

    @Test func `a waiting poll is answered with all events of the turn`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let at = position(try client.get("/poll?channel=c"))
        for request in ["/poll?channel=c&wait=50&after=\(at)", "/poll?channel=c&wait=50&after=now"]
        {
            client.send("GET \(request) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.responses().isEmpty)
            fixture.publish("d", "elsewhere")
            #expect(try client.responses().isEmpty)
            for name in ["one", "two"] { fixture.publish("c", name) }
            let answer = try client.response()
            #expect(column(answer.body, "event").suffix(2) == ["one", "two"])
            #expect(fixture.hub.readerCount == 0)
        }
    }

    @Test func `a wait without events ends with 304, or empty if there is no tag`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let at = position(try client.get("/poll?channel=c"))
        client.send(
            "GET /poll?channel=c&wait=1 HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"\(at)\"\r\n\r\n")
        client.send("GET /poll?channel=c&wait=1&after=\(at) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.responses().isEmpty)
        var responses: [HTTPResponse] = []
        try run(
            fixture.loop,
            until: {
                responses += try client.responses()
                return responses.count == 2
            })
        #expect(responses.map(\.status) == [304, 200])
        #expect(column(responses[1].body, "event").isEmpty && position(responses[1]) == at)
    }

    @Test func `a channel that cannot be subscribed is 503, with the reason`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock)
        fixture.subscribes = false
        let client = try fixture.http()
        client.send("GET /poll?channel=c HTTP/1.1\r\nHost: h\r\n\r\n")
        var away: [HTTPResponse] = []
        try run(
            fixture.loop,
            until: {
                clock.pass(.seconds(1))
                away += try client.responses()
                return !away.isEmpty
            })
        #expect(away.first?.status == 503 && away.first?.fields.contains("Retry-After") == true)
        #expect(away.first.flatMap { member($0.body, "error") } == "upstream-unavailable")
        fixture.hub.refused("c", status: 403, message: "no", at: fixture.now)
        let refused = try client.get("/poll?channel=c")
        #expect(refused.status == 503 && refused.fields.contains("Retry-After"))
        #expect(member(refused.body, "error") == "subscription-refused")
        #expect(fixture.downstream.tally.refusals == 2 && fixture.hub.readerCount == 0)
    }

    @Test func `a held channel is answered from the log while the upstream is lost`() throws {
        let fixture = try DownstreamFixture()
        fixture.members = [Member(userID: "ana", userInfo: nil)]
        let client = try fixture.http()
        _ = try client.get("/poll?channel=presence-a")
        fixture.publish("presence-a", "one")
        fixture.join("presence-a", "ben")
        fixture.hub.lost(at: fixture.now)
        let cached = try client.get("/poll?channel=presence-a&last=5")
        #expect(column(cached.body, "event") == ["one"])
        #expect(member(cached.body, "members", "presence-a", "count") == "2")
        fixture.subscribe("presence-a", "ana")
        let back = try client.get("/poll?channel=presence-a&after=\(position(cached))")
        #expect(column(back.body, "event") == ["passerelle:gap", "pusher:member_removed"])
    }

    @Test func `a poll that waits from now while the upstream is lost receives the gap`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        _ = try client.get("/poll?channel=c")
        fixture.hub.lost(at: fixture.now)
        client.send("GET /poll?channel=c&wait=50&after=now HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        #expect(fixture.hub.readerCount == 1)
        fixture.subscribe("c")
        let answer = try client.response()
        #expect(column(answer.body, "event") == ["passerelle:gap"])
        fixture.publish("c", "one")
        let next = try client.get("/poll?channel=c&after=\(position(answer))")
        #expect(column(next.body, "event") == ["one"])
    }

    @Test func `a poll continues where a stream stopped, and a stream where a poll did`() throws {
        let fixture = try DownstreamFixture()
        let stream = try fixture.stream("channel=c")
        _ = try stream.messages()
        fixture.publish("c", "one")
        let id = try stream.messages().last?.id ?? ""
        fixture.publish("c", "two")
        let poll = try fixture.http().get("/poll?channel=c&after=\(id)")
        #expect(column(poll.body, "event") == ["two"])
        fixture.publish("c", "three")
        let again = try fixture.stream(
            "channel=c", fields: "Last-Event-ID: \(position(poll))\r\n")
        #expect(try again.names().dropFirst() == ["three"])
    }

    @Test func `an expired client event does not change the answer`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let at = position(try client.get("/poll?channel=c"))
        fixture.hub.received(
            "c", event: "client-typing", data: [0x31], userID: nil,
            at: Moment(steady: fixture.loop.now - .seconds(10), wall: fixture.now.wall))
        #expect(try client.get("/poll?channel=c", "If-None-Match: \"\(at)\"\r\n").status == 304)
    }
}
