// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Readers that the application's auth route judges, with a route that answers as the test says.
struct EndpointAccessTests {
    private let anne = AuthChecks.Answer.admitted(
        ReaderIdentity(userID: "anne", userInfo: Array(#"{"n":1}"#.utf8)))

    private func scene(
        _ change: (inout AccessConfiguration) -> Void = { _ in }
    ) throws -> Scene {
        try Scene { configuration, _ in
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

    @Test func `the route is shown the fields that it may see, and no other`() throws {
        let scene = try scene()
        let client = try scene.http()
        ask(
            client, "/poll?channel=presence-a",
            "Cookie: s=1\r\nX-CSRF-Token: t\r\nauthorization: Bearer z\r\nX-Secret: 1\r\n"
                + "Accept: a\r\nCookie: u=2\r\n")
        #expect(try client.read().bytes.isEmpty)
        #expect(scene.routeCalls.map(\.channel) == ["presence-a"])
        #expect(
            scene.routeCalls.map(\.fields.description)
                == ["Cookie: s=1\nCookie: u=2\nAuthorization: Bearer z\nX-CSRF-Token: t"])
        scene.routeCalls[0].answer(anne)
        #expect(try client.response().status == 200)
        #expect(scene.attendance.first == #"~ presence-a anne {"n":1}"#)
    }

    @Test(arguments: [
        (
            AuthChecks.Answer.refused(status: 401), 401,
            #"{"error":"unauthorized","message":"The application's auth route refuses this reader."}"#
        ),
        (
            .refused(status: 403), 403,
            #"{"error":"forbidden","message":"The application's auth route refuses this reader."}"#
        ),
        (
            .failed, 503,
            #"{"error":"auth-unavailable","message":"The application's auth route does not answer; come back."}"#
        ),
    ])
    func `what the route says no with, the reader is told`(
        answer: AuthChecks.Answer, status: Int, body: String
    ) throws {
        let scene = try scene()
        for target in [
            "/poll?channel=presence-a", "/events?channel=presence-b",
            "/channels/presence-c/members",
        ] {
            let client = try scene.http()
            ask(client, target)
            try scene.settle()
            try #require(scene.routeCalls.last).answer(answer)
            let response = try client.response()
            #expect(response.status == status, "\(target)")
            #expect(text(response) == body + "\n")
            #expect(response.fields.contains("WWW-Authenticate") == (status == 401))
            #expect(response.fields.contains("Retry-After") == (status == 503))
        }
        #expect(scene.attendance == [] && scene.hub.readerCount == 0)
    }

    @Test func `sending is the route's to allow, as its user`() throws {
        let scene = try scene()
        let client = try scene.http()
        let body = #"{"event":"client-typing"}"#
        let post =
            "POST /channels/presence-a/events HTTP/1.1\r\nHost: h\r\nCookie: s\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        client.send(post)
        try scene.settle()
        #expect(scene.sent == [])
        try #require(scene.routeCalls.first).answer(anne)
        #expect(try client.response().status == 202)
        #expect(scene.sent == [#"presence-a anne client-typing {"userId":"anne"}"#])
        // An admission without a user, as private channels have it, sends nothing.
        client.send(post.replacing("presence-a", with: "private-a"))
        try scene.settle()
        try #require(scene.routeCalls.last).answer(.admitted(nil))
        #expect(try client.response().status == 403)
    }

    @Test func `each channel is asked for, a public one needs no leave`() throws {
        let scene = try scene()
        let client = try scene.http()
        ask(client, "/poll?channel=presence-a&channel=c&channel=private-b")
        try scene.settle()
        #expect(scene.routeCalls.map(\.channel) == ["presence-a"])
        scene.routeCalls[0].answer(anne)
        #expect(try client.read().bytes.isEmpty)
        #expect(scene.routeCalls.map(\.channel) == ["presence-a", "private-b"])
        scene.routeCalls[1].answer(.admitted(nil))
        #expect(try client.response().status == 200)
        #expect(try client.get("/poll?channel=c").status == 200)
        #expect(scene.routeCalls.count == 2)
    }

    @Test func `a stranger's request is one question, however many channels it names`() throws {
        let scene = try scene()
        let client = try scene.http()
        let query = (0..<100).map { "channel=presence-\($0)" }.joined(separator: "&")
        ask(client, "/poll?\(query)")
        try scene.settle()
        #expect(scene.routeCalls.map(\.channel) == ["presence-0"])
        scene.routeCalls[0].answer(.refused(status: 403))
        #expect(try client.response().status == 403)
        #expect(scene.routeCalls.count == 1)
    }

    @Test func `one no is a no, and two users are none`() throws {
        let scene = try scene()
        let client = try scene.http()
        ask(client, "/poll?channel=presence-a&channel=presence-b")
        try scene.settle()
        scene.routeCalls[0].answer(anne)
        try scene.settle()
        scene.routeCalls[1].answer(.refused(status: 403))
        #expect(try client.response().status == 403)
        ask(client, "/poll?channel=presence-a&channel=presence-d")
        try scene.settle()
        try #require(scene.routeCalls.last).answer(.admitted(ReaderIdentity(userID: "bob")))
        let response = try client.response()
        #expect(response.status == 503)
        #expect(member(response.body, "error") == "auth-unavailable")
    }

    @Test func `the same reader is asked for once a minute, another one anew`() throws {
        let scene = try scene()
        let client = try scene.http()
        ask(client, "/poll?channel=presence-a", "Cookie: s=1\r\n")
        try scene.settle()
        scene.routeCalls[0].answer(anne)
        #expect(try client.response().status == 200)
        #expect(try client.get("/poll?channel=presence-a", "Cookie: s=1\r\n").status == 200)
        #expect(scene.routeCalls.count == 1)
        ask(client, "/poll?channel=presence-a", "Cookie: s=2\r\n")
        try scene.settle()
        #expect(scene.routeCalls.count == 2)
    }

    @Test func `a request that is malformed is not asked for`() throws {
        let scene = try scene()
        let client = try scene.http()
        #expect(try client.get("/poll?channel=presence-a&after=zz").status == 400)
        #expect(try client.get("/poll?channel=nobody-s").status == 403)
        #expect(scene.routeCalls.isEmpty)
    }

    @Test func `a stream opens when it is admitted, and is ended when revoked`() throws {
        let scene = try scene {
            $0.limits.fresh = .milliseconds(200)
            $0.limits.recheck = .milliseconds(400)
        }
        let stream = try scene.stream("channel=presence-a", fields: "Cookie: s=1\r\n")
        #expect(scene.downstream.streamCount == 0)
        scene.routeCalls[0].answer(anne)
        #expect(try stream.names() == ["pusher:subscription_succeeded"])
        #expect(scene.attendance == ["+ presence-a anne"])
        let end = ContinuousClock.now + .seconds(60)
        while scene.routeCalls.count < 2, ContinuousClock.now < end {
            try scene.loop.turn(upTo: .milliseconds(50))
        }
        #expect(try #require(scene.routeCalls.last).fields.description == "Cookie: s=1")
        scene.routeCalls[1].answer(.refused(status: 403))
        scene.say("presence-a", "secret")
        let told = try stream.messages()
        #expect(told.map(\.event) == ["passerelle:denied"])
        #expect(
            told.map { String(decoding: $0.data, as: UTF8.self) } == [#"{"reason":"revoked"}"#])
        #expect(stream.isEnded && scene.downstream.streamCount == 0)
        #expect(scene.attendance == ["+ presence-a anne", "- presence-a anne"])
    }

    @Test(arguments: [401, 403])
    func `a poll that waits is ended when the route says no, as one that comes then`(
        status: Int
    ) throws {
        let scene = try scene { $0.limits.fresh = .milliseconds(200) }
        let client = try scene.http()
        ask(client, "/poll?channel=presence-a", "Cookie: s=1\r\n")
        try scene.settle()
        scene.routeCalls[0].answer(anne)
        let first = try client.response()
        let position = try #require(member(first.body, "position"))
        ask(client, "/poll?channel=presence-a&wait=55&after=\(position)", "Cookie: s=1\r\n")
        try scene.settle()
        #expect(scene.hub.readerCount == 1)
        let end = ContinuousClock.now + .seconds(60)
        while scene.routeCalls.count < 2, ContinuousClock.now < end {
            try scene.loop.turn(upTo: .milliseconds(50))
        }
        try #require(scene.routeCalls.last).answer(.refused(status: status))
        scene.say("presence-a", "secret")
        let response = try client.response()
        #expect(response.status == status)
        #expect(
            member(response.body, "error") == (status == 401 ? "unauthorized" : "forbidden"))
        #expect(scene.hub.readerCount == 0)
    }

    @Test func `a client that leaves while it is judged is forgotten`() throws {
        let scene = try scene()
        let client = try scene.http()
        ask(client, "/events?channel=presence-a")
        try scene.settle()
        client.pair.close()
        try scene.settle()
        scene.routeCalls[0].answer(anne)
        try scene.settle()
        #expect(scene.downstream.streamCount == 0 && scene.attendance == [])
        #expect(scene.downstream.http.connectionCount == 0)
    }

    @Test func `who is judged while the gateway ends is told to come back`() throws {
        let scene = try scene()
        let client = try scene.http()
        ask(client, "/events?channel=presence-a")
        try scene.settle()
        scene.downstream.drain()
        let response = try client.response()
        #expect(response.status == 503)
        #expect(member(response.body, "error") == "shutting-down")
        scene.routeCalls[0].answer(anne)
        try scene.settle()
        #expect(scene.downstream.streamCount == 0)
    }

    @Test func `too many at once are sent away, spread`() throws {
        let scene = try scene {
            $0.limits.concurrency = 1
            $0.limits.queue = 1
        }
        var delays: [String?] = []
        let clients = try (0..<6).map { _ in try scene.http() }
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
                    == #"{"error":"overloaded","message":"Too many readers come at once; come back."}"#
                    + "\n")
            delays.append(response.fields.first("Retry-After"))
        }
        #expect(delays == ["2", "3", "4", "5"])
        #expect(scene.routeCalls.count == 1)
    }

    @Test func `a token that opens needs no route, any other is the route's to judge`() throws {
        let secret = [UInt8](repeating: 65, count: 32)
        let key = try SignatureKey(secret: secret)
        let scene = try scene { $0.tokenKeys = [key] }
        let signed = CompactToken.signed(
            algorithm: "HS256",
            claims: TokenClaims(
                subject: "tom", expires: scene.loop.wallMilliseconds / 1000 + 60,
                channels: [try ChannelPattern("presence-a")]))
        let token = CompactToken.text(
            signed: signed, signature: Digest.hmacSHA256(key: secret, signed))
        let client = try scene.http()
        let field = "Authorization: Bearer \(token)\r\n"
        #expect(try client.get("/poll?channel=presence-a", field).status == 200)
        #expect(scene.routeCalls.isEmpty && scene.attendance.first == "~ presence-a tom")
        for (target, fields) in [
            ("/poll?channel=presence-b", field), ("/poll?channel=presence-a", ""),
            ("/poll?channel=presence-a", "Authorization: Bearer the-app-s-own\r\n"),
        ] {
            let count = scene.routeCalls.count
            ask(client, target, fields)
            try scene.settle()
            #expect(scene.routeCalls.count == count + 1)
            try #require(scene.routeCalls.last).answer(.refused(status: 403))
            #expect(try client.response().status == 403)
        }
    }
}
