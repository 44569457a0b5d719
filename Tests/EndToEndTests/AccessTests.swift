// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The real binary with an application's auth route, with tokens, and with users of this host.
struct AccessTests {
    private static let secret = "0123456789abcdef0123456789abcdef"

    /// An application whose auth route reads the session from a cookie, `session=USER`.
    private final class Application {
        let server: ScriptedHTTP
        /// Users that may read; the route answers 403 for others.
        var users: Set<String> = []
        /// If set, the status of every answer.
        var status: Int?
        /// If set, the route refuses forms from other origins.
        var origin: String?
        /// The `user_info` of a user, as JSON.
        var info: (String) -> String = { #"{"name":"\#($0)"}"# }
        private var open = 0
        /// The largest number of calls that were open at the same time.
        private(set) var most = 0

        init(_ fixture: EndToEndFixture) throws {
            server = try ScriptedHTTP(loop: fixture.loop)
            server.answer = { [weak self, loop = fixture.loop] request, link in
                guard let self else { return }
                self.open += 1
                self.most = max(self.most, self.open)
                loop.scheduleTask(in: .milliseconds(10)) {
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
            if let origin, request.fields.first("Origin") != origin {
                return respond(link, 403, "Cross-site POST form submissions are forbidden")
            }
            let cookie = request.fields.first("Cookie") ?? ""
            let user = cookie.hasPrefix("session=") ? String(cookie.dropFirst(8)) : ""
            guard status == nil, users.contains(user),
                let form = try? HTTPTarget.decodeQuery(
                    String(decoding: request.body, as: UTF8.self))
            else { return respond(link, status ?? 403, "no") }
            let channel = form.first { $0.name == "channel_name" }?.value ?? ""
            let socketID = form.first { $0.name == "socket_id" }?.value ?? ""
            let data = #"{"user_id":"\#(user)","user_info":\#(info(user))}"#
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

    /// Polls of one reader, each sent after the answer to the one before, until one is refused.
    private final class RepeatedPolls {
        private(set) var refusal: HTTPResponse?
        private let caller: HTTPCaller

        init(_ fixture: EndToEndFixture, _ gateway: GatewayProcess) {
            caller = HTTPCaller(loop: fixture.loop, address: gateway.http)
            poll(after: "now")
        }

        func close() { caller.close() }

        private func poll(after position: String) {
            let request = HTTPRequest(
                method: "GET", target: "/poll?channel=presence-bail-1&wait=55&after=\(position)",
                fields: ["Host": "localhost", "Cookie": "session=anne"])
            caller.send(request) { [weak self] answer in
                guard answer.status == 200 || answer.status == 304 else {
                    self?.refusal = answer
                    return
                }
                let position = try? JSONText(answer.body).string(["position"])
                self?.poll(after: position ?? "now")
            }
        }
    }

    private func get(
        _ gateway: GatewayProcess, _ target: String, _ fields: HTTPFields = [:]
    ) throws -> (status: Int, body: String) {
        let response = try gateway.get(target, fields: fields)
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test func `the application's auth route decides about readers and their identity`() throws {
        let fixture = try EndToEndFixture()
        let application = try Application(fixture)
        application.users = ["anne"]
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: application.variables)
        let poll = "/poll?channel=presence-bail-1&user=mallory"
        let refused = try get(gateway, poll, ["Cookie": "session=bob"])
        #expect(refused.status == 403)
        #expect(
            refused.body
                == #"{"error":"forbidden","message":"The application's auth route refuses this reader."}"#
                + "\n")
        let stream = StreamClient(
            fixture, gateway.http, "/events?channel=presence-bail-1",
            fields: ["Cookie": "session=anne"])
        try fixture.wait(for: "the stream") { !stream.messages.isEmpty || stream.end != nil }
        #expect(stream.response?.status == 200)
        try fixture.wait(for: "Anne at Channels") {
            try sandbox.users(of: "presence-bail-1") == ["anne"]
        }
        application.status = 500
        let down = try gateway.get(poll, fields: ["Cookie": "session=carl"])
        #expect(down.status == 503 && down.fields.contains("Retry-After"))
        // An earlier decision is cached while the route is down.
        #expect(try get(gateway, poll, ["Cookie": "session=anne"]).status == 200)
        try sandbox.publish("presence-bail-1", "new-message", #"{"n":1}"#)
        try fixture.wait(for: "the event") { !stream.delivered.isEmpty }
        #expect(try gateway.status().number(["auth", "admitted"]) == 1)
        for secret in ["session=", "anne\"}", SandboxProcess.secret] {
            #expect(!gateway.process.errors.contains(secret))
        }
        stream.close()
    }

    @Test func `a route that accepts forms only from its own origin admits readers`() throws {
        let fixture = try EndToEndFixture()
        let application = try Application(fixture)
        application.users = ["anne"]
        let sandbox = try SandboxProcess(fixture)
        let poll = "/poll?channel=presence-bail-1"
        func gateway(_ variables: [String: String] = [:]) throws -> GatewayProcess {
            try GatewayProcess(
                fixture, upstreamPort: sandbox.port,
                variables: application.variables.merging(variables) { $1 })
        }
        application.origin = "http://127.0.0.1:\(application.server.port)"
        let derived = try gateway()
        #expect(try get(derived, poll, ["Cookie": "session=anne"]).status == 200)
        application.origin = "https://app.example"
        let wrong = try gateway()
        #expect(try get(wrong, poll, ["Cookie": "session=anne"]).status == 403)
        #expect(wrong.process.errors.contains("PASSERELLE_AUTH_ORIGIN"))
        let configured = try gateway(["PASSERELLE_AUTH_ORIGIN": "https://App.example"])
        #expect(try get(configured, poll, ["Cookie": "session=anne"]).status == 200)
    }

    @Test
    func `a user that Channels would refuse reads without membership, and the log has the reason`()
        throws
    {
        let fixture = try EndToEndFixture()
        let application = try Application(fixture)
        let long = String(repeating: "a", count: 129)
        application.users = ["anne", "passerelle", "bob", long]
        application.info = { user in
            let name = user == "anne" ? String(repeating: "x", count: 1_024) : user
            if user == "bob" { return "7" }
            return #"{"name":"\#(name)"}"#
        }
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: application.variables)
        for (user, words) in [
            ("anne", "have more than 1024 bytes together"),
            ("passerelle", "PASSERELLE_MEMBER_ID"), ("bob", "is not a JSON object"),
            (long, "has more than 128 characters"),
        ] {
            let answer = try get(
                gateway, "/poll?channel=presence-bail-1", ["Cookie": "session=\(user)"])
            #expect(answer.status == 200, "\(answer.body)")
            #expect(gateway.process.errors.contains(words), "\(words)")
        }
        #expect(!gateway.process.errors.contains("xxxx"))
        #expect(try sandbox.users(of: "presence-bail-1") == [])
        let stream = StreamClient(
            fixture, gateway.http, "/events?channel=presence-bail-1",
            fields: ["Cookie": "session=anne"])
        try fixture.wait(for: "the stream") { !stream.snapshots.isEmpty }
        let revoke = try fixture.start("revoke", ["anne"], ["PASSERELLE_IPC": gateway.ipc])
        try fixture.wait(for: "its end") { stream.end != nil && revoke.hasEnded }
        #expect(revoke.output == "1 stream ended\n")
    }

    @Test
    func `a reader that the route no longer admits receives no more events, and other readers do`()
        throws
    {
        let fixture = try EndToEndFixture()
        let application = try Application(fixture)
        application.users = ["anne", "bob"]
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: application.variables.merging(["PASSERELLE_AUTH_RECHECK": "2s"]) { $1 })
        func stream(_ user: String) -> StreamClient {
            StreamClient(
                fixture, gateway.http, "/events?channel=presence-bail-1",
                fields: ["Cookie": "session=\(user)"])
        }
        let (anne, bob) = (stream("anne"), stream("bob"))
        let polls = RepeatedPolls(fixture, gateway)
        try fixture.wait(for: "both streams") { !anne.snapshots.isEmpty && !bob.snapshots.isEmpty }
        application.users = ["bob"]
        try fixture.wait(for: "their ends") { anne.end != nil && polls.refusal != nil }
        #expect(anne.messages.last?.event == "passerelle:denied")
        #expect(
            anne.messages.last.map { String(decoding: $0.data, as: UTF8.self) }
                == #"{"reason":"revoked"}"#)
        #expect(polls.refusal?.status == 403)
        #expect(
            polls.refusal.map { String(decoding: $0.body, as: UTF8.self) }
                == #"{"error":"forbidden","message":"The application's auth route refuses this reader."}"#
                + "\n")
        try sandbox.publish("presence-bail-1", "new-message", #"{"n":1}"#)
        try fixture.wait(for: "the event") { bob.delivered.contains { $0.event == "new-message" } }
        #expect(!anne.messages.contains { $0.event == "new-message" })
        #expect(bob.end == nil)
        bob.close()
        polls.close()
    }

    @Test func `many readers at once cause few concurrent calls of the auth route`() throws {
        let fixture = try EndToEndFixture()
        let application = try Application(fixture)
        application.users = Set((0..<200).map { "user\($0)" })
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: application.variables.merging(["PASSERELLE_PRESENCE": "observe"]) { $1 })
        // Each user has two tabs that reconnect at the same time.
        var callers: [HTTPCaller] = []
        var statuses: [Int] = []
        for number in 0..<400 {
            let caller = HTTPCaller(loop: fixture.loop, address: gateway.http)
            callers.append(caller)
            let request = HTTPRequest(
                method: "GET", target: "/poll?channel=presence-bail-1",
                fields: ["Host": "localhost", "Cookie": "session=user\(number / 2)"])
            caller.send(request) { statuses.append($0.status) }
        }
        try fixture.wait(for: "all answers") { statuses.count == 400 }
        #expect(statuses.allSatisfy { $0 == 200 })
        // The decision is reused for other requests once two calls have returned the same user.
        #expect(application.server.requests.count <= 400)
        #expect(application.most <= 16)
        for caller in callers { caller.close() }
    }

    /// A token for Anne, made by the command.
    private func madeToken(_ fixture: EndToEndFixture) throws -> String {
        let made = try fixture.start(
            "token", ["presence-bail-1", "--user", "anne", "--for", "1h"],
            ["PASSERELLE_TOKEN_KEY": Self.secret])
        try fixture.wait(for: "the token") { made.hasEnded }
        let token = String(made.output.dropLast())
        #expect(made.status == 0 && token.split(separator: ".").count == 3)
        return token
    }

    /// A token for Anne that is accepted for only a few more seconds.
    private func endingToken(_ fixture: EndToEndFixture) throws -> String {
        let key = try SignatureKey(secret: Array(Self.secret.utf8))
        let ending = CompactToken.signed(
            algorithm: "HS256",
            claims: TokenClaims(
                subject: "anne", expires: fixture.loop.wallMilliseconds / 1000 - 57,
                channels: [try ChannelPattern("presence-*")]))
        return CompactToken.text(
            signed: ending, signature: try #require(key.signature(of: ending)))
    }

    /// The names of a stream's events, once the stream has ended.
    private func eventNames(
        _ fixture: EndToEndFixture, _ gateway: GatewayProcess, token: String
    ) throws -> [String] {
        var events = EventStreamParser()
        var parser = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
        let recorder = LinkRecorder()
        let link = Dial.connect(loop: fixture.loop, to: gateway.http, owner: recorder)
        link.send(
            HTTPWriter.request(
                HTTPRequest(
                    method: "GET", target: "/events?channel=presence-bail-1&access_token=\(token)",
                    fields: ["Host": "localhost"])))
        try fixture.wait(for: "the stream's end") { !recorder.ends.isEmpty }
        parser.append(recorder.received.span)
        var names: [String] = []
        while let part = try parser.next() {
            guard case .body(let bytes) = part else { continue }
            events.append(bytes.span)
            while let message = try events.next() { names.append(message.event) }
        }
        return names
    }

    @Test func `a token in the query is refused by a line that names the variable`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_AUTH": "token", "PASSERELLE_TOKEN_KEY": Self.secret])
        let token = try madeToken(fixture)
        let target = "/poll?channel=presence-bail-1"
        let refused = try gateway.get("\(target)&access_token=\(token)")
        #expect(refused.status == 401)
        #expect(
            String(decoding: refused.body, as: UTF8.self).contains("PASSERELLE_TOKEN_QUERY=yes"))
        #expect(
            refused.fields.first("WWW-Authenticate")
                == #"Bearer realm="passerelle", error="invalid_token""#)
        let field: HTTPFields = ["Authorization": "Bearer \(token)"]
        #expect(try get(gateway, target, field).status == 200)
    }

