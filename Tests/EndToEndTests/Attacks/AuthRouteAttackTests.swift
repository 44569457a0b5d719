// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// An auth route that is hostile or overloaded: no reader is admitted without a valid
/// authorization, and only the readers that wait for the route are delayed.
struct AuthRouteAttackTests {
    private static let channel = AttackHarness.channels[0]
    private static let away =
        #"{"error":"auth-unavailable","message":"The application's auth route does not answer; retry later."}"#
        + "\n"
    private static let refused =
        #"{"error":"forbidden","message":"The application's auth route refuses this reader."}"#
        + "\n"

    private let fixture: EndToEndFixture
    private let route: HostileRoute

    init() throws {
        fixture = try EndToEndFixture()
        route = try HostileRoute(fixture)
    }

    /// A harness with readers that the route always admits.
    private func harness(_ variables: [String: String] = [:]) throws -> AttackHarness {
        let own = [
            "PASSERELLE_AUTH": "endpoint", "PASSERELLE_PRESENCE": "observe",
            "PASSERELLE_AUTH_ENDPOINT": "http://127.0.0.1:\(route.server.port)/auth",
        ]
        return try AttackHarness(
            fixture, variables: own.merging(variables) { $1 }, fields: { _ in ["Cookie": "honest"] }
        )
    }

    /// Polls with the cookie that selects the route's behaviour.
    private func poll(_ harness: AttackHarness, _ behaviour: String) throws -> HTTPResponse {
        try harness.gateway.get("/poll?channel=\(Self.channel)", fields: ["Cookie": behaviour])
    }

    @Test func `an answer that is wrong, endless or a redirect admits no reader`() throws {
        let harness = try harness()
        try harness.expectReadersUnaffected("auth route") {
            for behaviour in HostileRoute.Behaviour.allCases where behaviour != .never {
                let answer = try poll(harness, behaviour.rawValue)
                let body = String(decoding: answer.body, as: UTF8.self)
                if behaviour == .redirect {
                    #expect(answer.status == 403 && body == Self.refused, "\(behaviour) \(body)")
                    continue
                }
                // Signed for this call, without a user: the reader is admitted without membership.
                if behaviour == .noUser {
                    #expect(answer.status == 200, "\(behaviour) \(body)")
                    continue
                }
                #expect(answer.status == 503 && body == Self.away, "\(behaviour) \(body)")
                #expect(answer.fields.contains("Retry-After"), "\(behaviour)")
            }
        }
        #expect(route.elsewhere.accepted == 0, "a redirect was followed")
        #expect(route.mostSent < 8 << 20, "an endless answer was read: \(route.mostSent) bytes")
        let published = harness.gateway.process.errors
        #expect(published.contains("the answer has no channel_data"))
        #expect(!published.contains("honest") && !published.contains("redirect"))
    }

    @Test func `a route that never answers delays only the readers that wait for it`() throws {
        let harness = try harness()
        try harness.expectReadersUnaffected("silent auth route") {
            var answers: [HTTPResponse] = []
            let callers = (0..<100).map { number in
                let caller = HTTPCaller(loop: fixture.loop, address: harness.gateway.http)
                let fields: HTTPFields = ["Host": "localhost", "Cookie": "never \(number)"]
                let target = "/poll?channel=\(Self.channel)"
                caller.send(HTTPRequest(method: "GET", target: target, fields: fields)) {
                    answers.append($0)
                }
                return caller
            }
            try fixture.wait(for: "all answers, after \(answers.count)") { answers.count == 100 }
            for answer in answers {
                #expect(answer.status == 503 && answer.fields.contains("Retry-After"))
            }
            for caller in callers { caller.close() }
        }
        // Calls that the gateway gave up may still be open here when the next ones arrive.
        #expect(route.most <= 32, "\(route.most) calls at once")
    }

