// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct HTTPTests {
    @Test(arguments: [
        ("/nothing", 404, "not-found"), ("/", 404, "not-found"), ("/events/", 404, "not-found"),
        ("/channels/c", 404, "not-found"), ("/%zz", 404, "not-found"),
        ("/a/../b", 404, "not-found"),
        ("/events", 400, "bad-channel"), ("/poll", 400, "bad-channel"),
        ("/events?channel=", 400, "bad-channel"), ("/events?channel=a%20b", 400, "bad-channel"),
        ("/events?channel=%zz", 400, "bad-query"), ("/events?channel=other", 403, "forbidden"),
        ("/events?channel=c&channel=other", 403, "forbidden"),
        ("/events?channel=c&after=x", 400, "bad-position"),
        ("/events?channel=c&after=", 400, "bad-position"),
        ("/poll?channel=c&after=7-", 400, "bad-position"),
        ("/events?channel=c&last=-1", 400, "bad-query"),
        ("/events?channel=c&last=1&last=2", 400, "bad-query"),
        ("/events?channel=c&format=xml", 400, "bad-query"),
        ("/poll?channel=c&wait=soon", 400, "bad-query"),
        ("/poll?channel=c&limit=", 400, "bad-query"),
        ("/channels/other/members", 403, "forbidden"),
        ("/channels//members", 400, "bad-channel"),
        ("/channels/a%2Fb/members", 400, "bad-channel"),
    ])
    func `a refusal has a reason, and the connection is kept alive`(
        target: String, status: Int, word: String
    ) throws {
        let client = try DownstreamFixture().http()
        let refusal = try client.get(target)
        #expect(refusal.status == status && member(refusal.body, "error") == word)
        #expect(member(refusal.body, "message")?.isEmpty == false)
        #expect(refusal.fields.first("Content-Type") == "application/json")
        #expect(try client.get("/healthz").body == Array("ok\n".utf8))
    }

    @Test(arguments: [99, 100, 101])
    func `the channels of a request are limited`(count: Int) throws {
        let names = (0..<count).map { "channel=presence-\($0)" }.joined(separator: "&")
        let response = try DownstreamFixture().http().get("/poll?\(names)&channel=presence-0")
        #expect(response.status == (count <= ReadRequest.channelLimit ? 200 : 400))
    }

    @Test(arguments: ["/events", "/poll", "/channels/c/members", "/healthz", "/readyz"])
    func `a route reports its methods`(path: String) throws {
        let client = try DownstreamFixture().http()
        for method in ["POST", "DELETE", "get", "PATCH"] {
            let refused = try client.request(
                "\(method) \(path)?channel=c HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
            #expect(refused.status == 405)
            #expect(refused.fields.first("Allow") == "GET, HEAD")
        }
        let options = try client.request("OPTIONS \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(options.status == 204 && options.fields.first("Allow") == "GET, HEAD")
        let all = try client.request("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(all.status == 204 && all.fields.contains("Allow"))
    }

    @Test func `HEAD is answered with the head only, and the connection is kept alive`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        for target in ["/poll?channel=c", "/channels/c/members", "/healthz", "/nothing"] {
            let full = try client.get(target)
            let head = try client.request(
                "HEAD \(target) HTTP/1.1\r\nHost: h\r\n\r\n", isHEAD: true)
            #expect(head.status == full.status && head.body.isEmpty)
            #expect(head.fields.first("Content-Length") == String(full.body.count))
        }
        let stream = try client.request(
            "HEAD /events?channel=c HTTP/1.1\r\nHost: h\r\n\r\n", isHEAD: true)
        #expect(stream.fields.first("Content-Type") == "text/event-stream; charset=utf-8")
        #expect(fixture.downstream.streamCount == 0)
        #expect(try client.get("/healthz").status == 200)
    }

    @Test(arguments: [
        ("HTTP/1.1", "", false), ("HTTP/1.1", "Connection: close\r\n", true),
        ("HTTP/1.0", "", true), ("HTTP/1.0", "Connection: keep-alive\r\n", false),
    ])
    func `the connection closes after the answer if the request asks for it`(
        version: String, fields: String, closes: Bool
    ) throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        client.send("GET /healthz \(version)\r\nHost: h\r\n\(fields)\r\n")
        let (bytes, isEnded) = try client.read()
        #expect(String(decoding: bytes, as: UTF8.self).hasSuffix("\r\n\r\nok\n"))
        #expect(isEnded == closes)
        #expect(fixture.downstream.http.connectionCount == (closes ? 0 : 1))
    }

    @Test func `pipelined requests are answered in order, also behind a long poll`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let first = try client.get("/poll?channel=c")
        let position = member(first.body, "position") ?? ""
        client.send(
            "GET /poll?channel=c&wait=50&after=\(position) HTTP/1.1\r\nHost: h\r\n\r\n"
                + "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\n")
        #expect(try client.responses().isEmpty)
        fixture.publish("c", "hello")
        let responses = try client.responses()
        #expect(responses.map(\.status) == [200, 200])
        #expect(responses.first.map { column($0.body, "event") } == ["hello"])
        client.send("\r\n")
        #expect(try client.response().status == 404)
    }

    @Test func `many requests behind a long poll wait in the kernel, and none is lost`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        client.send("GET /poll?channel=c&wait=50&after=now HTTP/1.1\r\nHost: h\r\n\r\n")
        let one = "GET /healthz HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "x", count: 900))"
        for _ in 0..<60 {
            client.send(one + "\r\n\r\n")
            try fixture.settle()
        }
        #expect(try client.responses().isEmpty)
        fixture.publish("c", "hello")
        #expect(try client.responses().map(\.status) == [Int](repeating: 200, count: 61))
    }

    @Test func `a stream behind other requests begins when they are answered`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let one = "GET /healthz HTTP/1.1\r\nHost: h\r\nX: \(String(repeating: "x", count: 9000))"
        client.send("GET /poll?channel=c&wait=50&after=now HTTP/1.1\r\nHost: h\r\n\r\n")
        client.send(one + "\r\n\r\n" + one + "\r\n\r\n")
        client.send("GET /events?channel=c HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.responses().isEmpty)
        fixture.publish("c", "hello")
        let text = try client.text()
        #expect(text.contains("text/event-stream") && fixture.downstream.streamCount == 1)
        client.pair.close()
        try fixture.settle()
        #expect(fixture.downstream.streamCount == 0)
    }

    @Test func `Expect 100-continue is answered before the body`() throws {
        let client = try DownstreamFixture().http()
        let head = "POST /nothing HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
        client.send(head + "Content-Length: 3\r\n\r\n")
        #expect(try client.text() == "HTTP/1.1 100 Continue\r\n\r\n")
        client.send("abc")
        #expect(try client.response().status == 404)
        client.send(head + "Content-Length: 10241\r\n\r\n")
        let (bytes, isEnded) = try client.read()
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("HTTP/1.1 413 ") && isEnded)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET /\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 505),
        ("GET / HTTP/1.1\r\nHost: h\r\nX: LONG\r\n\r\n", 431),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10241\r\n\r\n", 413),
        ("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    ])
    func `an invalid request is answered and ends the connection`(
        request: String, status: Int
    ) throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        client.send(request.replacing("LONG", with: String(repeating: "x", count: 17_000)))
        let (bytes, isEnded) = try client.read()
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("HTTP/1.1 \(status) "))
        #expect(isEnded && fixture.downstream.http.connectionCount == 0)
        #expect(fixture.downstream.tally.refusals == 1)
    }

    @Test func `an incomplete request is refused with 408 after its timeout`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock) { configuration, _ in
            configuration.limits.headerTime = .seconds(2)
        }
        for first in ["GET /heal", "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\nGET /heal"] {
            let client = try fixture.http()
            client.send(first)
            try fixture.settle()
            try clock.pass(.milliseconds(1_999), turning: fixture.loop)
            #expect(try !client.text().contains(" 408 "))
            try clock.pass(.milliseconds(1), turning: fixture.loop)
            #expect(try client.text().contains(" 408 "))
        }
        try fixture.settle()
        #expect(fixture.downstream.http.connectionCount == 0)
    }

    @Test func `a connection without a request is closed without an answer`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock) { configuration, _ in
            configuration.limits.headerTime = .seconds(2)
            configuration.limits.idleTime = .seconds(3)
        }
        let silent = try fixture.http()
        try clock.pass(.milliseconds(1_999), turning: fixture.loop)
        #expect(silent.pair.receive() == [])
        try clock.pass(.milliseconds(1), turning: fixture.loop)
        #expect(silent.pair.receive() == nil)
        let resting = try fixture.http()
        #expect(try resting.get("/healthz").status == 200)
        try clock.pass(.milliseconds(2_999), turning: fixture.loop)
        #expect(resting.pair.receive() == [])
        try clock.pass(.milliseconds(1), turning: fixture.loop)
        #expect(resting.pair.receive() == nil)
        #expect(fixture.downstream.http.connectionCount == 0)
    }

    @Test func `an answer to a stalled client is cut, one that is read slowly is not`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock) { configuration, hub in
            configuration.stall = .seconds(4)
            hub.log.bytes = 4 << 20
        }
        _ = try fixture.stream("channel=c").messages()
        let large = "\"" + String(repeating: "x", count: 9000) + "\""
        for _ in 0..<50 { fixture.publish("c", "large", large) }
        try fixture.settle()
        let target = "GET /poll?channel=c&after=earliest HTTP/1.1\r\nHost: h\r\n\r\n"
        let dead = try fixture.http()
        dead.narrow()
        dead.send(target)
        try fixture.settle()
        try clock.pass(.milliseconds(3_900), turning: fixture.loop)
        #expect(fixture.downstream.http.connectionCount == 1)
        try clock.pass(.milliseconds(1_100), turning: fixture.loop)
        #expect(fixture.downstream.http.connectionCount == 0)
        let slow = try fixture.http()
        slow.narrow()
        slow.send(target)
        var parser = HTTPResponseParser(limits: HTTPLimits(bodyBytes: .max))
        var response: HTTPResponse?
        try run(
            fixture.loop,
            until: {
                clock.pass(.milliseconds(500))
                let bytes = slow.pair.receive(20_000) ?? []
                parser.append(bytes.span)
                response = try parser.next()
                return response != nil
            })
        #expect(response.map { column($0.body, "event").count } == 50)
    }

    @Test func `a client that disconnects during a wait is released immediately`() throws {
        let fixture = try DownstreamFixture()
        for behind in ["", "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"] {
            let client = try fixture.http()
            client.send("GET /poll?channel=c&wait=50&after=now HTTP/1.1\r\nHost: h\r\n\r\n")
            client.send(behind)
            try fixture.settle()
            #expect(fixture.hub.readerCount == 1)
            client.pair.close()
            // Not necessarily in one turn: a process started by another test has the client's end
            // open too, until its program begins.
            try run(fixture.loop, until: { fixture.hub.readerCount == 0 })
            #expect(fixture.downstream.http.connectionCount == 0)
        }
        fixture.subscribes = false
        for target in ["/poll?channel=d", "/channels/d/members"] {
            let waiting = try fixture.http()
            waiting.send("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
            try fixture.settle()
            #expect(fixture.hub.readerCount == 1)
            waiting.pair.close()
            try run(fixture.loop, until: { fixture.hub.readerCount == 0 })
        }
    }

    @Test func `a drain answers waiting requests and closes idle connections`() throws {
        let fixture = try DownstreamFixture()
        let resting = try fixture.http()
        #expect(try resting.get("/healthz").status == 200)
        let polling = try fixture.http()
        polling.send("GET /poll?channel=c&wait=50&after=now HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        fixture.subscribes = false
        let waiting = try fixture.http()
        waiting.send("GET /poll?channel=d HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        fixture.downstream.drain()
        try fixture.settle()
        #expect(resting.pair.receive() == nil)
        let answer = try polling.response()
        #expect(answer.status == 200 && answer.fields.hasToken("Connection", "close"))
        let refusal = try waiting.response()
        #expect(refusal.status == 503 && refusal.fields.contains("Retry-After"))
        #expect(fixture.downstream.http.connectionCount == 0 && fixture.hub.readerCount == 0)
    }

    @Test func `members, health and readiness are served`() throws {
        let fixture = try DownstreamFixture()
        fixture.members = [Member(userID: "ana", userInfo: Array(#"{"n":1}"#.utf8))]
        let client = try fixture.http()
        let members = try client.get("/channels/presence-a/members")
        #expect(
            String(decoding: members.body, as: UTF8.self)
                == #"{"channel":"presence-a","count":1,"members":[{"user_id":"ana","#
                + #""user_info":{"n":1},"via":["channels"]}],"position":"7-1","upstream":"connected"}"#
        )
        #expect(try client.get("/readyz").status == 200)
        fixture.subscribes = false
        let away = try client.get("/readyz")
        #expect(away.status == 503 && away.body == Array("away\n".utf8))
    }

    @Test func `other routes are answered by another service, now or later`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        client.send("POST /other/thing HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}")
        try fixture.settle()
        let (path, reply) = try #require(fixture.others.first)
        #expect(path == "/other/thing")
        reply(HTTPResponse(status: 202, fields: [:], body: []))
        #expect(try client.response().status == 202)
    }
}