    @Test func `a token made by the command authorizes a reader, expires, and is in no log`() throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_AUTH": "token", "PASSERELLE_TOKEN_KEY": Self.secret,
                "PASSERELLE_TOKEN_QUERY": "yes",
            ])
        let token = try madeToken(fixture)
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
        let text = try endingToken(fixture)
        let names = try eventNames(fixture, gateway, token: text)
        #expect(names.last == "passerelle:denied" && names.count == 2)
        let published = gateway.process.errors
        #expect(published.contains("status=401"))
        for part in token.split(separator: ".") + text.split(separator: ".") {
            #expect(!published.contains(part))
        }
        #expect(!published.contains(Self.secret))
    }

    @Test func `without authorization, a host name that resolves to this host is refused`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let evil = try get(gateway, "/poll?channel=presence-bail-1", ["Host": "evil.test"])
        #expect(evil.status == 421)
        #expect(
            evil.body
                == #"{"error":"misdirected","message":"This gateway does not serve that host;"#
                + " see PASSERELLE_HOSTS.\"}\n")
        let rebound: HTTPFields = ["Host": "evil.test", "Origin": "http://evil.test"]
        #expect(try get(gateway, "/poll?channel=presence-bail-1", rebound).status == 421)
        let foreign: HTTPFields = ["Origin": "http://evil.test"]
        #expect(try get(gateway, "/poll?channel=presence-bail-1", foreign).status == 403)
        #expect(try get(gateway, "/poll?channel=presence-bail-1").status == 200)
    }

    @Test func `the socket has its mode and group, and accepts only the configured users`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let mine = "\(getuid())"
        for (users, words) in [
            ("\(getuid() &+ 1):publish", "may not use the socket"),
            ("\(mine):read", "may only read"),
        ] {
            let gateway = try GatewayProcess(
                fixture, upstreamPort: sandbox.port,
                variables: [
                    "PASSERELLE_IPC_USERS": users, "PASSERELLE_IPC_MODE": "0600",
                    "PASSERELLE_IPC_GROUP": "\(getgid())",
                ])
            var found = stat()
            #expect(stat(gateway.ipc, &found) == 0)
            #expect(found.st_mode & 0o777 == 0o600 && found.st_gid == getgid())
            let line = LineClient(fixture, path: gateway.ipc)
            line.send(#"PUBLISH presence-bail-1 e {}"#)
            try fixture.wait(for: "the answer") { !line.replies.isEmpty }
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
