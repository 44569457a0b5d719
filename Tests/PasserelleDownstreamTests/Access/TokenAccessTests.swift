// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Readers that show tokens, on every surface of HTTP.
struct TokenAccessTests {
    private static let secret = Array("0123456789abcdef0123456789abcdef".utf8)
    private static let oldSecret = Array("the old secret, still good for now".utf8)

    private func scene(
        _ change: (inout DownstreamConfiguration) -> Void = { _ in }
    ) throws -> Scene {
        let keys = [
            try SignatureKey(secret: Self.secret), try SignatureKey(secret: Self.oldSecret),
        ]
        return try Scene { configuration, _ in
            configuration.access = AccessConfiguration()
            configuration.access?.tokenKeys = keys
            change(&configuration)
        }
    }

    /// A token with these claims as JSON; `exp` lies `left` seconds ahead.
    private func token(
        _ claims: String = #""sub":"anne","channels":["presence-*"]"#, left: Int64 = 3600,
        algorithm: String = "HS256", secret: [UInt8] = secret, in scene: Scene
    ) throws -> String {
        let exp = scene.loop.wallMilliseconds / 1000 + left
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
        #"{"error":"unauthorized","message":"A token is needed: Authorization: Bearer TOKEN,"#
        + " the cookie passerelle, or access_token=TOKEN.\"}\n"

    private func refused(_ words: String) -> String {
        #"{"error":"invalid-token","message":"The token is refused: \#(words)."}"# + "\n"
    }

    @Test func `a check's pass opens its own channel, to an anonymous reader`() throws {
        let scene = try scene()
        scene.pass = ("p", ["presence-check"])
        let client = try scene.http()
        #expect(try client.get("/poll?channel=presence-check&check=p&user=anne").status == 200)
        for target in [
            "channel=presence-a&check=p", "channel=presence-check&channel=presence-a&check=p",
            "channel=presence-check&check=q", "channel=presence-check",
        ] {
            #expect(try client.get("/poll?" + target).status == 401)
        }
        #expect(try client.get("/poll?channel=presence-check&check=p&check=p").status == 400)
        #expect(scene.attendance == [])
        scene.pass = nil
        #expect(try client.get("/poll?channel=presence-check&check=p").status == 401)
    }

    @Test(arguments: ["/poll?channel=presence-a", "/events?channel=presence-a"])
    func `without a token nobody reads`(target: String) throws {
        let scene = try scene()
        let client = try scene.http()
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
        #expect(scene.attendance == [])
        #expect(scene.hub.readerCount == 0)
    }

    @Test func `members and sending need a token as well, and health does not`() throws {
        let scene = try scene()
        let client = try scene.http()
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

    @Test func `a token is found in each of its places, the field before cookie and query`() throws
    {
        let scene = try scene()
        let client = try scene.http()
        let (good, bad) = (try token(in: scene), "x.y.z")
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
        #expect(Set(scene.attendance) == ["~ presence-a anne"])
    }

    @Test func `a token that does not count is refused, and told why`() throws {
        let scene = try scene()
        let client = try scene.http()
        let good = try token(in: scene)
        let parts = good.split(separator: ".")
        let none = "eyJhbGciOiJub25lIn0.\(parts[1])."
        for (token, words) in [
            ("x.y.z", "a part of it is not unpadded URL-safe Base64"),
            ("abc", "it does not have three parts with dots between them"),
            (String(repeating: "A", count: 8193), "it is longer than 8192 bytes"),
            (none, "its alg is not that of a key here"),
            (try token(algorithm: "none", in: scene), "its alg is not that of a key here"),
            (try token(algorithm: "hs256", in: scene), "its alg is not that of a key here"),
            (try token(algorithm: "RS256", in: scene), "its alg is not that of a key here"),
            (try token(algorithm: "HS512", in: scene), "its alg is not that of a key here"),
            ("\(parts[0]).\(parts[1]).", "its signature is not by a key here"),
            ("\(parts[0]).\(parts[1]).AAAA", "its signature is not by a key here"),
            (
                try token(secret: Array("another secret of thirty-two bytes".utf8), in: scene),
                "its signature is not by a key here"
            ),
            (try token(left: -60, in: scene), "it has expired"),
            (
                try token(#""nbf":99999999999,"channels":["presence-*"]"#, in: scene),
                "it is not valid yet"
            ),
            (try token(#""exp":9,"channels":[]"#, in: scene), "it says something twice"),
            (try token(#""sub":7"#, in: scene), "its sub is not a string"),
            (
                try token(#""sub":"passerelle","channels":["presence-*"]"#, in: scene),
                "its sub or info cannot be a member's"
            ),
            (
                try token(#""sub":"","channels":["presence-*"]"#, in: scene),
                "its sub or info cannot be a member's"
            ),
        ] {
            let response = try client.get(
                "/poll?channel=presence-a", "Authorization: Bearer \(token)\r\n")
            #expect(response.status == 401, "\(words)")
            #expect(text(response) == refused(words))
            #expect(
                response.fields.first("WWW-Authenticate")
                    == #"Bearer realm="passerelle", error="invalid_token""#)
        }
    }

    @Test func `no exp is no token`() throws {
        let scene = try scene()
        let signed = CompactToken.signed(
            algorithm: "HS256", claims: TokenClaims(subject: nil, expires: 1, channels: []))
        let header = String(decoding: signed.prefix { $0 != 0x2E }, as: UTF8.self)
        let bytes = Array("\(header).\(Base64.encodeURL(Array(#"{"sub":"anne"}"#.utf8)))".utf8)
        let text = CompactToken.text(
            signed: bytes, signature: Digest.hmacSHA256(key: Self.secret, bytes))
        let response = try scene.http().get(
            "/poll?channel=presence-a", "Authorization: Bearer \(text)\r\n")
        #expect(response.status == 401 && self.text(response) == refused("it has no exp"))
    }

    @Test func `a token opens the channels that it names, and all that are asked for`() throws {
        let scene = try scene()
        let client = try scene.http()
        let token = try token(#""channels":["presence-a","private-*"]"#, in: scene)
        let field = "Authorization: Bearer \(token)\r\n"
        #expect(try client.get("/poll?channel=presence-a&channel=private-x", field).status == 200)
        let other = try client.get("/poll?channel=presence-a&channel=presence-b", field)
        #expect(other.status == 403)
        #expect(
            text(other)
                == #"{"error":"forbidden","message":"The token does not open that channel."}"#
                + "\n")
        // A public channel is no exception here.
        #expect(try client.get("/poll?channel=c", field).status == 403)
        let empty = try self.token(#""sub":"anne""#, in: scene)
        #expect(
            try client.get("/poll?channel=c", "Authorization: Bearer \(empty)\r\n").status == 403)
    }

    @Test func `two keys are good while one follows the other`() throws {
        let scene = try scene()
        let client = try scene.http()
        for secret in [Self.secret, Self.oldSecret] {
            let token = try token(secret: secret, in: scene)
            let field = "Authorization: Bearer \(token)\r\n"
            #expect(try client.get("/poll?channel=presence-a", field).status == 200)
        }
    }

    @Test func `a public key is no secret, whatever the header says`() throws {
        let pair = try TestKeys()
        let made = try pair.pair(.ed25519)
        let pem = try TestKeys.bytes(made.public)
        let key = try SignatureKey(publicPEM: pem)
        let scene = try Scene { configuration, _ in
            configuration.access = AccessConfiguration()
            configuration.access?.tokenKeys = [key]
        }
        let forged = try token(secret: pem, in: scene)
        let response = try scene.http().get(
            "/poll?channel=presence-a", "Authorization: Bearer \(forged)\r\n")
        #expect(response.status == 401)
        #expect(text(response) == refused("its alg is not that of a key here"))
        let named = try token(algorithm: "EdDSA", secret: pem, in: scene)
        let second = try scene.http().get(
            "/poll?channel=presence-a", "Authorization: Bearer \(named)\r\n")
        #expect(text(second) == refused("its signature is not by a key here"))
    }

    @Test func `sub and info are who reads, whatever the query says`() throws {
        let scene = try scene()
        let token = try token(
            #""sub":"anne","info":{"name":"Anne"},"channels":["presence-*"]"#, in: scene)
        let field = "Authorization: Bearer \(token)\r\n"
        let stream = try scene.stream("channel=presence-a&user=bob", fields: field)
        defer { stream.close() }
        _ = try scene.http().get("/poll?channel=presence-a&user=bob", field)
        #expect(
            scene.attendance
                == [
                    "+ presence-a anne", #"~ presence-a anne {"name":"Anne"}"#,
                    #"~ presence-a anne {"name":"Anne"}"#,
                ])
    }

    @Test(arguments: [(#""publish":true"#, 202), (#""publish":false"#, 403), (#""x":1"#, 403)])
    func `who may send says so in the token`(claim: String, status: Int) throws {
        let scene = try scene()
        let token = try token(#""sub":"anne","channels":["presence-*"],\#(claim)"#, in: scene)
        let body = #"{"event":"client-typing"}"#
        let response = try scene.http().request(
            "POST /channels/presence-a/events HTTP/1.1\r\nHost: h\r\n"
                + "Authorization: Bearer \(token)\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        #expect(response.status == status)
        #expect(scene.sent.count == (status == 202 ? 1 : 0))
    }

    @Test(arguments: ["", "&format=data"], ["1.1", "1.0"])
    func `a stream whose token ends is told so and ends`(format: String, version: String) throws {
        let scene = try scene()
        let token = try token(left: -58, in: scene)
        let stream = try scene.stream(
            "channel=presence-a\(format)", fields: "Authorization: Bearer \(token)\r\n",
            version: version)
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        scene.say("presence-a", "e")
        #expect(try stream.names() == ["e"])
        let end = ContinuousClock.now + .seconds(60)
        var told: [EventStreamMessage] = []
        while told.isEmpty, ContinuousClock.now < end {
            try scene.loop.turn(upTo: .milliseconds(50))
            told = try stream.messages()
        }
        #expect(told.map(\.event) == ["passerelle:denied"])
        #expect(told.map { String(decoding: $0.data, as: UTF8.self) } == [#"{"reason":"expired"}"#])
        scene.say("presence-a", "secret")
        #expect(try stream.names() == [])
        #expect(scene.hub.readerCount == 0 && scene.downstream.streamCount == 0)
        #expect(scene.attendance == ["+ presence-a anne", "- presence-a anne"])
        if version == "1.1" { #expect(stream.isEnded) }
    }

    @Test func `a poll whose token ends while it waits is told so`() throws {
        let scene = try scene()
        let field = "Authorization: Bearer \(try token(left: -58, in: scene))\r\n"
        let client = try scene.http()
        let first = try client.get("/poll?channel=presence-a", field)
        let position = try #require(member(first.body, "position"))
        client.send(
            "GET /poll?channel=presence-a&wait=55&after=\(position) HTTP/1.1\r\nHost: h\r\n"
                + "\(field)\r\n")
        try scene.settle()
        #expect(scene.hub.readerCount == 1)
        let end = ContinuousClock.now + .seconds(60)
        while scene.hub.readerCount > 0, ContinuousClock.now < end {
            try scene.loop.turn(upTo: .milliseconds(50))
        }
        let response = try client.response()
        #expect(response.status == 401)
        #expect(member(response.body, "error") == "invalid-token")
        #expect(response.fields.contains("WWW-Authenticate"))
    }

    @Test func `a stream that leaves before its token ends leaves nothing`() throws {
        let scene = try scene()
        let token = try token(in: scene)
        let stream = try scene.stream(
            "channel=presence-a", fields: "Authorization: Bearer \(token)\r\n")
        #expect(scene.downstream.streamCount == 1)
        stream.close()
        try scene.settle()
        #expect(scene.downstream.streamCount == 0)
    }
}