    @Test
    func `an address with endless requests leaves calls and queue places for other addresses`()
        throws
    {
        let harness = try harness([
            "PASSERELLE_TRUSTED_PROXIES": "127.0.0.1",
            "PASSERELLE_MAX_AUTH_QUEUE_PER_ADDRESS": "60",
        ])
        try harness.expectReadersUnaffected("many clients of one address") {
            var group: [HTTPResponse] = []
            var callers = (0..<200).map { number in
                call(harness, "never \(number)", from: "203.0.113.9") { group.append($0) }
            }
            try fixture.wait(for: "refusals of that address") { group.count >= 100 }
            // Its calls end after 5 s, its places in the queue after 10 s.
            var others: [HTTPResponse] = []
            for number in 0..<20 {
                callers.append(
                    call(harness, "honest \(number)", from: "198.51.100.\(number)") {
                        others.append($0)
                    })
            }
            try fixture.wait(for: "answers to others") { others.count == 20 }
            #expect(others.map(\.status) == Array(repeating: 200, count: 20))
            for answer in group where answer.status != 503 {
                #expect(answer.status == 429 && answer.fields.contains("Retry-After"))
            }
            #expect(group.contains { $0.status == 429 })
            for caller in callers { caller.close() }
        }
        let reached = try harness.gateway.status().number(
            ["served", "limited", "auth_queue_per_address"])
        #expect(reached > 0)
    }

    private func call(
        _ harness: AttackHarness, _ cookie: String, from address: String,
        _ done: @escaping (HTTPResponse) -> Void
    ) -> HTTPCaller {
        let caller = HTTPCaller(loop: fixture.loop, address: harness.gateway.http)
        let fields: HTTPFields = [
            "Host": "localhost", "Cookie": cookie, "X-Forwarded-For": address,
        ]
        let target = "/poll?channel=\(Self.channel)"
        caller.send(HTTPRequest(method: "GET", target: target, fields: fields), then: done)
        return caller
    }

    @Test
    func `many clients at once are admitted or get a Retry-After, and few calls are concurrent`()
        throws
    {
        let harness = try harness()
        let count = AttackHarness.isWhole ? 5_000 : 800
        try harness.expectReadersUnaffected("many clients at once", growth: 96 * 1024) {
            var answers: [HTTPResponse] = []
            var callers: [HTTPCaller] = []
            for number in 0..<count {
                let caller = HTTPCaller(loop: fixture.loop, address: harness.gateway.http)
                let fields: HTTPFields = ["Host": "localhost", "Cookie": "honest \(number)"]
                let target = "/poll?channel=\(Self.channel)"
                caller.send(HTTPRequest(method: "GET", target: target, fields: fields)) {
                    answers.append($0)
                }
                callers.append(caller)
                if number % 100 == 0 { try fixture.loop.runOnce(timeout: .milliseconds(1)) }
            }
            try fixture.wait(for: "all answers") { answers.count == count }
            check(answers)
            for caller in callers { caller.close() }
        }
        #expect(route.most <= 16, "\(route.most) calls at once")
    }

    /// Checks that each client is admitted or gets its own `Retry-After`.
    private func check(_ answers: [HTTPResponse]) {
        let away = answers.filter { $0.status == 503 }
        #expect(answers.count - away.count >= 16, "no client was admitted")
        #expect(answers.count { $0.status == 200 } == answers.count - away.count)
        let delays = away.compactMap { $0.fields.first("Retry-After").flatMap { Int($0) } }
        #expect(delays.count == away.count && delays.allSatisfy { (1...60).contains($0) })
        if away.count > 100 { #expect(Set(delays).count > 5, "not spread: \(Set(delays))") }
        print(
            "clients at once: \(answers.count - away.count) admitted, \(away.count) told to retry")
    }
}

/// An auth route that selects its behaviour by the reader's cookie.
private final class HostileRoute {
    enum Behaviour: String, CaseIterable {
        case endlessBody, endlessHead, noJSON, list, deep, noAuth, numberAuth
        case foreignSignature, otherChannel, otherSocket, noUser, redirect, error, never, cut
    }

    let server: ScriptedHTTP
    /// The target of the redirect.
    let elsewhere: ScriptedHTTP
    /// The largest number of calls that were open at the same time.
    private(set) var most = 0
    /// The bytes sent of the longest answer.
    private(set) var mostSent = 0
    private let loop: EventLoop

