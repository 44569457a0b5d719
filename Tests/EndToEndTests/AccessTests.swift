// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The real binary beside an application's auth route, with tokens, and with users of this host.
struct AccessTests {
    private static let secret = "0123456789abcdef0123456789abcdef"

    /// An application whose route knows sessions by their cookie, as `session=USER`.
    private final class Application {
        let server: ScriptedHTTP
        /// Who may read; the route says 403 to anybody else.
        var users: Set<String> = []
        /// What the route says instead, while that is set.
        var status: Int?
        private var open = 0
        /// How many calls were open at once at most.
        private(set) var most = 0

        init(_ stage: Stage) throws {
            server = try ScriptedHTTP(loop: stage.loop)
            server.answer = { [weak self, loop = stage.loop] request, link in
                guard let self else { return }
                self.open += 1
                self.most = max(self.most, self.open)
                loop.after(.milliseconds(10)) {
                    self.open -= 1
                    self.answer(request, link)
                }
            }
        }

        var variables: [String: String] {
            [
                "PASSERELLE_AUTH": "endpoint",
                "PASSERELLE_AUTH_ENDPOINT": "http://127.0.0.1:\(server.port)/pusher/auth",
            ]
        }

        private func answer(_ request: HTTPRequest, _ link: Link) {
            let cookie = request.fields.first("Cookie") ?? ""
            let user = cookie.hasPrefix("session=") ? String(cookie.dropFirst(8)) : ""
            guard status == nil, users.contains(user),
                let form = try? HTTPTarget.decodeQuery(
                    String(decoding: request.body, as: UTF8.self))
            else { return respond(link, status ?? 403, "no") }
            let channel = form.first { $0.name == "channel_name" }?.value ?? ""
            let socketID = form.first { $0.name == "socket_id" }?.value ?? ""
            let data = #"{"user_id":"\#(user)","user_info":{"name":"\#(user)"}}"#
            let signed = ChannelsSigning.subscription(
                socketID: socketID, channel: channel, channelData: data)
            var json = JSONObjectWriter()
            json.member("auth", "\(SandboxProcess.key):\(SandboxProcess.sign(signed))")
            json.member("channel_data", data)
            respond(link, 200, String(decoding: json.finished(), as: UTF8.self))
        }

        private func respond(_ link: Link, _ status: Int, _ body: String) {
            link.send(
                HTTPWriter.response(
                    HTTPResponse(status: status, fields: [:], body: Array(body.utf8)),
                    version: .http11, keepAlive: false))
            link.finish()
        }
    }

    private func get(
        _ gateway: GatewayProcess, _ target: String, _ fields: HTTPFields = [:]
    ) throws -> (status: Int, body: String) {
        let response = try gateway.get(target, fields: fields)
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test func `the application's own route says who reads, and as whom`() throws {
        let stage = try Stage()
        let application = try Application(stage)
        application.users = ["anne"]
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, variables: application.variables)
        let poll = "/poll?channel=presence-bail-1&user=mallory"
        let refused = try get(gateway, poll, ["Cookie": "session=bob"])
        #expect(refused.status == 403)
        #expect(
            refused.body
                == #"{"error":"forbidden","message":"The application's auth route refuses this reader."}"#
                + "\n")
        let stream = StreamClient(
            stage, gateway.http, "/events?channel=presence-bail-1",
            fields: ["Cookie": "session=anne"])
        try stage.wait(for: "the stream") { !stream.messages.isEmpty || stream.end != nil }
        #expect(stream.response?.status == 200)
        try stage.wait(for: "Anne at Channels") {
            try sandbox.users(of: "presence-bail-1") == ["anne"]
        }
        application.status = 500
        let down = try gateway.get(poll, fields: ["Cookie": "session=carl"])
        #expect(down.status == 503 && down.fields.contains("Retry-After"))
        // Who was admitted is remembered meanwhile.
        #expect(try get(gateway, poll, ["Cookie": "session=anne"]).status == 200)
        try sandbox.publish("presence-bail-1", "new-message", #"{"n":1}"#)
        try stage.wait(for: "the event") { !stream.told.isEmpty }
        #expect(try gateway.status().number(["auth", "admitted"]) == 1)
        for secret in ["session=", "anne\"}", SandboxProcess.secret] {
            #expect(!gateway.process.errors.contains(secret))
        }
        stream.close()
    }

