// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
@testable import PasserelleWire
import Testing

/// Refusals that no other test covers: the status, the exact body, and the fields.
struct RefusalTests {
    /// A request by its method and target, and its expected refusal.
    struct Case: CustomTestStringConvertible, Sendable {
        let request: String
        let status: Int
        let word: String
        let message: String
        var fields: [String: String] = [:]

        init(
            _ request: String, _ status: Int, _ word: String, _ message: String,
            _ fields: [String: String] = [:]
        ) {
            self.request = request
            self.status = status
            self.word = word
            self.message = message
            self.fields = fields
        }

        var testDescription: String { request }
    }

    private static let percent = "The query is not well-formed percent-encoded UTF-8."
    private static let number = "must be an integer, 0 or more."
    private static let position = "after must be a position from the gateway, earliest, or now."
    private static let reading = "This route takes GET, HEAD."
    private static let allowed = ["Allow": "GET, HEAD"]

    private func refuse(_ fixture: DownstreamFixture, _ head: String, body: String = "") throws
        -> HTTPResponse
    {
        let fields = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        return try fixture.http().request("\(head)\(fields)\r\n\(body)")
    }

    private func check(_ answer: HTTPResponse, _ expected: Case) {
        #expect(answer.status == expected.status, "\(expected.request)")
        let body = #"{"error":"\#(expected.word)","message":"\#(expected.message)"}"# + "\n"
        #expect(String(decoding: answer.body, as: UTF8.self) == body, "\(expected.request)")
        #expect(answer.fields.all("Content-Type") == ["application/json"])
        #expect(answer.fields.all("Cache-Control") == ["no-store"])
        for name in ["Allow", "Retry-After", "WWW-Authenticate"] {
            #expect(answer.fields.first(name) == expected.fields[name], "\(expected.request)")
        }
    }

