// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
@testable import PasserelleWire
import Testing

/// Readers that are authorized by the auth route, with answers given by the test.
struct EndpointAccessTests {
    private let anne = AuthRouteAnswer.admitted(
        ReaderIdentity(userID: "anne", userInfo: Array(#"{"n":1}"#.utf8)))

    private func fixture(
        clock: LoopClock = .system, _ change: (inout AccessConfiguration) -> Void = { _ in }
    ) throws -> DownstreamFixture {
        try DownstreamFixture(clock: clock) { configuration, _ in
            var access = AccessConfiguration()
            access.asksRoute = true
            change(&access)
            configuration.access = access
        }
    }

    private func ask(_ client: Client, _ target: String, _ fields: String = "") {
        client.send("GET \(target) HTTP/1.1\r\nHost: h\r\n\(fields)\r\n")
    }

    private func text(_ response: HTTPResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    @Test func `only the configured fields are forwarded to the route`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        ask(
            client, "/poll?channel=presence-a",
            "Cookie: s=1\r\nX-CSRF-Token: t\r\nauthorization: Bearer z\r\nX-Secret: 1\r\n"
                + "Accept: a\r\nCookie: u=2\r\n")
        #expect(try client.read().bytes.isEmpty)
        #expect(fixture.routeCalls.map(\.channel) == ["presence-a"])
        #expect(
            fixture.routeCalls.map(\.fields.description)
                == ["Cookie: s=1\nCookie: u=2\nAuthorization: Bearer z\nX-CSRF-Token: t"])
        fixture.routeCalls[0].answer(anne)
        #expect(try client.response().status == 200)
        #expect(fixture.tracker.first == #"~ presence-a anne {"n":1}"#)
    }

    @Test(arguments: [
        (
            AuthRouteAnswer.refused(status: 401), 401,
            #"{"error":"unauthorized","message":"The application's auth route refuses this reader."}"#
        ),
        (
            .refused(status: 403), 403,
            #"{"error":"forbidden","message":"The application's auth route refuses this reader."}"#
        ),
        (
            .failed("down"), 503,
            #"{"error":"auth-unavailable","message":"The application's auth route does not answer; retry later."}"#
        ),
    ])
    func `the reader receives the route's refusal`(
        answer: AuthRouteAnswer, status: Int, body: String
    ) throws {
        let fixture = try fixture()
        for target in [
            "/poll?channel=presence-a", "/events?channel=presence-b",
            "/channels/presence-c/members",
        ] {
            let client = try fixture.http()
            ask(client, target)
            try fixture.settle()
            try #require(fixture.routeCalls.last).answer(answer)
            let response = try client.response()
            #expect(response.status == status, "\(target)")
            #expect(text(response) == body + "\n")
            #expect(response.fields.contains("WWW-Authenticate") == (status == 401))
            #expect(response.fields.contains("Retry-After") == (status == 503))
        }
        #expect(fixture.tracker == [] && fixture.hub.readerCount == 0)
    }

    @Test(arguments: [
        ("", #"Bearer realm="passerelle""#),
        ("Cookie: s=1\r\n", #"Bearer realm="passerelle""#),
        ("Authorization: Basic YTpi\r\n", #"Bearer realm="passerelle""#),
        ("Authorization: Bearer x\r\n", #"Bearer realm="passerelle", error="invalid_token""#),
    ])
    func `a 401 of the route names the error if there was a token`(
        fields: String, challenge: String
    ) throws {
        let fixture = try fixture()
        let client = try fixture.http()
        ask(client, "/poll?channel=presence-a", fields)
        try fixture.settle()
        try #require(fixture.routeCalls.last).answer(.refused(status: 401))
        #expect(try client.response().fields.all("WWW-Authenticate") == [challenge])
    }

    @Test func `the route authorizes sending, as the user that it names`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        let body = #"{"event":"client-typing"}"#
        let post =
            "POST /channels/presence-a/events HTTP/1.1\r\nHost: h\r\nCookie: s\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        client.send(post)
        try fixture.settle()
        #expect(fixture.sent == [])
        try #require(fixture.routeCalls.first).answer(anne)
        #expect(try client.response().status == 202)
        #expect(fixture.sent == [#"presence-a anne client-typing {"userId":"anne"}"#])
        // An authorization without a user, as for private channels, does not allow sending.
        client.send(post.replacing("presence-a", with: "private-a"))
        try fixture.settle()
        try #require(fixture.routeCalls.last).answer(.admitted(nil))
        #expect(try client.response().status == 403)
    }

    @Test func `each channel is checked, except public ones`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        ask(client, "/poll?channel=presence-a&channel=c&channel=private-b")
        try fixture.settle()
        #expect(fixture.routeCalls.map(\.channel) == ["presence-a"])
        fixture.routeCalls[0].answer(anne)
        #expect(try client.read().bytes.isEmpty)
        #expect(fixture.routeCalls.map(\.channel) == ["presence-a", "private-b"])
        fixture.routeCalls[1].answer(.admitted(nil))
        #expect(try client.response().status == 200)
        #expect(try client.get("/poll?channel=c").status == 200)
        #expect(fixture.routeCalls.count == 2)
    }

    @Test func `an unauthorized request causes one call, however many channels it names`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        let query = (0..<100).map { "channel=presence-\($0)" }.joined(separator: "&")
        ask(client, "/poll?\(query)")
        try fixture.settle()
        #expect(fixture.routeCalls.map(\.channel) == ["presence-0"])
        fixture.routeCalls[0].answer(.refused(status: 403))
        #expect(try client.response().status == 403)
        #expect(fixture.routeCalls.count == 1)
    }

    @Test func `one refused channel refuses the request, and two users mean no user`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        ask(client, "/poll?channel=presence-a&channel=presence-b")
        try fixture.settle()
        fixture.routeCalls[0].answer(anne)
        try fixture.settle()
        fixture.routeCalls[1].answer(.refused(status: 403))
        #expect(try client.response().status == 403)
        ask(client, "/poll?channel=presence-a&channel=presence-d")
        try fixture.settle()
        // The request has its own call, since two calls have not named the same user for it yet.
        try #require(fixture.routeCalls.last).answer(anne)
        try fixture.settle()
        try #require(fixture.routeCalls.last).answer(.admitted(ReaderIdentity(userID: "bob")))
        let response = try client.response()
        #expect(response.status == 200)
        #expect(fixture.tracker == [] && fixture.reportDifferentUsers == 1)
    }

    @Test func `visitors without credentials are separate users and remain authorized`() throws {
        let clock = ManualClock()
        let fixture = try fixture(clock: clock.clock) {
            $0.limits.fresh = .milliseconds(200)
            $0.limits.recheck = .milliseconds(400)
        }
        var streams: [Stream] = []
        for number in 1...3 {
            streams.append(try fixture.stream("channel=presence-a"))
            #expect(fixture.routeCalls.count == number)
            fixture.routeCalls[number - 1].answer(
                .admitted(ReaderIdentity(userID: "guest-\(number)")))
            try fixture.settle()
        }
        #expect(fixture.tracker == (1...3).map { "+ presence-a guest-\($0)" })
        try run(
            fixture.loop,
            until: {
                clock.pass(.milliseconds(100))
                return fixture.routeCalls.count == 4
            })
        try #require(fixture.routeCalls.last).answer(
            .admitted(ReaderIdentity(userID: "guest-4")))
        try fixture.settle()
        #expect(fixture.downstream.streamCount == 3 && fixture.tracker.count == 3)
        for stream in streams {
            #expect(try stream.names() == ["pusher:subscription_succeeded"])
            #expect(!stream.isEnded)
        }
    }

    @Test func `a header that is not UTF-8 is forwarded unchanged and has its own entry`() throws {
        let fixture = try fixture()
        let start = Array("GET /poll?channel=presence-a HTTP/1.1\r\nHost: h\r\nCookie: n=".utf8)
        let names: [[UInt8]] = [[0x5A, 0xF6], [0x5A, 0xF7], [0x5A, 0xC3, 0xB6], [0x5A, 0x80]]
        for (index, name) in names.enumerated() {
            let client = try fixture.http()
            client.pair.send(start + name + Array("\r\n\r\n".utf8))
            try fixture.settle()
            #expect(fixture.routeCalls.count == index + 1)
            #expect(
                fixture.routeCalls.last?.fields.lines
                    == Array("Cookie: n=".utf8) + name + Array("\r\n".utf8))
            fixture.routeCalls[index].answer(.admitted(nil))
            #expect(try client.response().status == 200)
        }
    }