    @Test func `whoever the route no longer admits hears no more, and others go on`() throws {
        let stage = try Stage()
        let application = try Application(stage)
        application.users = ["anne", "bob"]
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: application.variables.merging(["PASSERELLE_AUTH_RECHECK": "2s"]) { $1 })
        func stream(_ user: String) -> StreamClient {
            StreamClient(
                stage, gateway.http, "/events?channel=presence-bail-1",
                fields: ["Cookie": "session=\(user)"])
        }
        let (anne, bob) = (stream("anne"), stream("bob"))
        let caller = HTTPCaller(loop: stage.loop, address: gateway.http)
        var refusal: HTTPResponse?
        func poll(after position: String) {
            let request = HTTPRequest(
                method: "GET", target: "/poll?channel=presence-bail-1&wait=55&after=\(position)",
                fields: ["Host": "localhost", "Cookie": "session=anne"])
            caller.send(request) { answer in
                guard answer.status == 200 || answer.status == 304 else {
                    refusal = answer
                    return
                }
                let position = try? JSONText(answer.body).string(["position"])
                poll(after: position ?? "now")
            }
        }
        poll(after: "now")
        try stage.wait(for: "both streams") { !anne.snapshots.isEmpty && !bob.snapshots.isEmpty }
        application.users = ["bob"]
        try stage.wait(for: "their ends") { anne.end != nil && refusal != nil }
        #expect(anne.messages.last?.event == "passerelle:denied")
        #expect(
            anne.messages.last.map { String(decoding: $0.data, as: UTF8.self) }
                == #"{"reason":"revoked"}"#)
        #expect(refusal?.status == 403)
        #expect(
            refusal.map { String(decoding: $0.body, as: UTF8.self) }
                == #"{"error":"forbidden","message":"The application's auth route refuses this reader."}"#
                + "\n")
        try sandbox.publish("presence-bail-1", "new-message", #"{"n":1}"#)
        try stage.wait(for: "the event") { bob.told.contains { $0.event == "new-message" } }
        #expect(!anne.messages.contains { $0.event == "new-message" })
        #expect(bob.end == nil)
        bob.close()
        caller.close()
    }

    @Test func `a herd makes no herd at the application`() throws {
        let stage = try Stage()
        let application = try Application(stage)
        application.users = Set((0..<200).map { "user\($0)" })
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: application.variables.merging(["PASSERELLE_PRESENCE": "observe"]) { $1 })
        // Each user has two tabs that come back together.
        var callers: [HTTPCaller] = []
        var statuses: [Int] = []
        for number in 0..<400 {
            let caller = HTTPCaller(loop: stage.loop, address: gateway.http)
            callers.append(caller)
            let request = HTTPRequest(
                method: "GET", target: "/poll?channel=presence-bail-1",
                fields: ["Host": "localhost", "Cookie": "session=user\(number / 2)"])
            caller.send(request) { statuses.append($0.status) }
        }
        try stage.wait(for: "all answers") { statuses.count == 400 }
        #expect(statuses.allSatisfy { $0 == 200 })
        #expect(application.server.requests.count == 200)
        #expect(application.most <= 16)
        for caller in callers { caller.close() }
    }

    @Test func `a token made by the command reads, ends, and is in no log`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_AUTH": "token", "PASSERELLE_TOKEN_KEY": Self.secret])
        let made = try stage.start(
            "token", ["presence-bail-1", "--user", "anne", "--for", "1h"],
            ["PASSERELLE_TOKEN_KEY": Self.secret])
        try stage.wait(for: "the token") { made.hasEnded }
        let token = String(made.output.dropLast())
        #expect(made.status == 0 && token.split(separator: ".").count == 3)
        for (target, fields, status) in [
            ("/poll?channel=presence-bail-1&access_token=\(token)", [:], 200),
            ("/poll?channel=presence-bail-2&access_token=\(token)", [:], 403),
            ("/poll?channel=presence-bail-1&access_token=\(token)x&after=?", [:], 400),
            ("/poll?channel=presence-bail-1&access_token=x\(token)", [:], 401),
            ("/none?access_token=\(token)", [:], 404),
            ("/poll?channel=presence-bail-1", ["Authorization": "Bearer \(token)"], 200),
            ("/poll?channel=presence-bail-1", ["Cookie": "passerelle=\(token)"], 200),
            ("/poll?channel=presence-bail-1", [:], 401),
        ] as [(String, HTTPFields, Int)] {
            #expect(try get(gateway, target, fields).status == status, "\(target)")
        }
        let key = try SignatureKey(secret: Array(Self.secret.utf8))
        let ending = CompactToken.signed(
            algorithm: "HS256",
            claims: TokenClaims(
                subject: "anne", expires: stage.loop.wallMilliseconds / 1000 - 57,
                channels: [try ChannelPattern("presence-*")]))
        let text = CompactToken.text(
            signed: ending, signature: try #require(key.signature(of: ending)))
        var events = EventStreamParser()
        var parser = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
        let recorder = LinkRecorder()
        let link = Dial.connect(loop: stage.loop, to: gateway.http, owner: recorder)
        link.send(
            HTTPWriter.request(
                HTTPRequest(
                    method: "GET", target: "/events?channel=presence-bail-1&access_token=\(text)",
                    fields: ["Host": "localhost"])))
        try stage.wait(for: "the stream's end") { !recorder.ends.isEmpty }
        parser.append(recorder.received.span)
        var names: [String] = []
        while let part = try parser.next() {
            guard case .body(let bytes) = part else { continue }
            events.append(bytes.span)
            while let message = try events.next() { names.append(message.event) }
        }
        #expect(names.last == "passerelle:denied" && names.count == 2)
        let said = gateway.process.errors
        #expect(said.contains("status=401"))
        for part in token.split(separator: ".") + text.split(separator: ".") {
            #expect(!said.contains(part))
        }
        #expect(!said.contains(Self.secret))
    }

    @Test func `without a check, a name that was made to point here is refused`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let evil = try get(gateway, "/poll?channel=presence-bail-1", ["Host": "evil.test"])
        #expect(evil.status == 421)
        #expect(
            evil.body
                == #"{"error":"misdirected","message":"This gateway does not answer for that host;"#
                + " PASSERELLE_HOSTS says for which.\"}\n")
        let rebound: HTTPFields = ["Host": "evil.test", "Origin": "http://evil.test"]
        #expect(try get(gateway, "/poll?channel=presence-bail-1", rebound).status == 421)
        let foreign: HTTPFields = ["Origin": "http://evil.test"]
        #expect(try get(gateway, "/poll?channel=presence-bail-1", foreign).status == 403)
        #expect(try get(gateway, "/poll?channel=presence-bail-1").status == 200)
    }

    @Test func `the socket has its mode and group, and lets in whom it names`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let mine = "\(getuid())"
        for (users, words) in [
            ("\(getuid() &+ 1):publish", "may not use the socket"),
            ("\(mine):read", "may only read"),
        ] {
            let gateway = try GatewayProcess(
                stage, upstreamPort: sandbox.port,
                variables: [
                    "PASSERELLE_IPC_USERS": users, "PASSERELLE_IPC_MODE": "0600",
                    "PASSERELLE_IPC_GROUP": "\(getgid())",
                ])
            var found = stat()
            #expect(stat(gateway.ipc, &found) == 0)
            #expect(found.st_mode & 0o777 == 0o600 && found.st_gid == getgid())
            let line = LineClient(stage, path: gateway.ipc)
            line.say(#"PUBLISH presence-bail-1 e {}"#)
            try stage.wait(for: "the answer") { !line.replies.isEmpty }
            guard case .error("forbidden", let message) = line.replies[0] else {
                Issue.record("\(line.replies)")
                return
            }
            #expect(message.contains(words))
            line.close()
            #expect(try gateway.stop() == 0)
        }
    }
}
