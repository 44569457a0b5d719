// SPDX-License-Identifier: MIT

import PasserelleTesting
import PasserelleDownstream
import PasserelleHub
import PasserelleWire
import Testing

/// Client events over HTTP and lines, with an upstream that records them.
struct SendTests {
    private let typing = #"{"event":"client-typing","data":{"isTyping":true}}"#

    private func post(
        _ client: Client, _ target: String, _ body: String,
        type: String? = "Content-Type: application/json"
    ) throws -> HTTPResponse {
        let field = type.map { $0 + "\r\n" } ?? ""
        return try client.request(
            "POST \(target) HTTP/1.1\r\nHost: h\r\n\(field)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    @Test(arguments: [
        ("http://h", 202), ("https://H", 202), ("http://evil.test", 403), ("null", 403),
        ("http://h.evil.test", 403), ("http://h:81", 403),
    ])
    func `only pages of the gateway's own origin may send`(origin: String, status: Int) throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        let type = "Content-Type: application/json\r\nOrigin: \(origin)"
        let target = "/channels/presence-a/events?user=anne"
        #expect(try post(fixture.http(), target, typing, type: type).status == status)
        #expect(fixture.sent.count == (status == 202 ? 1 : 0))
    }

    @Test func `an event is sent as its user and answered with 202`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        let client = try fixture.http()
        let target = "/channels/presence-a/events?user=anne"
        let accepted = try post(client, target, typing)
        #expect(accepted.status == 202)
        #expect(accepted.body == Array("{}\n".utf8))
        let named = #"{"event":"client-typing","data":{"userId":"anne","isTyping":false}}"#
        #expect(
            try post(client, target, named, type: "content-type: Application/JSON; charset=utf-8")
                .status == 202)
        #expect(try post(client, target, #"{"event":"client-typing"}"#).status == 202)
        #expect(
            fixture.sent == [
                #"presence-a anne client-typing {"isTyping":true,"userId":"anne"}"#,
                #"presence-a anne client-typing {"userId":"anne","isTyping":false}"#,
                #"presence-a anne client-typing {"userId":"anne"}"#,
            ])
    }

    @Test(arguments: [
        (403, "/channels/presence-a/events", #"{"event":"client-typing","data":{}}"#),
        (403, "/channels/presence-a/events?user=anne", #"{"event":"client-other","data":{}}"#),
        (403, "/channels/presence-a/events?user=anne", #"{"event":"new-message","data":{}}"#),
        (
            403, "/channels/presence-a/events?user=anne",
            #"{"event":"client-typing","data":{"userId":"bob"}}"#
        ),
        (
            403, "/channels/presence-a/events?user=anne",
            #"{"event":"client-typing","data":{"userId":"anne","user\u0049d":"bob"}}"#
        ),
        (403, "/channels/c/events?user=anne", #"{"event":"client-typing","data":{}}"#),
        (403, "/channels/secret/events?user=anne", #"{"event":"client-typing","data":{}}"#),
        (403, "/channels/presence-a/events?user=passerelle", #"{"event":"client-typing"}"#),
        (403, "/channels/private-encrypted-a/events?user=anne", #"{"event":"client-typing"}"#),
        (400, "/channels/presence-a/events?user=anne", "typing"),
        (400, "/channels/presence-a/events?user=anne", ""),
        (400, "/channels/presence-a/events?user=anne", #"{"data":{}}"#),
        (400, "/channels/presence-a/events?user=anne", #"{"event":1,"data":{}}"#),
        (400, "/channels/presence-a/events?user=anne", #"{"event":"client-typing","data":"{}"}"#),
        (400, "/channels/presence-a/events?user=anne", #"{"event":"client-typing","data":null}"#),
        (400, "/channels/presence-a/events?user=", #"{"event":"client-typing","data":{}}"#),
        (400, "/channels/presence-a/events?user=a&user=b", #"{"event":"client-typing"}"#),
        (400, "/channels/presence-%20/events?user=anne", #"{"event":"client-typing"}"#),
    ])
    func `an invalid or forbidden event is refused`(status: Int, target: String, body: String)
        throws
    {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        let client = try fixture.http()
        #expect(try post(client, target, body).status == status)
        #expect(fixture.sent == [])
        #expect(try client.get("/healthz").status == 200)
    }

    @Test func `a content type other than JSON is refused`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        let client = try fixture.http()
        let target = "/channels/presence-a/events?user=anne"
        for type in ["Content-Type: text/plain", "Content-Type: application/jsonx", nil] {
            #expect(try post(client, target, typing, type: type).status == 415)
        }
        let got = try client.get(target)
        #expect(got.status == 405)
        #expect(got.fields.first("Allow") == "POST")
    }

    @Test func `data and body are limited in size`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        let target = "/channels/presence-a/events?user=anne"
        let frame = #"{"event":"client-typing","data":{"x":""}}"#.utf8.count
        let fits = String(repeating: "x", count: 10_240 - frame)
        func body(_ text: String) -> String {
            #"{"event":"client-typing","data":{"x":"\#(text)"}}"#
        }
        #expect(try post(try fixture.http(), target, body(fits)).status == 202)
        #expect(try post(try fixture.http(), target, body(fits + "x")).status == 413)
    }

    @Test func `if no identity is available, every reader is anonymous`() throws {
        let fixture = try DownstreamFixture()
        let client = try fixture.http()
        #expect(
            try post(client, "/channels/presence-a/events?user=anne", typing).status == 403)
        _ = try fixture.stream("channel=presence-a&user=anne")
        _ = try client.get("/poll?channel=presence-a&user=anne")
        #expect(fixture.tracker == [])
    }

    @Test func `a used-up quota and an unavailable upstream are refused with Retry-After`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        let client = try fixture.http()
        let target = "/channels/presence-a/events?user=anne"
        fixture.outcome = .excess(.milliseconds(1001))
        let excess = try post(client, target, typing)
        #expect(excess.status == 429)
        #expect(excess.fields.first("Retry-After") == "2")
        fixture.outcome = .unavailable
        let away = try post(client, target, typing)
        #expect(away.status == 503)
        #expect(away.fields.first("Retry-After") == "2")
        #expect(member(away.body, "error") == "upstream-unavailable")
        fixture.outcome = .notYet
        let early = try post(client, target, typing)
        #expect(early.status == 503)
        #expect(early.fields.first("Retry-After") == "1")
    }

    @Test func `TYPING sends the same event on the Unix socket`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        let line = try fixture.line()
        line.send("TYPING presence-a anne on\nTYPING presence-a \"anne b\" off\n")
        #expect(try line.lines() == ["OK TYPING presence-a", "OK TYPING presence-a"])
        #expect(
            fixture.sent == [
                #"presence-a anne client-typing {"isTyping":true,"userId":"anne"}"#,
                #"presence-a anne b client-typing {"isTyping":false,"userId":"anne b"}"#,
            ])
        line.send("TYPING secret anne on\nTYPING c anne on\nTYPING presence-a passerelle on\n")
        line.send("TYPING presence-a \"\" on\n")
        fixture.outcome = .excess(.seconds(1))
        line.send("TYPING presence-a anne on\n")
        let words = try line.lines().map {
            $0.split(separator: " ").prefix(2).joined(separator: " ")
        }
        #expect(
            words == [
                "ERR forbidden", "ERR forbidden", "ERR forbidden", "ERR bad-command",
                "ERR rate-limited",
            ])
        fixture.outcome = .unavailable
        line.send("TYPING presence-a anne on\n")
        #expect(try line.lines().map { $0.hasPrefix("ERR upstream-unavailable ") } == [true])
    }
}
