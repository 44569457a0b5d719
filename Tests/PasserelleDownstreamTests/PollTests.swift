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

    @Test func `a first poll gives the newest position, the members, and the past if asked`()
        throws
    {
        let scene = try Scene()
        scene.members = [Member(userID: "ana", userInfo: nil)]
        let client = try scene.http()
        let first = try client.get("/poll?channel=presence-a&channel=c&wait=50")
        #expect(first.status == 200)
        #expect(first.fields.first("Cache-Control") == "private, no-cache")
        #expect(first.fields.first("Content-Type") == "application/json")
        #expect(position(first) == scene.hub.position.text)
        #expect(first.fields.first("ETag") == "\"\(scene.hub.position.text)\"")
        #expect(
            member(first.body, "members")
                == #"{"presence-a":{"count":1,"ids":["ana"],"hash":{"ana":null}}}"#)
        #expect(column(first.body, "id").isEmpty && member(first.body, "more") == "false")
        #expect(member(first.body, "retry_ms") == "100")
        for name in ["one", "two"] { scene.say("presence-a", name) }
        scene.join("presence-a", "ben")
        let past = try client.get("/poll?channel=presence-a&last=1")
        #expect(column(past.body, "event") == ["two"] && position(past) == "7-5")
        #expect(member(past.body, "members", "presence-a", "count") == "2")
        let second = try client.get("/poll?channel=presence-a&after=\(position(first))")
        #expect(column(second.body, "event") == ["one", "two", "pusher:member_added"])
        #expect(member(second.body, "members") == nil && position(second) == "7-5")
    }

    @Test func `what is read in pieces says more, and nothing is lost between them`() throws {
        let scene = try Scene { _, hub in hub.log.bytes = 8 << 20 }
        let client = try scene.http()
        var at = position(try client.get("/poll?channel=c"))
        for number in 0..<25 { scene.say("c", "\(number)") }
        var told: [[String]] = []
        var mores: [String?] = []
        while told.isEmpty || mores.last == "true" {
            let answer = try client.get("/poll?channel=c&limit=10&after=\(at)")
            told.append(column(answer.body, "event"))
            mores.append(member(answer.body, "more"))
            #expect(member(answer.body, "retry_ms") == (mores.last == "true" ? "0" : "1000"))
            at = position(answer)
        }
        #expect(told.map(\.count) == [10, 10, 5] && mores == ["true", "true", "false"])
        #expect(told.flatMap(\.self) == (0..<25).map(String.init))
        let large = "\"" + String(repeating: "x", count: 10_000) + "\""
        for number in 0..<70 { scene.say("c", "\(number)", large) }
        let bounded = try client.get("/poll?channel=c&after=\(at)")
        #expect(bounded.body.count <= 524_288 + 200 && member(bounded.body, "more") == "true")
        let rest = try client.get("/poll?channel=c&after=\(position(bounded))")
        let all = column(bounded.body, "event") + column(rest.body, "event")
        #expect(all == (0..<70).map(String.init))
    }

    @Test(arguments: [
        #""POSITION""#, #"W/"POSITION""#, #""abc", "POSITION""#, #""7-0",W/"POSITION" "#,
    ])
    func `a client that has the newest answer gets 304, and later what came`(
        tags: String
    ) throws {
        let scene = try Scene()
        let client = try scene.http()
        let at = position(try client.get("/poll?channel=c"))
        let field = "If-None-Match: \(tags.replacing("POSITION", with: at))\r\n"
        scene.hub.subscribed("e", members: nil, at: scene.now)
        let same = try client.get("/poll?channel=c", field)
        #expect(same.status == 304 && same.body.isEmpty)
        #expect(same.fields.first("ETag") == "\"\(at)\"")
        #expect(same.fields.first("Cache-Control") == "private, no-cache")
        #expect(try client.get("/poll?channel=c&after=\(at)", field).status == 304)
        scene.say("c", "hello")
        let news = try client.get("/poll?channel=c", field)
        #expect(news.status == 200 && column(news.body, "event") == ["hello"])
        #expect(scene.downstream.tally.notModified == 2)
    }

    /// A client that asks the same URL again and again, and says what it holds.
    @Test(arguments: ["after=now", "after=earliest", "last=5", "after=POSITION"])
    func `a tag leads on from whatever the URL begins with`(start: String) throws {
        let scene = try Scene()
        let client = try scene.http()
        let position = position(try client.get("/poll?channel=c"))
        let target = "/poll?channel=c&" + start.replacing("POSITION", with: position)
        scene.say("c", "before")
        var tag = ""
        var told: [String] = []
        for number in 1...3 {
            let answer = try client.get(target, tag)
            told += column(answer.body, "event")
            tag = "If-None-Match: \(answer.fields.first("ETag") ?? "")\r\n"
            #expect(try client.get(target, tag).status == 304)
            scene.say("c", "\(number)")
        }
        told += column(try client.get(target, tag).body, "event")
        #expect(told.suffix(3) == ["1", "2", "3"])
        #expect(told.count { $0 == "before" } == (start == "after=now" ? 0 : 1))
    }

    @Test func `a position that is newer than the tag is where a poll begins`() throws {
        let scene = try Scene()
        let client = try scene.http()
        let old = position(try client.get("/poll?channel=c"))
        scene.say("c", "1")
        let new = position(try client.get("/poll?channel=c&after=\(old)"))
        scene.say("c", "2")
        let field = "If-None-Match: \"\(old)\"\r\n"
        let answer = try client.get("/poll?channel=c&after=\(new)", field)
        #expect(column(answer.body, "event") == ["2"])
        let unknown = try client.get("/poll?channel=c&after=zzzz-1", field)
        #expect(column(unknown.body, "event").first == "passerelle:gap")
    }

    @Test func `what others hear changes no tag`() throws {
        let scene = try Scene()
        let client = try scene.http()
        let at = position(try client.get("/poll?channel=c"))
        _ = try client.get("/poll?channel=d")
        scene.say("d", "hello")
        #expect(try client.get("/poll?channel=c", "If-None-Match: \"\(at)\"\r\n").status == 304)
    }

    @Test(arguments: ["*", "\"abc\"", "W/abc", "\"\"", "\"7-1"])
    func `a tag that is no position of ours makes a first poll`(tag: String) throws {
        let scene = try Scene()
        let client = try scene.http()
        _ = try client.get("/poll?channel=presence-a")
        let first = try client.get("/poll?channel=presence-a", "If-None-Match: \(tag)\r\n")
        #expect(first.status == 200 && member(first.body, "members") != nil)
    }

    @Test func `a gap carries the members`() throws {
        let scene = try Scene { _, hub in hub.log.events = 2 }
        let client = try scene.http()
        let at = position(try client.get("/poll?channel=presence-a"))
        for number in 0..<4 { scene.say("presence-a", "\(number)") }
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

    @Test func `a poll of an unknown position tells it once, and then goes on from there`() throws {
        let scene = try Scene()
        let client = try scene.http()
        _ = try client.get("/poll?channel=c&channel=d")
        let gap = try client.get("/poll?channel=c&channel=d&after=9-9")
        #expect(column(gap.body, "event") == ["passerelle:gap", "passerelle:gap"])
        var at = position(gap)
        for _ in 0..<3 { at = position(try client.get("/poll?channel=c&channel=d&after=\(at)")) }
        let quiet = try client.get("/poll?channel=c&channel=d&after=\(at)")
        #expect(column(quiet.body, "event").isEmpty)
    }

    @Test func `a poll waits for news, and answers with all that came in the turn`() throws {
        let scene = try Scene()
        let client = try scene.http()
        let at = position(try client.get("/poll?channel=c"))
        for request in ["/poll?channel=c&wait=50&after=\(at)", "/poll?channel=c&wait=50&after=now"]
        {
            client.send("GET \(request) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try client.responses().isEmpty)
            scene.say("d", "elsewhere")
            #expect(try client.responses().isEmpty)
            for name in ["one", "two"] { scene.say("c", name) }
            let answer = try client.response()
            #expect(column(answer.body, "event").suffix(2) == ["one", "two"])
            #expect(scene.hub.readerCount == 0)
        }
    }

    @Test func `a wait without news ends with 304, or with nothing where there is no tag`() throws {
        let scene = try Scene()
        let client = try scene.http()
        let at = position(try client.get("/poll?channel=c"))
        client.send(
            "GET /poll?channel=c&wait=1 HTTP/1.1\r\nHost: h\r\nIf-None-Match: \"\(at)\"\r\n\r\n")
        client.send("GET /poll?channel=c&wait=1&after=\(at) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.responses().isEmpty)
        var responses: [HTTPResponse] = []
        try run(
            scene.loop,
            until: {
                responses += try client.responses()
                return responses.count == 2
            })
        #expect(responses.map(\.status) == [304, 200])
        #expect(column(responses[1].body, "event").isEmpty && position(responses[1]) == at)
    }

    @Test func `a channel that was never heard is 503, and why`() throws {
        let scene = try Scene { configuration, _ in configuration.patience = .milliseconds(10) }
        scene.subscribes = false
        let client = try scene.http()
        client.send("GET /poll?channel=c HTTP/1.1\r\nHost: h\r\n\r\n")
        var away: [HTTPResponse] = []
        try run(
            scene.loop,
            until: {
                away += try client.responses()
                return !away.isEmpty
            })
        #expect(away.first?.status == 503 && away.first?.fields.contains("Retry-After") == true)
        #expect(away.first.flatMap { member($0.body, "error") } == "upstream-unavailable")
        scene.hub.refused("c", status: 403, message: "no", at: scene.now)
        let refused = try client.get("/poll?channel=c")
        #expect(refused.status == 503 && refused.fields.contains("Retry-After"))
        #expect(member(refused.body, "error") == "subscription-refused")
        #expect(scene.downstream.tally.refusals == 2 && scene.hub.readerCount == 0)
    }

    @Test func `a channel that was heard is told from the cache while upstream is away`() throws {
        let scene = try Scene()
        scene.members = [Member(userID: "ana", userInfo: nil)]
        let client = try scene.http()
        _ = try client.get("/poll?channel=presence-a")
        scene.say("presence-a", "one")
        scene.join("presence-a", "ben")
        scene.hub.lost(at: scene.now)
        let cached = try client.get("/poll?channel=presence-a&last=5")
        #expect(column(cached.body, "event") == ["one"])
        #expect(member(cached.body, "members", "presence-a", "count") == "2")
        scene.subscribe("presence-a", "ana")
        let back = try client.get("/poll?channel=presence-a&after=\(position(cached))")
        #expect(column(back.body, "event") == ["passerelle:gap", "pusher:member_removed"])
    }

    @Test func `a poll that waits from now on while upstream is away is told the gap`() throws {
        let scene = try Scene()
        let client = try scene.http()
        _ = try client.get("/poll?channel=c")
        scene.hub.lost(at: scene.now)
        client.send("GET /poll?channel=c&wait=50&after=now HTTP/1.1\r\nHost: h\r\n\r\n")
        try scene.settle()
        #expect(scene.hub.readerCount == 1)
        scene.subscribe("c")
        let answer = try client.response()
        #expect(column(answer.body, "event") == ["passerelle:gap"])
        scene.say("c", "one")
        let next = try client.get("/poll?channel=c&after=\(position(answer))")
        #expect(column(next.body, "event") == ["one"])
    }

    @Test func `a poll goes on where a stream stopped, and a stream where a poll did`() throws {
        let scene = try Scene()
        let stream = try scene.stream("channel=c")
        _ = try stream.messages()
        scene.say("c", "one")
        let id = try stream.messages().last?.id ?? ""
        scene.say("c", "two")
        let poll = try scene.http().get("/poll?channel=c&after=\(id)")
        #expect(column(poll.body, "event") == ["two"])
        scene.say("c", "three")
        let again = try scene.stream(
            "channel=c", fields: "Last-Event-ID: \(position(poll))\r\n")
        #expect(try again.names().dropFirst() == ["three"])
    }

    @Test func `a client event that went stale unheard is no news`() throws {
        let scene = try Scene()
        let client = try scene.http()
        let at = position(try client.get("/poll?channel=c"))
        scene.hub.heard(
            "c", event: "client-typing", data: [0x31], userID: nil,
            at: Moment(steady: scene.loop.now - .seconds(10), wall: scene.now.wall))
        #expect(try client.get("/poll?channel=c", "If-None-Match: \"\(at)\"\r\n").status == 304)
    }
}