    @Test(arguments: [
        Case("GET /none", 404, "not-found", "There is no such route here."),
        Case("GET /", 404, "not-found", "There is no such route here."),
        Case("DELETE /poll?channel=c", 405, "method-not-allowed", reading, allowed),
        Case("POST /events?channel=c", 405, "method-not-allowed", reading, allowed),
        Case("PUT /channels/c/members", 405, "method-not-allowed", reading, allowed),
        Case("POST /healthz", 405, "method-not-allowed", reading, allowed),
        Case("POST /readyz", 405, "method-not-allowed", reading, allowed),
        Case(
            "GET /channels/c/events", 405, "method-not-allowed", "This route takes POST.",
            ["Allow": "POST"]),
        Case("GET /poll", 400, "bad-channel", "Name at least one channel: ?channel=NAME."),
        Case(
            "GET /poll?channel=", 400, "bad-channel",
            "A channel name must be 1 to 164 of A-Z a-z 0-9 _-=@,.;"),
        Case(
            "GET /channels/a%20b/members", 400, "bad-channel",
            "A channel name must be 1 to 164 of A-Z a-z 0-9 _-=@,.;"),
        Case(
            "GET /events?channel=f", 403, "forbidden",
            "This gateway does not serve that channel; see channels."),
        Case("GET /poll?channel=c&x=%4", 400, "bad-query", percent),
        Case("GET /poll?channel=c&x=%FF", 400, "bad-query", percent),
        Case("GET /poll?channel=c&x=%C0%80", 400, "bad-query", percent),
        Case(
            "GET /events?channel=c&after=now&after=now", 400, "bad-query", "after is given twice."),
        Case("GET /poll?channel=c&wait=1&wait=1", 400, "bad-query", "wait is given twice."),
        Case("GET /poll?channel=c&user=a&user=a", 400, "bad-query", "user is given twice."),
        Case("GET /poll?channel=c&wait=-1", 400, "bad-query", "wait " + number),
        Case("GET /poll?channel=c&last=1.5", 400, "bad-query", "last " + number),
        Case("GET /poll?channel=c&limit=", 400, "bad-query", "limit " + number),
        Case("GET /poll?channel=c&limit=%D9%A1", 400, "bad-query", "limit " + number),
        Case("GET /events?channel=c&format=xml", 400, "bad-query", "format must be event or data."),
        Case("GET /poll?channel=c&after=x", 400, "bad-position", position),
        Case("GET /events?channel=c&after=7-1%0A", 400, "bad-position", position),
        Case(
            "GET /poll?channel=c&user_info=%7B%7D", 400, "bad-user",
            "user_info requires a user: ?user=ID."),
        Case(
            "GET /poll?channel=c&user=", 400, "bad-user",
            "user must have 1 to 128 characters and no control characters."),
        Case(
            "GET /poll?channel=c&user=a%01", 400, "bad-user",
            "user must have 1 to 128 characters and no control characters."),
        Case(
            "GET /poll?channel=c&user=passerelle", 403, "forbidden",
            "That user is the gateway itself."),
        Case(
            "GET /events?channel=c&user=a&user_info=%5B%5D", 400, "bad-user",
            "user_info must be a JSON object."),
    ])
    func `an invalid or forbidden request gets the expected refusal`(expected: Case) throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        check(try refuse(fixture, "\(expected.request) HTTP/1.1\r\nHost: h\r\n"), expected)
        #expect(fixture.hub.readerCount == 0 && fixture.tracker.isEmpty)
    }

    @Test(arguments: [
        (
            "Authorization: Bearer a\r\nAuthorization: Bearer a\r\n", "",
            Case("two fields", 400, "bad-request", "Authorization is given twice.")
        ),
        (
            "", "&access_token=a&access_token=a",
            Case("two in the query", 400, "bad-query", "access_token is given twice.")
        ),
        ("", "&access_token=%", Case("no query", 400, "bad-query", percent)),
        (
            "Authorization: Bearer W10.e30.e30\r\n", "",
            Case(
                "no header", 401, "invalid-token",
                "The token is refused: its header is not a JSON object with an alg.",
                ["WWW-Authenticate": #"Bearer realm=\"passerelle\", error=\"invalid_token\""#])
        ),
    ])
    func `an unusable token gets the expected refusal`(
        fields: String, query: String, expected: Case
    ) throws {
        var expected = expected
        expected.fields = expected.fields.mapValues { $0.replacing("\\", with: "") }
        let key = try SignatureKey(secret: Array("0123456789abcdef0123456789abcdef".utf8))
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.access = AccessConfiguration()
            configuration.access?.tokenKeys = [key]
        }
        let target = "/poll?channel=presence-a\(query)"
        check(try refuse(fixture, "GET \(target) HTTP/1.1\r\nHost: h\r\n\(fields)"), expected)
    }

    @Test(arguments: [
        (
            "c", ClientEventOutcome.sent,
            Case(
                "a public channel", 403, "forbidden",
                "Channels supports client events only on private and presence channels.")
        ),
        (
            "private-encrypted-a", .sent,
            Case(
                "an encrypted channel", 403, "forbidden",
                "Channels supports client events only on private and presence channels.")
        ),
        (
            "presence-a", .excess(.milliseconds(1001)),
            Case(
                "too many", 429, "rate-limited",
                "Channels accepts ten client events a second; retry later.",
                ["Retry-After": "2"])
        ),
        (
            "presence-a", .notYet,
            Case(
                "too early", 503, "upstream-unavailable",
                "You are not a member of the channel yet; the event was not sent.",
                ["Retry-After": "1"])
        ),
        (
            "presence-a", .unavailable,
            Case(
                "Channels away", 503, "upstream-unavailable",
                "Channels is unavailable; the event was not sent.",
                ["Retry-After": "2"])
        ),
    ])
    func `an event that cannot be sent gets the expected refusal`(
        channel: String, outcome: ClientEventOutcome, expected: Case
    ) throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        fixture.outcome = outcome
        let head =
            "POST /channels/\(channel)/events?user=anne HTTP/1.1\r\nHost: h\r\n"
            + "Content-Type: application/json\r\n"
        check(try refuse(fixture, head, body: #"{"event":"client-typing","data":{}}"#), expected)
        #expect(fixture.sent.isEmpty)
    }

    @Test(arguments: [
        "", "text/plain", "text/plain; a=application/json", "application/json, text/plain",
        "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonx",
        "application/ json",
    ])
    func `a content type that needs no preflight is refused`(type: String) throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
        }
        let field = type.isEmpty ? "" : "Content-Type: \(type)\r\n"
        let head = "POST /channels/presence-a/events?user=anne HTTP/1.1\r\nHost: h\r\n\(field)"
        let answer = try refuse(fixture, head, body: #"{"event":"client-typing","data":{}}"#)
        check(
            answer,
            Case(
                type, 415, "bad-content-type", "This route takes Content-Type: application/json."))
        #expect(fixture.sent.isEmpty)
    }

    @Test func `a channel that is not subscribed is refused with the reason`() throws {
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
        check(
            away[0],
            Case(
                "not subscribed", 503, "upstream-unavailable",
                "The channel is not subscribed yet: Channels is unavailable.",
                ["Retry-After": "2"]))
        fixture.hub.refused("c", status: 403, message: "no \"such\" thing", at: fixture.now)
        check(
            try client.get("/poll?channel=c"),
            Case(
                "refused", 503, "subscription-refused",
                #"Channels refuses the subscription: no \"such\" thing"#, ["Retry-After": "10"]))
    }

    @Test func `a reader has no user if the route names two for it`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.access = AccessConfiguration()
            configuration.access?.asksRoute = true
        }
        let client = try fixture.http()
        client.send("GET /poll?channel=presence-a&channel=presence-b HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        for user in ["anne", "bob"] {
            let call = try #require(fixture.routeCalls.last)
            call.answer(.admitted(ReaderIdentity(userID: user)))
            try fixture.settle()
        }
        #expect(try client.response().status == 200)
        #expect(fixture.tracker.isEmpty)
    }

    @Test func `requests during shutdown are refused`() throws {
        let fixture = try DownstreamFixture()
        fixture.subscribes = false
        let client = try fixture.http()
        client.send("GET /poll?channel=c HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        fixture.downstream.drain()
        check(
            try client.response(),
            Case(
                "a poll that waits", 503, "shutting-down",
                "The gateway is shutting down; retry later.", ["Retry-After": "1"]))
    }
}
