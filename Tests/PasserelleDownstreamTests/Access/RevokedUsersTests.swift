// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
@testable import PasserelleWire
import Testing

/// The users of a reader for `REVOKE`, and when the command is answered.
struct RevokedUsersTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    private func fixture(
        token: Bool = false, route: Bool = false
    ) throws -> DownstreamFixture {
        let key = try SignatureKey(secret: Self.secret)
        return try DownstreamFixture { configuration, _ in
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

    /// Checks the response to a request of a revoked user.
    private func checkDenied(_ response: HTTPResponse) {
        #expect(response.status == 403)
        #expect(
            String(decoding: response.body, as: UTF8.self)
                == #"{"error":"forbidden","message":"The user's authorization was revoked.","#
                + #""event":"passerelle:denied","data":{"reason":"revoked"}}"# + "\n")
    }

    @Test func `a user who cannot be a member is revoked like others`() throws {
        let fixture = try fixture(route: true)
        let stream = try fixture.stream("channel=presence-a", fields: "Cookie: s=1\r\n")
        fixture.routeCalls[0].answer(.admitted(.unfit("big")))
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        #expect(!fixture.tracker.contains { $0.contains("big") })
        #expect(try revoke("big", in: fixture) == [#"OK REVOKE {"streams":1}"#])
        #expect(try stream.names() == ["passerelle:denied"])
        let client = try fixture.http()
        client.send("GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\nCookie: s=1\r\n\r\n")
        try fixture.settle()
        #expect(fixture.routeCalls.count == 2, "the route is asked again")
        fixture.routeCalls[1].answer(.admitted(.unfit("big")))
        #expect(try client.response().status == 200)
    }

    @Test func `an earlier answer does not authorize a revoked user without a member`() throws {
        let fixture = try fixture(route: true)
        let client = try fixture.http()
        client.send("GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\nCookie: s=1\r\n\r\n")
        try fixture.settle()
        #expect(try revoke("big", in: fixture).count == 1)
        fixture.routeCalls[0].answer(.admitted(.unfit("big")))
        try fixture.settle()
        #expect(fixture.routeCalls.count == 2, "the route is asked again")
    }

    @Test(arguments: ["u@1", "u@2"])
    func `each user named by the route for one reader can be revoked`(user: String) throws {
        let fixture = try fixture(route: true)
        let stream = try fixture.stream(
            "channel=presence-a&channel=presence-b", fields: "Cookie: s=1\r\n")
        for (number, name) in ["u@1", "u@2"].enumerated() {
            fixture.routeCalls[number].answer(.admitted(ReaderIdentity(userID: name)))
            try fixture.settle()
        }
        #expect(try stream.names().contains("pusher:subscription_succeeded"))
        #expect(try revoke("u@3", in: fixture) == [#"OK REVOKE {"streams":0}"#])
        #expect(try revoke(user, in: fixture) == [#"OK REVOKE {"streams":1}"#])
        #expect(try stream.names() == ["passerelle:denied"])
        #expect(try revoke("u@1", in: fixture) == [#"OK REVOKE {"streams":0}"#])
    }

    @Test func `a poll ends with the user named last if each call names another`()
        throws
    {
        let fixture = try fixture(route: true)
        let client = try fixture.http()
        for number in 0..<2 {
            client.send("GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\nCookie: s=1\r\n\r\n")
            try fixture.settle()
            let identity = ReaderIdentity(userID: "generated\(number)")
            fixture.routeCalls[number].answer(.admitted(identity))
            #expect(try client.response().status == 200)
        }
        try wait(client, "channel=presence-a", "Cookie: s=1\r\n")
        try fixture.settle()
        #expect(fixture.downstream.waitingPollCount == 1)
        #expect(try revoke("generated1", in: fixture).count == 1)
        checkDenied(try client.response())
    }

    @Test func `a token from the future does not authorize a revoked user`() throws {
        let fixture = try fixture(token: true)
        let future = field("anne", issued: 3_600_000, in: fixture)
        let client = try fixture.http()
        #expect(try client.get("/poll?channel=presence-a", future).status == 200)
        #expect(try revoke("anne", in: fixture).count == 1)
        let response = try client.get("/poll?channel=presence-a", future)
        #expect(response.status == 401)
        #expect(member(response.body, "message")?.contains("not in the future") == true)
    }

    @Test(arguments: [true, false])
    func `the command is answered once the revocation survives a restart`(isKept: Bool) throws {
        let fixture = try fixture(token: true)
        fixture.holdsRevocations = true
        let stream = try fixture.stream("channel=presence-a", fields: field("anne", in: fixture))
        _ = try stream.names()
        let line = try fixture.line()
        line.send("REVOKE anne\nPING\n")
        #expect(try line.lines() == [])
        #expect(try stream.names() == ["passerelle:denied"], "the reader ends at once")
        fixture.heldRevocations[0](isKept)
        let answers = try line.lines()
        #expect(answers.count == 2 && answers[1] == "OK PING")
        let expected =
            isKept
            ? #"OK REVOKE {"streams":1}"#
            : "ERR internal The user's readers were ended, but a restart of the gateway loses the"
                + " revocation: state directory cannot be written; see the log."
        #expect(answers[0] == expected)
    }
}

extension [ChannelPattern] {
    /// Creates a list with one pattern, which must be valid.
    fileprivate init(_ text: String) {
        self = (try? ChannelPattern(text)).map { [$0] } ?? []
    }
}
