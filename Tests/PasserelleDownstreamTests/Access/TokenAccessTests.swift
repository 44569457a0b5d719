// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Readers with tokens, on every HTTP surface.
struct TokenAccessTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    private static let oldSecret = Array("the old secret, still good for now".utf8)

    private func fixture(
        clock: LoopClock = .system,
        _ change: (inout DownstreamConfiguration) -> Void = { _ in }
    ) throws -> DownstreamFixture {
        let keys = [
            try SignatureKey(secret: Self.secret), try SignatureKey(secret: Self.oldSecret),
        ]
        return try DownstreamFixture(clock: clock) { configuration, _ in
            configuration.access = AccessConfiguration()
            configuration.access?.tokenKeys = keys
            change(&configuration)
        }
    }

    /// Returns a token with these claims as JSON; `exp` is `left` seconds ahead.
    private func token(
        _ claims: String = #""sub":"anne","channels":["presence-*"]"#, left: Int64 = 3600,
        algorithm: String = "HS256", secret: [UInt8] = secret, in fixture: DownstreamFixture
    ) throws -> String {
        let exp = fixture.loop.wallMilliseconds / 1000 + left
        let header = Base64.encodeURL(Array(#"{"alg":"\#(algorithm)"}"#.utf8))
        let payload = Base64.encodeURL(Array(#"{"exp":\#(exp),\#(claims)}"#.utf8))
        let signed = Array("\(header).\(payload)".utf8)
        return CompactToken.text(
            signed: signed, signature: Digest.hmacSHA256(key: secret, signed))
    }

    private func text(_ response: HTTPResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    private let noToken =
        #"{"error":"unauthorized","message":"A token is required: Authorization: Bearer TOKEN,"#
        + " or cookie passerelle.\"}\n"

    private func refused(_ words: String) -> String {
        #"{"error":"invalid-token","message":"The token is refused: \#(words)."}"# + "\n"
    }

    @Test func `a check's pass allows its own channel to an anonymous reader`() throws {
        let fixture = try fixture()
        fixture.pass = ("p", ["presence-check"])
        let client = try fixture.http()
        #expect(try client.get("/poll?channel=presence-check&check=p&user=anne").status == 200)
        for target in [
            "channel=presence-a&check=p", "channel=presence-check&channel=presence-a&check=p",
            "channel=presence-check&check=q", "channel=presence-check",
        ] {
            #expect(try client.get("/poll?" + target).status == 401)
        }
        #expect(try client.get("/poll?channel=presence-check&check=p&check=p").status == 400)
        #expect(fixture.tracker == [])
        fixture.pass = nil
        #expect(try client.get("/poll?channel=presence-check&check=p").status == 401)
    }

    @Test(arguments: ["/poll?channel=presence-a", "/events?channel=presence-a"])
    func `reading without a token is refused`(target: String) throws {
        let fixture = try fixture()
        let client = try fixture.http()
        for fields in [
            "", "Authorization: Basic YTpi\r\n", "Authorization: Bearer\r\n",
            "Authorization: Bearer \r\n", "Cookie: other=x; passerell=y\r\n",
        ] {
            let response = try client.get(target + "&user=anne", fields)
            #expect(response.status == 401)
            #expect(text(response) == noToken)
            #expect(
                response.fields.first("WWW-Authenticate") == #"Bearer realm="passerelle""#)
        }
        #expect(fixture.tracker == [])
        #expect(fixture.hub.readerCount == 0)
    }

    @Test func `members and sending require a token, and health does not`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        let members = try client.get("/channels/presence-a/members")
        #expect(members.status == 401 && text(members) == noToken)
        let post = try client.request(
            "POST /channels/presence-a/events HTTP/1.1\r\nHost: h\r\n"
                + "Content-Type: application/json\r\nContent-Length: 25\r\n\r\n"
                + #"{"event":"client-typing"}"#)
        #expect(post.status == 401 && text(post) == noToken)
        #expect(try client.get("/healthz").status == 200)
        #expect(try client.get("/readyz").status == 200)
    }

    @Test func `a token in the query is refused unless the operator accepts it there`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        let good = try token(in: fixture)
        for value in [good, "x.y.z", ""] {
            for path in ["/poll", "/events"] {
                let response = try client.get("\(path)?channel=presence-a&access_token=\(value)")
                #expect(response.status == 401)
                #expect(
                    text(response)
                        == refused(
                            "access_token= in the query is not accepted here; send it in"
                                + " Authorization: Bearer TOKEN or the cookie passerelle, or set"
                                + " token query=yes"))
                #expect(
                    response.fields.first("WWW-Authenticate")
                        == #"Bearer realm="passerelle", error="invalid_token""#)
            }
        }
        #expect(fixture.tracker == [] && fixture.hub.readerCount == 0)
        // A token in another place is sufficient.
        let query = "/poll?channel=presence-a&access_token=x"
        #expect(try client.get(query, "Authorization: Bearer \(good)\r\n").status == 200)
        #expect(try client.get(query, "Cookie: passerelle=\(good)\r\n").status == 200)
    }

    @Test func `the auth route is not asked about a token in the query`() throws {
        let fixture = try fixture { $0.access?.asksRoute = true }
        let client = try fixture.http()
        #expect(try client.get("/poll?channel=presence-a&access_token=x").status == 401)
        #expect(fixture.routeCalls.isEmpty)
    }

    @Test func `a token is found in each place, in the field before cookie and query`() throws {
        let fixture = try fixture { $0.access?.acceptsQueryTokens = true }
        let client = try fixture.http()
        let (good, bad) = (try token(in: fixture), "x.y.z")
        for (query, fields, status) in [
            ("", "Authorization: Bearer \(good)\r\n", 200),
            ("", "authorization: bearer   \(good)\r\n", 200),
            ("", "Cookie: a=b; passerelle=\(good); c=d\r\n", 200),
            ("", "Cookie: a=b\r\nCookie: passerelle=\(good)\r\n", 200),
            ("&access_token=\(good)", "", 200),
            ("&access_token=\(bad)", "Cookie: passerelle=\(good)\r\n", 200),
            ("&access_token=\(good)", "Cookie: passerelle=\(bad)\r\n", 401),
            ("", "Authorization: Bearer \(bad)\r\nCookie: passerelle=\(good)\r\n", 401),
            ("", "Authorization: Basic YTpi\r\nCookie: passerelle=\(good)\r\n", 200),
            ("&access_token=\(good)&access_token=\(good)", "", 400),
            ("", "Authorization: Bearer \(good)\r\nAuthorization: Bearer \(good)\r\n", 400),
        ] {
            let response = try client.get("/poll?channel=presence-a\(query)", fields)
            #expect(response.status == status, "\(query) \(fields)")
        }
        #expect(Set(fixture.tracker) == ["~ presence-a anne"])
    }

    /// Tokens that are refused, each with the reason.
    private func invalidTokens(
        in fixture: DownstreamFixture
    ) throws -> [(token: String, words: String)] {
        let good = try token(in: fixture)
        let parts = good.split(separator: ".")
        let none = "eyJhbGciOiJub25lIn0.\(parts[1])."
        return [
            ("x.y.z", "a part of it is not unpadded URL-safe Base64"),
            ("abc", "it does not have three parts separated by dots"),
            (String(repeating: "A", count: 8193), "it is longer than 8192 bytes"),
            (none, "its alg matches no configured key"),
            (try token(algorithm: "none", in: fixture), "its alg matches no configured key"),
            (try token(algorithm: "hs256", in: fixture), "its alg matches no configured key"),
            (try token(algorithm: "RS256", in: fixture), "its alg matches no configured key"),
            (try token(algorithm: "HS512", in: fixture), "its alg matches no configured key"),
            ("\(parts[0]).\(parts[1]).", "its signature matches no configured key"),
            ("\(parts[0]).\(parts[1]).AAAA", "its signature matches no configured key"),
            (
                try token(secret: Array("another secret of thirty-two bytes".utf8), in: fixture),
                "its signature matches no configured key"
            ),
            (try token(left: -60, in: fixture), "it has expired"),
            (
                try token(#""nbf":99999999999,"channels":["presence-*"]"#, in: fixture),
                "it is not valid yet"
            ),
            (try token(#""exp":9,"channels":[]"#, in: fixture), "it has a repeated member"),
            (try token(#""sub":7"#, in: fixture), "its sub is not a string"),
            (
                try token(#""sub":"passerelle","channels":["presence-*"]"#, in: fixture),
                "its sub or info is not valid for a channel member"
            ),
            (
                try token(#""sub":"","channels":["presence-*"]"#, in: fixture),
                "its sub or info is not valid for a channel member"
            ),
        ]
    }

    @Test func `an invalid token is refused with the reason`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        for (token, words) in try invalidTokens(in: fixture) {
            let response = try client.get(
                "/poll?channel=presence-a", "Authorization: Bearer \(token)\r\n")
            #expect(response.status == 401, "\(words)")
            #expect(text(response) == refused(words))
            #expect(
                response.fields.first("WWW-Authenticate")
                    == #"Bearer realm="passerelle", error="invalid_token""#)
        }
    }

    @Test func `a token without exp is refused`() throws {
        let fixture = try fixture()
        let signed = CompactToken.signed(
            algorithm: "HS256", claims: TokenClaims(subject: nil, expires: 1, channels: []))
        let header = String(decoding: signed.prefix { $0 != 0x2E }, as: UTF8.self)
        let bytes = Array("\(header).\(Base64.encodeURL(Array(#"{"sub":"anne"}"#.utf8)))".utf8)
        let text = CompactToken.text(
            signed: bytes, signature: Digest.hmacSHA256(key: Self.secret, bytes))
        let response = try fixture.http().get(
            "/poll?channel=presence-a", "Authorization: Bearer \(text)\r\n")
        #expect(response.status == 401 && self.text(response) == refused("it has no exp"))
    }

    @Test func `a token must allow all requested channels`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        let token = try token(#""channels":["presence-a","private-*"]"#, in: fixture)
        let field = "Authorization: Bearer \(token)\r\n"
        #expect(try client.get("/poll?channel=presence-a&channel=private-x", field).status == 200)
        let other = try client.get("/poll?channel=presence-a&channel=presence-b", field)
        #expect(other.status == 403)
        #expect(
            text(other)
                == #"{"error":"forbidden","message":"The token does not allow that channel."}"#
                + "\n")
        // Public channels are no exception here.
        #expect(try client.get("/poll?channel=c", field).status == 403)
        let empty = try self.token(#""sub":"anne""#, in: fixture)
        #expect(
            try client.get("/poll?channel=c", "Authorization: Bearer \(empty)\r\n").status == 403)
    }

    @Test func `both keys are accepted during a key change`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        for secret in [Self.secret, Self.oldSecret] {
            let token = try token(secret: secret, in: fixture)
            let field = "Authorization: Bearer \(token)\r\n"
            #expect(try client.get("/poll?channel=presence-a", field).status == 200)
        }
    }

    @Test func `a public key is not used as a secret, whatever the header names`() throws {
        let pair = try TestKeys()
        let made = try pair.pair(.ed25519)
        let pem = try TestKeys.bytes(made.public)
        let key = try SignatureKey(publicPEM: pem)
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.access = AccessConfiguration()
            configuration.access?.tokenKeys = [key]
        }
        let forged = try token(secret: pem, in: fixture)
        let response = try fixture.http().get(
            "/poll?channel=presence-a", "Authorization: Bearer \(forged)\r\n")
        #expect(response.status == 401)
        #expect(text(response) == refused("its alg matches no configured key"))
        let named = try token(algorithm: "EdDSA", secret: pem, in: fixture)
        let second = try fixture.http().get(
            "/poll?channel=presence-a", "Authorization: Bearer \(named)\r\n")
        #expect(text(second) == refused("its signature matches no configured key"))
    }

    @Test func `sub and info identify the reader, whatever the query claims`() throws {
        let fixture = try fixture()
        let token = try token(
            #""sub":"anne","info":{"name":"Anne"},"channels":["presence-*"]"#, in: fixture)
        let field = "Authorization: Bearer \(token)\r\n"
        let stream = try fixture.stream("channel=presence-a&user=bob", fields: field)
        defer { stream.close() }
        _ = try fixture.http().get("/poll?channel=presence-a&user=bob", field)
        #expect(
            fixture.tracker
                == [
                    "+ presence-a anne", #"~ presence-a anne {"name":"Anne"}"#,
                    #"~ presence-a anne {"name":"Anne"}"#,
                ])
    }

    @Test(arguments: [(#""publish":true"#, 202), (#""publish":false"#, 403), (#""x":1"#, 403)])
    func `the token decides whether its user may send`(claim: String, status: Int) throws {
        let fixture = try fixture()
        let token = try token(#""sub":"anne","channels":["presence-*"],\#(claim)"#, in: fixture)
        let body = #"{"event":"client-typing"}"#
        let response = try fixture.http().request(
            "POST /channels/presence-a/events HTTP/1.1\r\nHost: h\r\n"
                + "Authorization: Bearer \(token)\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(response.status == status)
        #expect(fixture.sent.count == (status == 202 ? 1 : 0))
    }

    @Test(arguments: ["", "&format=data"], ["1.1", "1.0"])
    func `a stream ends when its token expires`(format: String, version: String) throws {
        let clock = ManualClock()
        let fixture = try fixture(clock: clock.clock)
        let token = try token(left: -58, in: fixture)
        let stream = try fixture.stream(
            "channel=presence-a\(format)", fields: "Authorization: Bearer \(token)\r\n",
            version: version)
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        fixture.publish("presence-a", "e")
        #expect(try stream.names() == ["e"])
        try clock.pass(.milliseconds(1_900), turning: fixture.loop)
        #expect(try stream.names() == [])
        try clock.pass(.milliseconds(1_100), turning: fixture.loop)
        let end = try stream.messages()
        #expect(end.map(\.event) == ["passerelle:denied"])
        #expect(end.map { String(decoding: $0.data, as: UTF8.self) } == [#"{"reason":"expired"}"#])
        fixture.publish("presence-a", "secret")
        #expect(try stream.names() == [])
        #expect(fixture.hub.readerCount == 0 && fixture.downstream.streamCount == 0)
        #expect(fixture.tracker == ["+ presence-a anne", "- presence-a anne"])
        if version == "1.1" { #expect(stream.isEnded) }
    }

    @Test func `a waiting poll is refused when its token expires`() throws {
        let clock = ManualClock()
        let fixture = try fixture(clock: clock.clock)
        let field = "Authorization: Bearer \(try token(left: -58, in: fixture))\r\n"
        let client = try fixture.http()
        let first = try client.get("/poll?channel=presence-a", field)
        let position = try #require(member(first.body, "position"))
        client.send(
            "GET /poll?channel=presence-a&wait=55&after=\(position) HTTP/1.1\r\nHost: h\r\n"
                + "\(field)\r\n")
        try fixture.settle()
        #expect(fixture.hub.readerCount == 1)
        try clock.pass(.milliseconds(1_900), turning: fixture.loop)
        #expect(fixture.hub.readerCount == 1)
        try clock.pass(.milliseconds(1_100), turning: fixture.loop)
        #expect(fixture.hub.readerCount == 0)
        let response = try client.response()
        #expect(response.status == 401)
        #expect(member(response.body, "error") == "invalid-token")
        #expect(response.fields.contains("WWW-Authenticate"))
    }

    @Test func `a stream that ends before its token leaves no state behind`() throws {
        let fixture = try fixture()
        let token = try token(in: fixture)
        let stream = try fixture.stream(
            "channel=presence-a", fields: "Authorization: Bearer \(token)\r\n")
        #expect(fixture.downstream.streamCount == 1)
        stream.close()
        try fixture.settle()
        #expect(fixture.downstream.streamCount == 0)
    }
}
