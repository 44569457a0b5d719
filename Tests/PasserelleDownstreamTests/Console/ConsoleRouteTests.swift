// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleAdmin
@testable import PasserelleDownstream

/// `/console` and its stream, requested as by an operator's browser.
struct ConsoleRouteTests {
    /// A fixture with a short console interval.
    private func fixture(content: Bool = false, stall: Duration = .seconds(60)) throws
        -> DownstreamFixture
    {
        try DownstreamFixture(showsContent: content, consoleInterval: .milliseconds(5)) {
            configuration, _ in
            configuration.stall = stall
        }
    }

    /// Opens a console.
    private func open(
        _ fixture: DownstreamFixture, _ fields: String = "", version: String = "1.1"
    ) throws -> Stream {
        let client = try fixture.admin()
        client.send("GET /console/events HTTP/\(version)\r\nHost: h\r\n\(fields)\r\n")
        try fixture.settle()
        return Stream(client)
    }

    /// Turns the loop until the console receives a message with that name that satisfies `isRight`.
    @discardableResult
    private func wait(
        _ fixture: DownstreamFixture, _ console: Stream, for name: String,
        where isRight: @escaping ([UInt8]) -> Bool = { _ in true }
    ) throws -> EventStreamMessage {
        var found: EventStreamMessage?
        try run(
            fixture.loop,
            until: {
                let messages = try console.feed(console.client.pair.receive() ?? [])
                found = found ?? messages.first { $0.event == name && isRight($0.data) }
                return found != nil
            })
        return try #require(found)
    }

    private func refusal(_ word: String, _ message: String) -> String {
        #"{"error":"\#(word)","message":"\#(message)"}"# + "\n"
    }

