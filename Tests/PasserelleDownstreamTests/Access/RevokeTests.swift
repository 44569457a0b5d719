// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
@testable import PasserelleWire
import Testing

/// `REVOKE`: which readers end, and which requests are refused afterwards.
struct RevokeTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    private func fixture(
        token: Bool = false, route: Bool = false, limit: Int = 100
    ) throws -> DownstreamFixture {
        let key = try SignatureKey(secret: Self.secret)
        return try DownstreamFixture { configuration, _ in
            configuration.limits.revocations = limit
            guard token || route else {
                configuration.acceptsClaims = true
                return
            }
            configuration.access = AccessConfiguration()
            configuration.access?.asksRoute = route
            if token { configuration.access?.tokenKeys = [key] }
        }
    }

    /// Returns a field with a token issued `milliseconds` from now.
    private func field(
        _ user: String, issued: Int64? = 0, channels: String = "presence-*",
        in fixture: DownstreamFixture
    ) -> String {
        let now = fixture.loop.wallMilliseconds
        let claims = TokenClaims(
            subject: user, expires: now / 1000 + 3600,
            channels: [ChannelPattern](channels), mayPublish: true, issued: issued.map { now + $0 })
        let signed = CompactToken.signed(algorithm: "HS256", claims: claims)
        let text = CompactToken.text(
            signed: signed, signature: Digest.hmacSHA256(key: Self.secret, signed))
        return "Authorization: Bearer \(text)\r\n"
    }

    private func revoke(_ words: String, in fixture: DownstreamFixture) throws -> [String] {
        let line = try fixture.line()
        line.send("REVOKE \(words)\n")
        let lines = try line.lines()
        line.pair.close()
        return lines
    }

    private func wait(_ client: Client, _ channels: String, _ field: String) throws {
        client.send(
            "GET /poll?\(channels)&wait=55&after=now HTTP/1.1\r\nHost: h\r\n\(field)\r\n")
    }

    private let denied = #"{"reason":"revoked"}"#

    /// Checks the response to a request of a revoked user.
    private func checkDenied(_ response: HTTPResponse) {
        #expect(response.status == 403)
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"error":"forbidden","message":"The user's authorization was revoked.","#
                + #""event":"passerelle:denied","data":{"reason":"revoked"}}"# + "\n")
    }

    @Test func `a revocation ends the user's streams and waiting polls, and no others`() throws {
        let fixture = try fixture(token: true)
        let (anne, bob) = (field("anne", in: fixture), field("bob", in: fixture))
        let streams = [
            try fixture.stream("channel=presence-a", fields: anne),
            try fixture.stream("channel=presence-b&format=data", fields: anne, version: "1.0"),
        ]
        let other = try fixture.stream("channel=presence-a", fields: bob)
        let client = try fixture.http()
        try wait(client, "channel=presence-a", anne)
        try fixture.settle()
        for stream in streams + [other] { _ = try stream.messages() }
        #expect(try revoke("anne", in: fixture) == [#"OK REVOKE {"streams":2}"#])
        for stream in streams {
            let end = try stream.messages()
            #expect(end.map(\.event) == ["passerelle:denied"])
            #expect(end.map { String(decoding: $0.data, as: UTF8.self) } == [denied])
        }
        checkDenied(try client.response())
        fixture.publish("presence-a", "e")
        #expect(try other.names() == ["e"])
        #expect(try streams[0].names() == [])
        #expect(fixture.hub.readerCount == 1)
        #expect(fixture.tracker.last == "! anne")
        #expect(fixture.revoked == ["anne * 2 1"])
        #expect(fixture.downstream.tally.revocations == 1)
        #expect(fixture.downstream.tally.revokedReaders == 3)
    }

    @Test func `a revocation on one channel ends only readers of that channel`() throws {
        let fixture = try fixture(token: true)
        let anne = field("anne", in: fixture)
        let both = try fixture.stream("channel=presence-a&channel=presence-b", fields: anne)
        let other = try fixture.stream("channel=presence-b", fields: anne)
        #expect(try revoke("anne presence-a", in: fixture) == [#"OK REVOKE {"streams":1}"#])
        #expect(try both.names().last == "passerelle:denied")
        #expect(try other.names() == ["pusher:subscription_succeeded"])
        let client = try fixture.http()
        #expect(try client.get("/poll?channel=presence-a", anne).status == 401)
        #expect(try client.get("/poll?channel=presence-b", anne).status == 200)
        #expect(
            try client.get("/poll?channel=presence-b&channel=presence-a", anne).status == 401)
        #expect(fixture.tracker.contains("! presence-a anne"))
    }

    @Test func `every route refuses an earlier token and accepts a later one`()
        throws
    {
        let fixture = try fixture(token: true)
        let old = field("anne", in: fixture)
        let nameless = field("anne", issued: nil, in: fixture)
        #expect(try revoke("anne", in: fixture) == [#"OK REVOKE {"streams":0}"#])
        let client = try fixture.http()
        for token in [old, nameless] {
            for target in [
                "/poll?channel=presence-a", "/events?channel=presence-a",
                "/channels/presence-a/members",
            ] {
                let response = try client.get(target, token)
                #expect(response.status == 401)
                #expect(
                    member(response.body, "message")?.contains("its user was revoked") == true)
            }
            let post = try client.request(
                "POST /channels/presence-a/events HTTP/1.1\r\nHost: h\r\n\(token)"
                    + "Content-Type: application/json\r\nContent-Length: 25\r\n\r\n"
                    + #"{"event":"client-typing"}"#)
            #expect(post.status == 401)
        }
        let new = field("anne", issued: 1000, in: fixture)
        #expect(try client.get("/poll?channel=presence-a", new).status == 200)
        #expect(try client.get("/poll?channel=presence-a", field("bob", in: fixture)).status == 200)
    }

    @Test func `the route is asked again, and its new answer counts`() throws {
        let fixture = try fixture(route: true)
        let anne = AuthRouteAnswer.admitted(ReaderIdentity(userID: "anne"))
        let client = try fixture.http()
        let poll = "GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\nCookie: s=1\r\n\r\n"
        client.send(poll)
        try fixture.settle()
        fixture.routeCalls[0].answer(anne)
        #expect(try client.response().status == 200)
        client.send(poll)
        try fixture.settle()
        fixture.routeCalls[1].answer(anne)
        #expect(try client.response().status == 200)
        // From the cache, since two calls have named the user.
        #expect(try client.request(poll).status == 200)
        #expect(try revoke("anne presence-b", in: fixture).count == 1)
        #expect(try client.request(poll).status == 200)
        #expect(fixture.routeCalls.count == 2)
        try fixture.loop.runOnce(timeout: .milliseconds(2))
        #expect(try revoke("anne presence-a", in: fixture).count == 1)
        client.send(poll)
        try fixture.settle()
        #expect(fixture.routeCalls.count == 3)
        fixture.routeCalls[2].answer(.refused(status: 403))
        #expect(try client.response().status == 403)
        #expect(try revoke("anne", in: fixture).count == 1)
        let stream = try fixture.stream("channel=presence-b", fields: "Cookie: s=2\r\n")
        fixture.routeCalls[3].answer(anne)
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
    }

    @Test func `the answer to an earlier call does not authorize`() throws {
        let fixture = try fixture(route: true)
        let anne = AuthRouteAnswer.admitted(ReaderIdentity(userID: "anne"))
        let (before, after) = (try fixture.http(), try fixture.http())
        let poll = "GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\nCookie: s=1\r\n\r\n"
        before.send(poll)
        try fixture.settle()
        #expect(try revoke("anne", in: fixture).count == 1)
        // It waits for the same call.
        after.send(poll)
        try fixture.settle()
        #expect(fixture.routeCalls.count == 1)
        fixture.routeCalls[0].answer(anne)
        try fixture.settle()
        #expect(fixture.routeCalls.count == 2, "the route is asked again")
        fixture.routeCalls[1].answer(anne)
        try fixture.settle()
        #expect(fixture.routeCalls.count == 3, "each of the two has a call of its own")
        fixture.routeCalls[2].answer(anne)
        // The route authorized both after the revocation.
        #expect(try before.response().status == 200)
        #expect(try after.response().status == 200)
    }

    @Test func `a channel that was checked before the revocation is not checked again`() throws {
        let fixture = try fixture(route: true)
        let anne = AuthRouteAnswer.admitted(ReaderIdentity(userID: "anne"))
        for (words, status) in [
            ("anne presence-a", 403), ("anne", 403), ("anne presence-b", 200),
        ] {
            let count = fixture.routeCalls.count
            let client = try fixture.http()
            client.send(
                "GET /poll?channel=presence-a&channel=presence-b HTTP/1.1\r\nHost: h\r\n"
                    + "Cookie: s=\(count)\r\n\r\n")
            try fixture.settle()
            fixture.routeCalls[count].answer(anne)
            try fixture.settle()
            // Between the answers about the two channels.
            #expect(try revoke(words, in: fixture).count == 1)
            fixture.routeCalls[count + 1].answer(anne)
            try fixture.settle()
            if fixture.routeCalls.count > count + 2 { fixture.routeCalls[count + 2].answer(anne) }
            let response = try client.response()
            #expect(response.status == status, "\(words)")
            if status == 403 { checkDenied(response) }
            try fixture.loop.runOnce(timeout: .milliseconds(2))
        }
    }

    @Test func `if a call fails after a revocation, an older answer does not authorize`()
        throws
    {
        let fixture = try fixture(route: true)
        let anne = AuthRouteAnswer.admitted(ReaderIdentity(userID: "anne"))
        let client = try fixture.http()
        let poll = "GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\nCookie: s=1\r\n\r\n"
        client.send(poll)
        try fixture.settle()
        #expect(try revoke("anne", in: fixture).count == 1)
        fixture.routeCalls[0].answer(anne)
        try fixture.settle()
        #expect(fixture.routeCalls.count == 2)
        fixture.routeCalls[1].answer(.failed("down"))
        #expect(try client.response().status == 503)
    }

    @Test func `if the route fails, the grace period does not cover a revoked reader`() throws {
        let fixture = try fixture(route: true)
        let anne = AuthRouteAnswer.admitted(ReaderIdentity(userID: "anne"))
        let stream = try fixture.stream("channel=presence-a", fields: "Cookie: s=1\r\n")
        fixture.routeCalls[0].answer(anne)
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        #expect(try revoke("anne", in: fixture) == [#"OK REVOKE {"streams":1}"#])
        #expect(try stream.names() == ["passerelle:denied"])
        let client = try fixture.http()
        client.send("GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\nCookie: s=1\r\n\r\n")
        try fixture.settle()
        #expect(fixture.routeCalls.count == 2)
        fixture.routeCalls[1].answer(.failed("down"))
        #expect(try client.response().status == 503)
    }

    @Test func `with both methods, the route may authorize a reader with a revoked token`() throws {
        let fixture = try fixture(token: true, route: true)
        let client = try fixture.http()
        let old = field("anne", in: fixture)
        #expect(try client.get("/poll?channel=presence-a", old).status == 200)
        #expect(try revoke("anne", in: fixture).count == 1)
        client.send("GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\n\(old)\r\n")
        try fixture.settle()
        #expect(fixture.routeCalls.count == 1)
        fixture.routeCalls[0].answer(.admitted(ReaderIdentity(userID: "anne")))
        #expect(try client.response().status == 200)
    }

    @Test func `requests that wait for a channel end as well`() throws {
        let fixture = try fixture(token: true)
        fixture.subscribes = false
        let anne = field("anne", in: fixture)
        let body = #"{"event":"client-typing"}"#
        let requests = [
            "GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\n\(anne)\r\n",
            "GET /channels/presence-a/members HTTP/1.1\r\nHost: h\r\n\(anne)\r\n",
            "POST /channels/presence-a/events HTTP/1.1\r\nHost: h\r\n\(anne)"
                + "Content-Type: application/json\r\nContent-Length: 25\r\n\r\n\(body)",
        ]
        var clients: [Client] = []
        for request in requests {
            let client = try fixture.http()
            client.send(request)
            clients.append(client)
        }
        try fixture.settle()
        #expect(try revoke("anne", in: fixture) == [#"OK REVOKE {"streams":0}"#])
        for client in clients { checkDenied(try client.response()) }
        #expect(fixture.hub.readerCount == 0 && fixture.sent == [])
        #expect(fixture.revoked == ["anne * 0 3"])
    }

    @Test func `if readers are not checked, they end and may reconnect`() throws {
        let fixture = try fixture()
        let stream = try fixture.stream("channel=presence-a&user=anne")
        _ = try stream.names()
        #expect(try revoke("anne", in: fixture) == [#"OK REVOKE {"streams":1}"#])
        #expect(try stream.names() == ["passerelle:denied"])
        let again = try fixture.stream("channel=presence-a&user=anne")
        #expect(try again.names() == ["pusher:subscription_succeeded"])
        #expect(fixture.downstream.revocationCount == 0)
    }

    @Test(arguments: [
        ("", "ERR bad-command The line is missing the user."),
        ("anne x y", "ERR bad-command The line has too many words for its verb;"),
        ("anne presence a", "ERR bad-command"), ("anne \"a b\"", "ERR bad-channel"),
        ("anne other", "ERR forbidden This gateway does not serve that channel;"),
        ("\"\"", "ERR bad-command user must have 1 to 128 characters"),
        ("passerelle", "ERR forbidden That user is the gateway itself."),
    ])
    func `an invalid REVOKE is refused`(words: String, answer: String) throws {
        let fixture = try fixture(token: true)
        let lines = try revoke(words, in: fixture)
        #expect(lines.count == 1 && lines[0].hasPrefix(answer), "\(lines)")
        #expect(fixture.revoked == [] && fixture.downstream.revocationCount == 0)
    }

    @Test(arguments: [1, 2, 3])
    func `at the limit the answer names the remedy`(limit: Int) throws {
        let fixture = try fixture(token: true, limit: 2)
        let token = field("user\(limit)", in: fixture)
        let stream = try fixture.stream("channel=presence-a", fields: token)
        _ = try stream.names()
        for number in 1..<limit { _ = try revoke("user\(number)", in: fixture) }
        let answer = try revoke("user\(limit)", in: fixture)
        #expect(try stream.names() == ["passerelle:denied"])
        #expect(fixture.downstream.revocationCount == min(limit, 2))
        #expect(fixture.downstream.refusalCounts[.revocations] == (limit > 2 ? 1 : 0))
        let status = try fixture.http().get("/poll?channel=presence-a", token).status
        #expect(status == (limit > 2 ? 200 : 401))
        guard limit > 2 else { return #expect(answer == [#"OK REVOKE {"streams":1}"#]) }
        #expect(
            answer == [
                "ERR rate-limited The user's readers were ended but can reconnect: the limit of"
                    + " remembered revocations is reached; raise revocations."
            ])
        #expect(fixture.limits == ["revocations local"])
    }

    @Test func `readers that have ended are not kept`() throws {
        let fixture = try fixture(token: true)
        let anne = field("anne", in: fixture)
        let stream = try fixture.stream("channel=presence-a", fields: anne)
        _ = try stream.names()
        let client = try fixture.http()
        #expect(try client.get("/poll?channel=presence-a", anne).status == 200)
        try wait(client, "channel=presence-a", anne)
        try fixture.settle()
        stream.close()
        client.pair.close()
        try fixture.settle()
        #expect(try revoke("anne", in: fixture) == [#"OK REVOKE {"streams":0}"#])
        #expect(fixture.revoked == ["anne * 0 0"])
    }
}

extension [ChannelPattern] {
    /// Creates a list with one pattern, which must be valid.
    fileprivate init(_ text: String) {
        self = (try? ChannelPattern(text)).map { [$0] } ?? []
    }
}