    init(_ fixture: EndToEndFixture) throws {
        loop = fixture.loop
        server = try ScriptedHTTP(loop: fixture.loop)
        elsewhere = try ScriptedHTTP(loop: fixture.loop)
        server.answer = { [weak self] request, link in
            guard let self else { return }
            most = max(most, server.links.count)
            let word = (request.fields.first("Cookie") ?? "").split(separator: " ").first ?? ""
            guard let behaviour = Behaviour(rawValue: String(word)) else {
                // As slow as a route that queries a database.
                loop.scheduleTask(in: .milliseconds(5)) { self.admit(request, link) }
                return
            }
            answer(request, link, behaviour)
        }
    }

    private func form(_ request: HTTPRequest) -> (socketID: String, channel: String) {
        let body = String(decoding: request.body, as: UTF8.self)
        let items = (try? HTTPTarget.decodeQuery(body)) ?? []
        func value(_ name: String) -> String { items.first { $0.name == name }?.value ?? "" }
        return (value("socket_id"), value("channel_name"))
    }

    private func yes(
        _ socketID: String, _ channel: String, data: String?, forging: Bool = false
    ) -> String {
        let text = ChannelsSigning.subscription(
            socketID: socketID, channel: channel, channelData: data)
        let signature =
            forging
            ? Hex.encode(Digest.hmacSHA256(key: Array("another application's".utf8), text))
            : SandboxProcess.sign(text)
        var json = JSONObjectWriter()
        json.member("auth", "\(SandboxProcess.key):\(signature)")
        if let data { json.member("channel_data", data) }
        return String(decoding: json.finished(), as: UTF8.self)
    }

    private static let user = #"{"user_id":"user-1"}"#

    private func admit(_ request: HTTPRequest, _ link: Link) {
        let (socketID, channel) = form(request)
        respond(link, yes(socketID, channel, data: Self.user))
    }

    private func respond(_ link: Link, status: Int = 200, fields: HTTPFields = [:], _ body: String)
    {
        let response = HTTPResponse(status: status, fields: fields, body: Array(body.utf8))
        link.send(HTTPWriter.response(response, version: .http11, keepAlive: false))
        link.finish()
    }

    private func answer(_ request: HTTPRequest, _ link: Link, _ behaviour: Behaviour) {
        let (socketID, channel) = form(request)
        switch behaviour {
        case .endlessBody:
            link.send(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
            pour(link, Array("4000\r\n\(String(repeating: " ", count: 0x4000))\r\n".utf8), 0)
        case .endlessHead:
            link.send(Array("HTTP/1.1 200 OK\r\n".utf8))
            pour(link, Array(String(repeating: "X: y\r\n", count: 1_000).utf8), 0)
        case .noJSON: respond(link, "<html>Please log in</html>")
        case .list: respond(link, "[\(yes(socketID, channel, data: Self.user))]")
        case .deep: respond(link, String(repeating: #"{"auth":"#, count: 5_000))
        case .noAuth: respond(link, "{}")
        case .numberAuth: respond(link, #"{"auth":1,"channel_data":"{}"}"#)
        case .foreignSignature:
            respond(link, yes(socketID, channel, data: Self.user, forging: true))
        case .otherChannel: respond(link, yes(socketID, "presence-bail-x", data: Self.user))
        case .otherSocket: respond(link, yes("1.1", channel, data: Self.user))
        case .noUser: respond(link, yes(socketID, channel, data: nil))
        case .redirect:
            let place = "http://127.0.0.1:\(elsewhere.port)/auth"
            respond(link, status: 307, fields: ["Location": place], "")
        case .error: respond(link, status: 500, "oops")
        case .never: break
        case .cut:
            link.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"auth\":".utf8))
            link.finish()
        }
    }

    /// Sends the same bytes repeatedly until the peer takes no more.
    private func pour(_ link: Link, _ bytes: [UInt8], _ sent: Int) {
        mostSent = max(mostSent, sent)
        guard link.isOpen, sent < 64 << 20 else { return }
        let isFull = link.queuedBytes > 0
        if !isFull { link.send(bytes) }
        loop.scheduleTask(in: .milliseconds(1)) { [weak self] in
            self?.pour(link, bytes, sent + (isFull ? 0 : bytes.count))
        }
    }
}