    @Test func `an address with too many queued requests is refused, and others are served`()
        throws
    {
        let fixture = try DownstreamFixture { configuration, _ in
            var access = AccessConfiguration()
            access.asksRoute = true
            access.limits.queuePerClient = 2
            configuration.access = access
            configuration.proxies.trustsUnix = true
        }
        // Kept open, since a client that disconnects gives up its place.
        let clients = try (0..<11).map { _ in try fixture.http() }
        for (number, client) in clients.enumerated() {
            ask(
                client, "/poll?channel=presence-a",
                "X-Forwarded-For: 203.0.113.9\r\nCookie: s=\(number)\r\n")
            guard number >= 10 else {
                #expect(try client.read().bytes.isEmpty)
                continue
            }
            let response = try client.response()
            #expect(response.status == 429 && response.fields.contains("Retry-After"))
            #expect(
                text(response)
                    == #"{"error":"rate-limited","message":"Too many requests from your address wait for authorization; retry later."}"#
                    + "\n")
        }
        #expect(fixture.limits == ["auth_queue_per_address 203.0.113.9"])
        #expect(fixture.routeCalls.count == 8)
        let other = try fixture.http()
        ask(other, "/poll?channel=presence-a", "X-Forwarded-For: 203.0.113.8\r\nCookie: o\r\n")
        try fixture.settle()
        #expect(fixture.routeCalls.count == 9)
        fixture.routeCalls[8].answer(.admitted(nil))
        #expect(try other.response().status == 200)
    }

    @Test func `the same reader is checked once a minute, another one separately`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        ask(client, "/poll?channel=presence-a", "Cookie: s=1\r\n")
        try fixture.settle()
        fixture.routeCalls[0].answer(anne)
        #expect(try client.response().status == 200)
        ask(client, "/poll?channel=presence-a", "Cookie: s=1\r\n")
        try fixture.settle()
        // The user is shared once two calls have named it.
        fixture.routeCalls[1].answer(anne)
        #expect(try client.response().status == 200)
        for _ in 0..<3 {
            #expect(try client.get("/poll?channel=presence-a", "Cookie: s=1\r\n").status == 200)
        }
        #expect(fixture.routeCalls.count == 2)
        ask(client, "/poll?channel=presence-a", "Cookie: s=2\r\n")
        try fixture.settle()
        #expect(fixture.routeCalls.count == 3)
    }

    @Test func `a malformed request causes no call`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        #expect(try client.get("/poll?channel=presence-a&after=zz").status == 400)
        #expect(try client.get("/poll?channel=nobody-s").status == 403)
        #expect(fixture.routeCalls.isEmpty)
    }

    @Test func `a stream opens when it is authorized and ends when it is refused`() throws {
        let clock = ManualClock()
        let fixture = try fixture(clock: clock.clock) {
            $0.limits.fresh = .seconds(2)
            $0.limits.recheck = .seconds(4)
        }
        let stream = try fixture.stream("channel=presence-a", fields: "Cookie: s=1\r\n")
        #expect(fixture.downstream.streamCount == 0)
        fixture.routeCalls[0].answer(anne)
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        #expect(fixture.tracker == ["+ presence-a anne"])
        try run(
            fixture.loop,
            until: {
                clock.pass(.milliseconds(100))
                return fixture.routeCalls.count == 2
            })
        #expect(try #require(fixture.routeCalls.last).fields.description == "Cookie: s=1")
        fixture.routeCalls[1].answer(.refused(status: 403))
        fixture.publish("presence-a", "secret")
        let end = try stream.messages()
        #expect(end.map(\.event) == ["passerelle:denied"])
        #expect(
            end.map { String(decoding: $0.data, as: UTF8.self) } == [#"{"reason":"revoked"}"#])
        #expect(stream.isEnded && fixture.downstream.streamCount == 0)
        #expect(fixture.tracker == ["+ presence-a anne", "- presence-a anne"])
    }

    @Test(arguments: [401, 403])
    func `a waiting poll ends with the refusal that a new poll would get`(
        status: Int
    ) throws {
        let clock = ManualClock()
        let fixture = try fixture(clock: clock.clock) { $0.limits.fresh = .seconds(2) }
        let client = try fixture.http()
        ask(client, "/poll?channel=presence-a", "Cookie: s=1\r\n")
        try fixture.settle()
        fixture.routeCalls[0].answer(anne)
        let first = try client.response()
        let position = try #require(member(first.body, "position"))
        ask(client, "/poll?channel=presence-a&wait=55&after=\(position)", "Cookie: s=1\r\n")
        try fixture.settle()
        try #require(fixture.routeCalls.count == 2)
        fixture.routeCalls[1].answer(anne)
        try fixture.settle()
        #expect(fixture.hub.readerCount == 1)
        try run(
            fixture.loop,
            until: {
                clock.pass(.milliseconds(100))
                return fixture.routeCalls.count == 3
            })
        try #require(fixture.routeCalls.last).answer(.refused(status: status))
        fixture.publish("presence-a", "secret")
        let response = try client.response()
        #expect(response.status == status)
        #expect(
            member(response.body, "error") == (status == 401 ? "unauthorized" : "forbidden"))
        #expect(fixture.hub.readerCount == 0)
    }

    @Test func `a client that disconnects during its check leaves no state behind`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        ask(client, "/events?channel=presence-a")
        try fixture.settle()
        client.pair.close()
        try fixture.settle()
        fixture.routeCalls[0].answer(anne)
        try fixture.settle()
        #expect(fixture.downstream.streamCount == 0 && fixture.tracker == [])
        #expect(fixture.downstream.http.connectionCount == 0)
    }

    @Test func `a request that is being checked at shutdown is refused with Retry-After`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        ask(client, "/events?channel=presence-a")
        try fixture.settle()
        fixture.downstream.drain()
        let response = try client.response()
        #expect(response.status == 503)
        #expect(member(response.body, "error") == "shutting-down")
        fixture.routeCalls[0].answer(anne)
        try fixture.settle()
        #expect(fixture.downstream.streamCount == 0)
    }

    @Test func `too many simultaneous requests are refused with spread delays`() throws {
        let fixture = try fixture {
            $0.limits.concurrency = 1
            $0.limits.queue = 1
        }
        var delays: [String?] = []
        let clients = try (0..<6).map { _ in try fixture.http() }
        for (number, client) in clients.enumerated() {
            ask(client, "/poll?channel=presence-a", "Cookie: s=\(number)\r\n")
            if number < 2 {
                #expect(try client.read().bytes.isEmpty)
                continue
            }
            let response = try client.response()
            #expect(response.status == 503)
            #expect(
                text(response)
                    == #"{"error":"overloaded","message":"Too many requests wait for authorization; retry later."}"#
                    + "\n")
            delays.append(response.fields.first("Retry-After"))
        }
        #expect(delays == ["2", "3", "4", "5"])
        #expect(fixture.routeCalls.count == 1)
    }

    @Test func `a valid token needs no call, and the route decides about any other`() throws {
        let secret = [UInt8](repeating: 65, count: 32)
        let key = try SignatureKey(secret: secret)
        let fixture = try fixture { $0.tokenKeys = [key] }
        let signed = CompactToken.signed(
            algorithm: "HS256",
            claims: TokenClaims(
                subject: "tom", expires: fixture.loop.wallMilliseconds / 1000 + 60,
                channels: [try ChannelPattern("presence-a")]))
        let token = CompactToken.text(
            signed: signed, signature: Digest.hmacSHA256(key: secret, signed))
        let client = try fixture.http()
        let field = "Authorization: Bearer \(token)\r\n"
        #expect(try client.get("/poll?channel=presence-a", field).status == 200)
        #expect(fixture.routeCalls.isEmpty && fixture.tracker.first == "~ presence-a tom")
        for (target, fields) in [
            ("/poll?channel=presence-b", field), ("/poll?channel=presence-a", ""),
            ("/poll?channel=presence-a", "Authorization: Bearer the-app-s-own\r\n"),
        ] {
            let count = fixture.routeCalls.count
            ask(client, target, fields)
            try fixture.settle()
            #expect(fixture.routeCalls.count == count + 1)
            try #require(fixture.routeCalls.last).answer(.refused(status: 403))
            #expect(try client.response().status == 403)
        }
    }
}
