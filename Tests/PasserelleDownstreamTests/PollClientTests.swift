// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Polls as real clients send them.
struct PollClientTests {
    private func position(_ response: HTTPResponse) -> String {
        member(response.body, "position") ?? "none"
    }

    /// A client that uses only `ETag` and `If-None-Match`.
    private struct Browser {
        let client: Client
        let target: String
        var form = ("HTTP/1.1", "")
        var tag: String?
        var received: [String] = []

        init(_ client: Client, _ target: String) {
            self.client = client
            self.target = target
        }

        /// Polls once and returns the status.
        mutating func poll() throws -> Int {
            let held = tag.map { "If-None-Match: \($0)\r\n" } ?? ""
            let answer = try client.request(
                "GET \(target) \(form.0)\r\nHost: h\r\n\(held)\(form.1)\r\n")
            tag = answer.fields.first("ETag")
            if answer.status == 200 { received += column(answer.body, "event") }
            return answer.status
        }
    }

    @Test func `a client with plain conditional GETs receives each event once, in order`() throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = 20 }
        var browser = Browser(try fixture.http(), "/poll?channel=c&channel=d&limit=3")
        #expect(try browser.poll() == 200)
        #expect(try browser.poll() == 304 && browser.poll() == 304)
        var random = SeededRandom(seed: 4)
        var sent: [String] = []
        for number in 0..<300 {
            for step in 0..<Int.random(in: 0..<4, using: &random) {
                sent.append("\(number).\(step)")
                fixture.publish(Bool.random(using: &random) ? "c" : "d", "\(number).\(step)")
            }
            let status = try browser.poll()
            #expect(status == 200 || browser.received.count == sent.count)
        }
        while try browser.poll() == 200 {}
        #expect(browser.received == sent)
        for number in 0..<30 { fixture.publish("c", "\(number)") }
        #expect(try browser.poll() == 200)
        #expect(browser.received.suffix(4) == ["passerelle:gap", "10", "11", "12"])
        while try browser.poll() == 200 {}
        #expect(browser.received.suffix(17) == (13..<30).map(String.init)[...])
    }

    @Test func `the pages of several channels continue in the order of arrival`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        var at = position(try client.get("/poll?channel=c&channel=d&channel=e"))
        let sent = (0..<20).map { "\($0)" }
        for (index, name) in sent.enumerated() {
            fixture.publish(["c", "d", "e"][index % 3], name)
        }
        var received: [String] = []
        var isMore = true
        while isMore {
            let answer = try client.get(
                "/poll?channel=e&channel=d&channel=c&limit=3&after=\(at)")
            received += column(answer.body, "event")
            isMore = member(answer.body, "more") == "true"
            #expect(isMore == (received.count < 20))
            at = position(answer)
        }
        #expect(received == sent)
    }

    @Test(arguments: [
        ("HTTP/1.1", "", false), ("HTTP/1.1", "Connection: close\r\n", true),
        ("HTTP/1.0", "Connection: keep-alive\r\n", false), ("HTTP/1.0", "", true),
    ])
    func `every kind of connection polls, waits, and receives 304`(
        version: String, fields: String, closes: Bool
    ) throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.subscriptionTimeout = .seconds(60)
        }
        var client = try fixture.http()
        func next() throws -> Client {
            if closes { client = try fixture.http() }
            return client
        }
        func get(_ query: String, _ more: String = "") -> String {
            "GET /poll?channel=c\(query) \(version)\r\nHost: h\r\n\(more)\(fields)\r\n"
        }
        let first = try next().request(get(""))
        #expect(first.fields.hasToken("Connection", "close") == closes)
        if version == "HTTP/1.0", !closes {
            #expect(first.fields.hasToken("Connection", "keep-alive"))
        }
        #expect(!first.fields.contains("Transfer-Encoding"))
        #expect(first.fields.first("Content-Length") == "\(first.body.count)")
        let tag = "If-None-Match: \"\(position(first))\"\r\n"
        #expect(try next().request(get("", tag)).status == 304)
        let waiting = try next()
        waiting.send(get("&wait=50", tag))
        #expect(try waiting.responses().isEmpty)
        fixture.publish("c", "hello")
        let (bytes, isEnded) = try waiting.read()
        #expect(isEnded == closes)
        var parser = HTTPResponseParser(limits: HTTPLimits())
        parser.append(bytes.span)
        let news = try #require(try parser.next())
        #expect(column(news.body, "event") == ["hello"])
    }

    @Test func `HEAD of a poll has the fields of the answer, also for a 304 and a wait`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let at = position(try client.get("/poll?channel=c"))
        func head(_ query: String, _ fields: String = "") -> String {
            "HEAD /poll?channel=c\(query) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n"
        }
        let tag = "If-None-Match: \"\(at)\"\r\n"
        let same = try client.request(head("", tag), isHEAD: true)
        #expect(same.status == 304 && same.fields.first("ETag") == "\"\(at)\"")
        client.send(head("&wait=50", tag))
        #expect(try client.responses(isHEAD: true).isEmpty)
        fixture.publish("c", "hello")
        let news = try client.response(isHEAD: true)
        #expect(news.status == 200 && news.body.isEmpty)
        #expect(news.fields.first("ETag") == "\"\(fixture.hub.position.text)\"")
        let full = try client.get("/poll?channel=c&wait=50", tag)
        #expect(news.fields.first("Content-Length") == "\(full.body.count)")
    }

    @Test func `a waiting poll is answered in the turn of its event`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let at = position(try client.get("/poll?channel=c"))
        client.send("GET /poll?channel=c&wait=50&after=\(at) HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        fixture.loop.execute { fixture.publish("c", "hello") }
        try fixture.loop.runOnce(timeout: .zero)
        let bytes = client.pair.receive() ?? []
        #expect(String(decoding: bytes, as: UTF8.self).contains(#""event":"hello""#))
    }

    @Test func `retry_ms is shorter if an event arrived recently`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        func pace(_ query: String) throws -> String? {
            member(try client.get("/poll?channel=c\(query)").body, "retry_ms")
        }
        #expect(try pace("") == "5000")
        let now = fixture.now
        for (seconds, expected) in [(30, "3000"), (4, "1000")] {
            fixture.hub.received(
                "c", event: "old", data: [0x31], userID: nil,
                at: Moment(steady: now.steady - .seconds(seconds), wall: now.wall))
            let milliseconds = try #require(try pace("").flatMap { Int($0) })
            #expect(abs(milliseconds - (Int(expected) ?? 0)) < 200)
        }
        #expect(try pace("&channel=d") == "1000" && pace("&wait=50&after=earliest") == "100")
        #expect(try pace("&limit=1&after=earliest") == "0")
    }

    @Test(arguments: [
        ("after=7", "bad-position"), ("after=-", "bad-position"), ("after=7--1", "bad-position"),
        ("after=7-1-1", "bad-position"), ("after=7-01", "bad-position"),
        ("after=07-1", "bad-position"), ("after=7-1%20", "bad-position"),
        ("after=7-1%00", "bad-query"), ("after=7_1", "bad-position"),
        ("after=Z-1", "bad-position"), ("after=7-0x1", "bad-position"),
        ("after=7-%D9%A1", "bad-position"), ("after=null", "bad-position"),
        ("after=7-18446744073709551616", "bad-position"),
        ("after=3w5e11264sgsg-1", "bad-position"), ("after=LONG", "bad-position"),
        ("after=now&after=now", "bad-query"), ("after=7-1&after=7-1", "bad-query"),
        ("limit=-1", "bad-query"), ("limit=1.5", "bad-query"), ("limit=%2B1", "bad-query"),
        ("wait=1e9", "bad-query"), ("wait=-1", "bad-query"), ("wait=NaN", "bad-query"),
        ("wait=1&wait=1", "bad-query"), ("last=1e3", "bad-query"), ("MANY", "bad-channel"),
        ("ITEMS", "bad-query"),
    ])
    func `an invalid query is refused with 400 and the reason`(query: String, word: String) throws {
        let client = try DownstreamFixture().http()
        let query = query.replacing("LONG", with: String(repeating: "9", count: 5_000))
            .replacing(
                "MANY",
                with: (0..<700).map { "channel=presence-\($0)" }
                    .joined(separator: "&")
            )
            .replacing("ITEMS", with: Array(repeating: "a=b", count: 2_048).joined(separator: "&"))
        let refusal = try client.get("/poll?channel=c&\(query)")
        #expect(refusal.status == 400 && member(refusal.body, "error") == word)
        #expect(member(refusal.body, "message")?.isEmpty == false)
        #expect(try client.get("/poll?channel=c").status == 200)
    }

    @Test func `a request with thousands of channels is refused with 431`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let names = (0..<5_000).map { "channel=presence-\($0)" }.joined(separator: "&")
        client.send("GET /poll?\(names) HTTP/1.1\r\nHost: h\r\n\r\n")
        let (bytes, isEnded) = try client.read()
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("HTTP/1.1 431 ") && isEnded)
        #expect(fixture.hub.channels.isEmpty)
    }

    @Test func `numbers beyond the bounds are clamped`() throws {
        let fixture = try DownstreamFixture { _, hub in hub.log.events = 5_000 }
        let client = try fixture.http()
        _ = try client.get("/poll?channel=c")
        for number in 0..<1_001 { fixture.publish("c", "\(number)") }
        for (query, count) in [
            ("limit=0", 1), ("limit=1", 1), ("limit=999", 999), ("limit=1000", 1_000),
            ("limit=1001", 1_000), ("limit=99999999999999999999", 1_000),
        ] {
            let answer = try client.get("/poll?channel=c&after=earliest&\(query)")
            #expect(column(answer.body, "event").count == count, "\(query)")
        }
        let allowed = try ChannelPatterns("c")
        for (seconds, expected) in [("54", 54), ("55", 55), ("56", 55), ("1000000000", 55)] {
            let request = try ReadRequest(query: "channel=c&wait=\(seconds)", allowed: allowed)
            #expect(request.wait == expected)
        }
        #expect(try client.get("/poll?channel=c&wait=0&after=now").status == 200)
    }

    /// Tags of any shape: none causes an error, and none is mistaken for the newest answer.
    @Test func `a tag of any shape is a position, causes a gap, or is ignored`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        let at = position(try client.get("/poll?channel=c"))
        let strange = [
            "\"", "\"\"", "W/", "W/\"", "\"x\"\(at)\"", "\" \(at)\"", "*", "*, *", "W/*",
            "\"\(at)x\"", "\"0\(at)\"", "\"X\(at)\"", "\"\(at.dropLast(2))\"", "\"7-\"", "\"-1\"",
            "\"7-01\"", "\"7-18446744073709551616\"",
            "\"\(String(repeating: "7", count: 9_000))-1\"",
            String(repeating: "\"a\",", count: 2_000),
        ]
        for tags in strange {
            let answer = try client.get("/poll?channel=c", "If-None-Match: \(tags)\r\n")
            #expect(answer.status == 200, "\(tags.prefix(40))")
            #expect(column(answer.body, "event") == ["passerelle:gap"], "\(tags.prefix(40))")
            #expect(member(answer.body, "members") == "{}", "\(tags.prefix(40))")
        }
        for tags in [
            "\"\(at)\"", "W/\"\(at)\"", "w/\"\(at)\"", "\"\(at)", "\(at)\"", at, "\"\(at)\"\"",
            "W/W/\"\(at)\"", "  \"a\" ,\t\"\(at)\"\t", "\"\(at)\",\"9-9\"",
            "*, \"\(at)\"",
        ] {
            let answer = try client.get("/poll?channel=c", "If-None-Match: \(tags)\r\n")
            #expect(answer.status == 304, "\(tags)")
        }
        for tags in ["", ",", ",,,", " , "] {
            let answer = try client.get("/poll?channel=c", "If-None-Match: \(tags)\r\n")
            #expect(answer.status == 200 && column(answer.body, "event").isEmpty, "\(tags)")
        }
        let twice = "If-None-Match: \"a\"\r\nIf-None-Match: W/\"\(at)\"\r\n"
        #expect(try client.get("/poll?channel=c", twice).status == 304)
    }
}