    @Test(arguments: [
        ("/console", "text/html; charset=utf-8", "<!doctype html>"),
        ("/console/console.css", "text/css; charset=utf-8", "/* SPDX-License-Identifier: MIT */"),
        ("/console/console.js", "text/javascript; charset=utf-8", "// SPDX-License-Identifier"),
    ])
    func `the page and its files have a policy that permits connections to the gateway only`(
        path: String, type: String, begin: String
    ) throws {
        let fixture = try fixture()
        let answer = try fixture.admin().get(path)
        #expect(answer.status == 200 && answer.fields.all("Content-Type") == [type])
        #expect(String(decoding: answer.body, as: UTF8.self).hasPrefix(begin))
        #expect(
            answer.fields.all("Content-Security-Policy") == [
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:;"
                    + " connect-src 'self'; base-uri 'none'; form-action 'none';"
                    + " frame-ancestors 'none'; require-trusted-types-for 'script';"
                    + " trusted-types 'none'"
            ])
        for (name, value) in [
            ("Cache-Control", "no-cache"), ("Cross-Origin-Opener-Policy", "same-origin"),
            ("Cross-Origin-Resource-Policy", "same-origin"), ("Referrer-Policy", "no-referrer"),
            ("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY"),
        ] {
            #expect(answer.fields.all(name) == [value])
        }
        #expect(answer.fields.first("Access-Control-Allow-Origin") == nil)
        let head = try fixture.admin().request(
            "HEAD \(path) HTTP/1.1\r\nHost: h\r\n\r\n", isHEAD: true)
        #expect(
            head.status == 200 && head.body.isEmpty && head.fields.all("Content-Type") == [type])
        #expect(fixture.consoles.count == 0)
    }

    @Test func `the page refers to no other origin`() throws {
        let fixture = try fixture()
        for path in ["/console", "/console/console.css", "/console/console.js"] {
            let text = String(decoding: try fixture.admin().get(path).body, as: UTF8.self)
            // The name of a namespace is not an address.
            let others = text.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(!others.contains("//www") && !others.contains("http:"), "\(path)")
            #expect(!others.contains("https:") && !others.contains("@import"), "\(path)")
            for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("]
            {
                #expect(!others.contains(sink), "\(path): \(sink)")
            }
        }
    }

    @Test func `the root redirects browsers to the console, and lists routes otherwise`() throws {
        let fixture = try fixture()
        let plain = try fixture.admin().get("/")
        #expect(plain.status == 200 && plain.fields.all("Vary") == ["Accept"])
        #expect(String(decoding: plain.body, as: UTF8.self).hasPrefix("/console  "))
        let person = try fixture.admin().get("/", "Accept: text/html,*/*;q=0.8\r\n")
        #expect(person.status == 303 && person.fields.all("Location") == ["console"])
        #expect(person.fields.all("Vary") == ["Accept"])
    }

    @Test func `other methods and paths are refused`() throws {
        let fixture = try fixture()
        for path in ["/console", "/console/console.css", "/console/console.js", "/console/events"] {
            let posted = try fixture.admin().request("POST \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(posted.status == 405 && posted.fields.all("Allow") == ["GET, HEAD"])
            #expect(
                String(decoding: posted.body, as: UTF8.self)
                    == refusal("method-not-allowed", "This route takes GET, HEAD."))
            let options = try fixture.admin().request("OPTIONS \(path) HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(options.status == 204 && options.fields.all("Allow") == ["GET, HEAD"])
            #expect(try fixture.http().get(path).status == 404)
        }
        for path in ["/console/", "/console/x", "/console/events/", "/console/words.js"] {
            #expect(try fixture.admin().get(path).status == 404, "\(path)")
        }
    }

    @Test(arguments: [
        (
            "Sec-Fetch-Site: cross-site", "Only the console's own page can open this stream."
        ),
        ("Sec-Fetch-Site: Same-Site", "Only the console's own page can open this stream."),
        (
            "Origin: https://elsewhere.example",
            "Pages of that origin may not use this gateway; see origins."
        ),
    ])
    func `a page of another site cannot open a stream`(field: String, message: String) throws {
        let fixture = try fixture()
        let answer = try fixture.admin().get("/console/events", field + "\r\n")
        #expect(answer.status == 403)
        #expect(String(decoding: answer.body, as: UTF8.self) == refusal("forbidden", message))
        #expect(fixture.consoles.count == 0)
    }

    @Test func `a console receives the state at once, and again at each interval`() throws {
        let fixture = try fixture()
        fixture.version = "9.8.7"
        let reader = try fixture.stream("channel=presence-x")
        fixture.publish("presence-x", "new-message")
        _ = try reader.names()
        let console = try open(fixture, "Sec-Fetch-Site: same-origin\r\n")
        let received = try console.messages()
        #expect(received.prefix(2).map(\.event) == ["state", "events"])
        #expect(console.events.retry == 1000)
        let head = try #require(console.head)
        #expect(head.status == 200)
        #expect(head.fields.all("Content-Type") == ["text/event-stream; charset=utf-8"])
        #expect(head.fields.all("Cross-Origin-Resource-Policy") == ["same-origin"])
        #expect(head.fields.all("X-Content-Type-Options") == ["nosniff"])
        let state = received[0].data
        #expect(member(state, "version") == "9.8.7")
        #expect(member(state, "upstream", "state") == "connecting")
        #expect(member(state, "readers") == #"{"sse":1,"poll":0,"line":0}"#)
        // The members and the message.
        #expect(member(state, "deliveries", "sse") == "2")
        #expect(member(state, "events") == "1")
        #expect(column(received[1].data, "event") == ["new-message"])
        fixture.publish("presence-x", "new-request")
        let news = try wait(fixture, console, for: "events")
        #expect(column(news.data, "event") == ["new-request"])
        try wait(fixture, console, for: "state") { member($0, "deliveries", "sse") == "3" }
    }

    @Test func `the timer runs only while a console is open`() throws {
        let fixture = try fixture()
        let consoles = fixture.consoles
        #expect(!consoles.isTicking)
        let one = try open(fixture)
        let other = try open(fixture)
        #expect(consoles.count == 2 && consoles.isTicking)
        one.close()
        try run(fixture.loop, until: { consoles.count == 1 })
        #expect(consoles.isTicking)
        other.close()
        try run(fixture.loop, until: { consoles.count == 0 })
        #expect(!consoles.isTicking)
        // A HEAD request is answered with the head and opens no console.
        let client = try fixture.admin()
        let head = try client.request(
            "HEAD /console/events HTTP/1.1\r\nHost: h\r\n\r\n", isHEAD: true)
        #expect(head.status == 200 && consoles.count == 0 && !consoles.isTicking)
        #expect(head.fields.all("Content-Type") == ["text/event-stream; charset=utf-8"])
        #expect(try client.get("/healthz").status == 200)
    }

    @Test(arguments: [-1, 0, 1])
    func `consoles are limited, and a further one replaces the oldest`(
        more: Int
    ) throws {
        let fixture = try fixture()
        var all: [Stream] = []
        for _ in 0..<Consoles.limit + more { all.append(try open(fixture)) }
        #expect(fixture.consoles.count == min(8, 8 + more))
        let first = try all[0].messages()
        try run(
            fixture.loop, until: { fixture.consoles.count == min(8, 8 + more) })
        #expect(!first.isEmpty)
        #expect(fixture.downstream.refusalCounts[.operatorConnections] == (more == 1 ? 1 : 0))
        for console in all.dropFirst() { #expect(try !console.messages().isEmpty) }
        all[all.count - 1].close()
        try run(
            fixture.loop, until: { fixture.consoles.count == 7 + min(0, more) })
    }

    @Test func `content is shown only if it is enabled`() throws {
        for content in [false, true] {
            let fixture = try fixture(content: content)
            fixture.members = [
                Member(userID: "usr_7", userInfo: Array(#"{"name":"a-private-name"}"#.utf8))
            ]
            _ = try fixture.stream("channel=presence-x")
            fixture.publish("presence-x", "new-message", #""a-private-word""#)
            let console = try open(fixture)
            var text = ""
            for message in try console.messages() {
                text += String(decoding: message.data, as: UTF8.self)
            }
            fixture.publish("presence-x", "client-typing", #""a-typed-word""#)
            text += String(decoding: try wait(fixture, console, for: "events").data, as: UTF8.self)
            #expect(text.contains("usr_7") && text.contains("new-message"))
            for words in ["a-private-name", "a-private-word", "a-typed-word"] {
                #expect(text.contains(words) == content, "\(words)")
            }
        }
    }

    @Test func `readers and deliveries are counted for each surface`() throws {
        let fixture = try fixture()
        let stream = try fixture.stream("channel=c")
        fixture.publish("c", "e")
        _ = try stream.names()
        _ = try fixture.http().get("/poll?channel=c&last=1")
        let line = try fixture.line()
        line.send("SUBSCRIBE c last=1\n")
        _ = try line.lines()
        let poll = try fixture.http()
        poll.send(
            "GET /poll?channel=c&after=\(fixture.hub.position.text)&wait=9 HTTP/1.1\r\nHost: h\r\n\r\n"
        )
        try fixture.settle()
        #expect(try fixture.http().get("/poll?channel=f").status == 403)
        let state = try open(fixture).messages()[0].data
        #expect(member(state, "readers") == #"{"sse":1,"poll":1,"line":1}"#)
        // A stream and a line subscription also receive the members.
        #expect(member(state, "deliveries") == #"{"sse":2,"poll":1,"line":2}"#)
        #expect(member(state, "refusals") == "1")
    }

    @Test func `channels with more readers come first, and events do not reorder them`() throws {
        let fixture = try DownstreamFixture()
        _ = try fixture.stream("channel=d")
        for name in ["b", "a", "said", "newer"] {
            _ = fixture.hub.requestChannel(named: name, at: fixture.now)
            fixture.hub.subscribed(name, members: nil, at: fixture.now)
        }
        fixture.publish("said", "e")
        fixture.publish("newer", "client-e")
        let channels = ConsoleChannel.first(in: fixture.hub)
        #expect(channels.map(\.name) == ["d", "a", "b", "newer", "said"])
        #expect(channels.map(\.readers) == [1, 0, 0, 0, 0])
        #expect(channels[4].events == 1 && channels[4].bytes > 640)
    }

    @Test func `a console that reconnects receives the held events in their current form`() throws {
        let fixture = try fixture(content: true)
        _ = try fixture.stream("channel=c")
        fixture.hub.received(
            "c", event: "new-message", data: Array("1".utf8), userID: nil, key: "m", at: fixture.now
        )
        let first = try open(fixture)
        _ = try first.messages()
        first.close()
        fixture.hub.received(
            "c", event: "message-deleted", data: Array("2".utf8), userID: nil, retracts: "m",
            at: fixture.now)
        let second = try open(fixture, "Last-Event-ID: 7-2\r\n")
        let received = try wait(fixture, second, for: "events").data
        #expect(column(received, "retracted") == ["true", "nothing"])
        #expect(
            column(received, "data") == ["nothing", "2"] && member(received, "fresh") == "true")
    }

    /// Hosts, and if the console answers for them under each rule.
    @Test(arguments: [
        ("localhost:8081", true, true), ("127.0.0.1:8081", true, true), ("[::1]", true, true),
        ("10.0.0.5:8081", false, true), ("[fd00::1]:8081", false, true),
        ("ops.example:8081", false, true), ("evil.example", false, false),
        ("10.0.0.5.evil.example", false, false), ("", false, false),
    ])
    func `a host name that is not allowed does not reach a console`(
        host: String, isOwn: Bool, isOpen: Bool
    ) {
        let request = HTTPRequest(method: "GET", target: "/console", fields: ["Host": host])
        for (hosts, isAnswered) in [
            (OriginRules.Hosts.loopback, isOwn), (.addresses(["ops.example"]), isOpen),
        ] {
            var rules = OriginRules()
            rules.hosts = hosts
            #expect(((try? rules.checkHost(of: request)) != nil) == isAnswered, "\(host) \(hosts)")
        }
    }

    @Test func `an HTTP 1.0 console is not chunked and ends with the connection`() throws {
        let fixture = try fixture()
        let console = try open(fixture, version: "1.0")
        let received = try console.messages()
        #expect(received.first?.event == "state")
        #expect(console.head?.fields.first("Transfer-Encoding") == nil)
        fixture.downstream.drain()
        #expect(fixture.consoles.count == 0)
        _ = try console.client.read()
        #expect(console.client.pair.receive() == nil)
    }

    @Test func `a drain ends consoles and refuses new ones`() throws {
        let fixture = try fixture()
        let console = try open(fixture)
        let later = try fixture.admin()
        later.send("GET /console/events HTTP/1.1\r\nHost: h\r\n")
        try fixture.settle()
        fixture.downstream.drain()
        _ = try console.messages()
        #expect(console.isEnded && fixture.consoles.count == 0)
        #expect(!fixture.consoles.isTicking)
    }
}
