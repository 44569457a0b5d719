// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

/// Readers with tokens while the wall clock is set.
struct TokenClockTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)

    private let clock = ManualClock()

    private func fixture(audience: String? = nil) throws -> DownstreamFixture {
        let key = try SignatureKey(secret: Self.secret)
        return try DownstreamFixture(clock: clock.clock) { configuration, _ in
            configuration.access = AccessConfiguration()
            configuration.access?.tokenKeys = [key]
            configuration.access?.tokenAudience = audience
        }
    }

    private func field(_ fixture: DownstreamFixture, left: Int64 = 3600, _ claims: String = "")
        -> String
    {
        let exp = fixture.loop.wallMilliseconds / 1000 + left
        let header = Base64.encodeURL(Array(#"{"alg":"HS256"}"#.utf8))
        let payload = Base64.encodeURL(
            Array(#"{"exp":\#(exp),"sub":"anne","channels":["presence-*"]\#(claims)}"#.utf8))
        let signed = Array("\(header).\(payload)".utf8)
        let token = CompactToken.text(
            signed: signed, signature: Digest.hmacSHA256(key: Self.secret, signed))
        return "Authorization: Bearer \(token)\r\n"
    }

    /// Returns the names of the events within a second.
    private func names(_ stream: Stream, _ fixture: DownstreamFixture) throws -> [String] {
        try clock.pass(.seconds(1), turning: fixture.loop)
        return try stream.names()
    }

    @Test func `setting the clock past exp ends streams and waiting polls`() throws {
        let fixture = try fixture()
        let field = field(fixture)
        let stream = try fixture.stream("channel=presence-a", fields: field)
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        let client = try fixture.http()
        client.send(
            "GET /poll?channel=presence-a&wait=55&after=now HTTP/1.1\r\nHost: h\r\n\(field)\r\n")
        try fixture.settle()
        #expect(fixture.downstream.waitingPollCount == 1)
        clock.setWall(by: 3_660_000)
        try clock.pass(.seconds(1), turning: fixture.loop)
        let end = try stream.messages()
        #expect(end.map(\.event) == ["passerelle:denied"])
        #expect(end.map { String(decoding: $0.data, as: UTF8.self) } == [#"{"reason":"expired"}"#])
        #expect(fixture.hub.readerCount == 0)
        let response = try client.response()
        #expect(response.status == 401 && member(response.body, "error") == "invalid-token")
        #expect(try fixture.http().get("/poll?channel=presence-a", field).status == 401)
    }

    @Test func `setting the clock back before nbf ends streams and refuses polls`() throws {
        let fixture = try fixture()
        let now = fixture.loop.wallMilliseconds / 1000
        let field = field(fixture, #","nbf":\#(now)"#)
        let stream = try fixture.stream("channel=presence-a", fields: field)
        _ = try stream.names()
        clock.setWall(by: -120_000)
        #expect(try names(stream, fixture) == ["passerelle:denied"])
        #expect(try fixture.http().get("/poll?channel=presence-a", field).status == 401)
    }

    @Test func `setting the clock back and forth, but not past exp, ends no reader`() throws {
        let fixture = try fixture()
        // By the current clock, the token expires in ten seconds.
        let stream = try fixture.stream("channel=presence-a", fields: field(fixture, left: -50))
        _ = try stream.names()
        clock.setWall(by: -3_600_000)
        for _ in 0..<20 { #expect(try names(stream, fixture) == []) }
        clock.setWall(by: 3_580_000)
        for _ in 0..<9 { #expect(try names(stream, fixture) == []) }
        #expect(try names(stream, fixture) + names(stream, fixture) == ["passerelle:denied"])
    }

    @Test func `a suspension of the machine counts as a clock that was set`() throws {
        let fixture = try fixture()
        let stream = try fixture.stream("channel=presence-a", fields: field(fixture))
        _ = try stream.names()
        // The steady clock stops during a suspension.
        clock.setWall(by: 3_659_000)
        #expect(try names(stream, fixture) + names(stream, fixture) == ["passerelle:denied"])
    }

    @Test func `a token for another audience is refused if one is required`() throws {
        let fixture = try fixture(audience: "chat")
        for (claims, status) in [
            (#","aud":"chat""#, 200), (#","aud":["other","chat"]"#, 200), ("", 401),
            (#","aud":"other""#, 401),
        ] {
            let response = try fixture.http().get(
                "/poll?channel=presence-a", field(fixture, claims))
            #expect(response.status == status, "\(claims)")
            guard status == 401 else { continue }
            #expect(
                member(response.body, "message") == "The token is refused: its aud is not the one"
                    + " that token audience requires.")
        }
        let free = try self.fixture()
        #expect(
            try free.http().get("/poll?channel=presence-a", field(free, #","aud":"other""#)).status
                == 200)
    }

    @Test func `a poll with an expiring token that waits for its channel leaves no state`()
        throws
    {
        let fixture = try fixture()
        fixture.subscribes = false
        let long = field(fixture, left: 7200)
        let client = try fixture.http()
        for (channel, field) in [("presence-a", field(fixture)), ("presence-b", long)] {
            client.send(
                "GET /poll?channel=\(channel)&wait=55&after=now HTTP/1.1\r\nHost: h\r\n"
                    + "\(field)\r\n")
        }
        try fixture.settle()
        clock.setWall(by: 3_660_000)
        fixture.hub.subscribed("presence-a", members: [], at: fixture.now)
        try fixture.settle()
        #expect(try client.response().status == 401)
        #expect(fixture.downstream.context.authenticator?.leases.isEmpty == true)
        // The next request of the connection waits, and is answered at shutdown.
        fixture.downstream.drain()
        #expect(try client.response().status == 503)
    }
}
