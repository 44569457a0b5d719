// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// An application's auth route that means harm, or is overrun: it admits nobody whom it may not, and
/// costs only those who ask it.
@Suite(.timeLimit(.minutes(10)))
struct AuthRouteAttackTests {
    private static let channel = Town.channels[0]
    private static let away =
        #"{"error":"auth-unavailable","message":"The application's auth route does not answer; come back."}"#
        + "\n"
    private static let refused =
        #"{"error":"forbidden","message":"The application's auth route refuses this reader."}"#
        + "\n"

    private let stage: Stage
    private let route: HostileRoute

    init() throws {
        stage = try Stage()
        route = try HostileRoute(stage)
    }

    /// A town whose readers the route admits, whatever it does to others.
    private func town() throws -> Town {
        try Town(
            stage,
            variables: [
                "PASSERELLE_AUTH": "endpoint", "PASSERELLE_PRESENCE": "observe",
                "PASSERELLE_AUTH_ENDPOINT": "http://127.0.0.1:\(route.server.port)/auth",
            ], fields: { _ in ["Cookie": "honest"] })
    }

    /// Polls as somebody for whom the route behaves in that way.
    private func poll(_ town: Town, _ behaviour: String) throws -> HTTPResponse {
        try town.gateway.get("/poll?channel=\(Self.channel)", fields: ["Cookie": behaviour])
    }

    @Test func `an answer that is wrong, endless or elsewhere admits nobody`() throws {
        let town = try town()
        try town.endure("auth route") {
            for behaviour in HostileRoute.Behaviour.allCases where behaviour != .never {
                let answer = try poll(town, behaviour.rawValue)
                let body = String(decoding: answer.body, as: UTF8.self)
                if behaviour == .redirect {
                    #expect(answer.status == 403 && body == Self.refused, "\(behaviour) \(body)")
                    continue
                }
                #expect(answer.status == 503 && body == Self.away, "\(behaviour) \(body)")
                #expect(answer.fields.contains("Retry-After"), "\(behaviour)")
            }
        }
        #expect(route.elsewhere.accepted == 0, "a redirect was followed")
        #expect(route.mostSent < 8 << 20, "an endless answer was read: \(route.mostSent) bytes")
        let said = town.gateway.process.errors
        #expect(!said.contains("honest") && !said.contains("redirect"))
    }

    @Test func `a route that never answers holds up only those who ask it`() throws {
        let town = try town()
        try town.endure("silent auth route") {
            var answers: [HTTPResponse] = []
            let callers = (0..<100).map { number in
                let caller = HTTPCaller(loop: stage.loop, address: town.gateway.http)
                let fields: HTTPFields = ["Host": "localhost", "Cookie": "never \(number)"]
                let target = "/poll?channel=\(Self.channel)"
                caller.send(HTTPRequest(method: "GET", target: target, fields: fields)) {
                    answers.append($0)
                }
                return caller
            }
            try stage.wait(for: "all answers, after \(answers.count)") { answers.count == 100 }
            for answer in answers {
                #expect(answer.status == 503 && answer.fields.contains("Retry-After"))
            }
            for caller in callers { caller.close() }
        }
        // Those that were given up may not have ended here when the next ones come.
        #expect(route.most <= 32, "\(route.most) calls at once")
    }

    @Test func `a herd is admitted or told when to come back, and the route hears few at once`()
        throws
    {
        let town = try town()
        let count = Town.isWhole ? 5_000 : 800
        try town.endure("herd", growth: 96 * 1024) {
            var answers: [HTTPResponse] = []
            var callers: [HTTPCaller] = []
            for number in 0..<count {
                let caller = HTTPCaller(loop: stage.loop, address: town.gateway.http)
                let fields: HTTPFields = ["Host": "localhost", "Cookie": "honest \(number)"]
                let target = "/poll?channel=\(Self.channel)"
                caller.send(HTTPRequest(method: "GET", target: target, fields: fields)) {
                    answers.append($0)
                }
                callers.append(caller)
                if number % 100 == 0 { try stage.loop.turn(upTo: .milliseconds(1)) }
            }
            try stage.wait(for: "all answers", within: .seconds(120)) { answers.count == count }
            check(answers)
            for caller in callers { caller.close() }
        }
        #expect(route.most <= 16, "\(route.most) calls at once")
    }

    /// Everybody is admitted, or has a time of their own to come back.
    private func check(_ answers: [HTTPResponse]) {
        let away = answers.filter { $0.status == 503 }
        #expect(answers.count - away.count >= 16, "nobody was admitted")
        #expect(answers.count { $0.status == 200 } == answers.count - away.count)
        let delays = away.compactMap { $0.fields.first("Retry-After").flatMap { Int($0) } }
        #expect(delays.count == away.count && delays.allSatisfy { (1...60).contains($0) })
        if away.count > 100 { #expect(Set(delays).count > 5, "not spread: \(Set(delays))") }
        print("herd: \(answers.count - away.count) admitted, \(away.count) sent away")
    }
}

/// An auth route that behaves to each reader as the reader's cookie says.
private final class HostileRoute {
    enum Behaviour: String, CaseIterable {
        case endlessBody, endlessHead, noJSON, list, deep, noAuth, numberAuth
        case strangerSignature, otherChannel, otherSocket, noUser, redirect, error, never, cut
    }

    let server: ScriptedHTTP
    /// Where the redirect leads.
    let elsewhere: ScriptedHTTP
    /// How many calls were open at once at most.
    private(set) var most = 0
    /// Bytes of the longest answer that could be sent.
    private(set) var mostSent = 0
    private let loop: EventLoop

    init(_ stage: Stage) throws {
        loop = stage.loop
        server = try ScriptedHTTP(loop: stage.loop)
        elsewhere = try ScriptedHTTP(loop: stage.loop)
        server.answer = { [weak self] request, link in
            guard let self else { return }
            most = max(most, server.links.count)
            let word = (request.fields.first("Cookie") ?? "").split(separator: " ").first ?? ""
            guard let behaviour = Behaviour(rawValue: String(word)) else {
                // As slow as a route that looks into a database.
                loop.after(.milliseconds(5)) { self.admit(request, link) }
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
            ? Hex.encode(Digest.hmacSHA256(key: Array("a stranger's".utf8), text))
            : SandboxProcess.sign(text)
        var json = JSONObjectWriter()
        json.member("auth", "\(SandboxProcess.key):\(signature)")
        if let data { json.member("channel_data", data) }
        return String(decoding: json.finished(), as: UTF8.self)
    }

    private static let user = #"{"user_id":"town"}"#

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
        case .strangerSignature:
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

    /// Sends the same again and again until nobody takes it.
    private func pour(_ link: Link, _ bytes: [UInt8], _ sent: Int) {
        mostSent = max(mostSent, sent)
        guard link.isOpen, sent < 64 << 20 else { return }
        let isFull = link.queuedBytes > 0
        if !isFull { link.send(bytes) }
        loop.after(.milliseconds(1)) { [weak self] in
            self?.pour(link, bytes, sent + (isFull ? 0 : bytes.count))
        }
    }
}
