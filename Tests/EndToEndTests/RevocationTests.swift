// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Revocation of a user at the real binary.
struct RevocationTests {
    private static let secret = "0123456789abcdef0123456789abcdef"
    private static let channel = "presence-bail-1"

    private func token(
        _ fixture: EndToEndFixture, _ user: String, _ arguments: [String] = []
    ) throws -> HTTPFields {
        let made = try fixture.start(
            "token", [Self.channel, "--user", user] + arguments,
            ["PASSERELLE_TOKEN_KEY": Self.secret])
        try fixture.wait(for: "the token") { made.hasEnded }
        return ["Authorization": "Bearer \(made.output.dropLast())"]
    }

    private func gateway(
        _ fixture: EndToEndFixture, _ sandbox: SandboxProcess, _ variables: [String: String] = [:]
    ) throws -> GatewayProcess {
        let own = ["PASSERELLE_AUTH": "token", "PASSERELLE_TOKEN_KEY": Self.secret]
        return try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: own.merging(variables) { $1 })
    }

    @Test func `a revoked user is gone from every surface, and can return with a new token`() throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let directory = fixture.directory.file("state")
        let variables = ["PASSERELLE_STATE_DIR": directory]
        let gateway = try gateway(fixture, sandbox, variables)
        let (anne, bob) = (try token(fixture, "anne"), try token(fixture, "bob"))
        let target = "/events?channel=\(Self.channel)"
        let stream = StreamClient(fixture, gateway.http, target, fields: anne)
        let other = StreamClient(fixture, gateway.http, target, fields: bob)
        try fixture.wait(for: "both at Channels") {
            try sandbox.users(of: Self.channel) == ["anne", "bob"]
        }
        let caller = HTTPCaller(loop: fixture.loop, address: gateway.http)
        var refusal: HTTPResponse?
        try sendPoll(caller, gateway, anne) { refusal = $0 }
        let command = try fixture.start("revoke", ["anne"], ["PASSERELLE_IPC": gateway.ipc])
        let began = ContinuousClock.now
        try fixture.wait(for: "their ends") { stream.end != nil && refusal != nil }
        try fixture.wait(for: "the command's end") { command.hasEnded }
        #expect(command.status == 0 && command.output == "1 stream ended\n")
        #expect(stream.isComplete && stream.failure == nil)
        try expectRevoked(refusal)
        try fixture.wait(for: "the membership's end") {
            try sandbox.users(of: Self.channel) == ["bob"]
        }
        // The grace period after the poll would be sixty seconds.
        #expect(ContinuousClock.now - began < .seconds(55))
        try expectRefused(gateway, anne, admitted: bob)
        #expect(other.end == nil)
        try fixture.wait(for: "the file") { try !Self.file(directory).isEmpty }
        #expect(try gateway.stop() == 0)
        let poll = "/poll?channel=\(Self.channel)"
        let next = try self.gateway(fixture, sandbox, variables)
        #expect(try next.get(poll, fields: anne).status == 401, "after a restart")
        #expect(try next.get(poll, fields: token(fixture, "anne")).status == 200)
        other.close()
        caller.close()
    }

    /// Sends a poll that waits, as the third reader of the gateway.
    private func sendPoll(
        _ caller: HTTPCaller, _ gateway: GatewayProcess, _ token: HTTPFields,
        then: @escaping (HTTPResponse) -> Void
    ) throws {
        var fields = token
        fields.set("Host", "localhost")
        caller.send(
            HTTPRequest(
                method: "GET", target: "/poll?channel=\(Self.channel)&wait=55&after=now",
                fields: fields),
            then: then)
        try gateway.fixture.wait(for: "the poll") {
            try gateway.status().number(["readers", "attached"]) == 3
        }
    }

    private func expectRevoked(_ refusal: HTTPResponse?) throws {
        #expect(refusal?.status == 403)
        let reason = try JSONText(refusal?.body ?? [])
        #expect(try reason.string(["event"]) == "passerelle:denied")
        #expect(try reason.string(["data", "reason"]) == "revoked")
    }

    /// Checks that the gateway refuses Anne, has logged it, and still admits Bob.
    private func expectRefused(
        _ gateway: GatewayProcess, _ anne: HTTPFields, admitted bob: HTTPFields
    ) throws {
        let poll = "/poll?channel=\(Self.channel)"
        #expect(try gateway.get(poll, fields: anne).status == 401)
        #expect(try gateway.get(poll, fields: bob).status == 200)
        let line = try #require(gateway.process.lines(with: "a user was revoked").first)
        #expect(line.contains("user=anne") && line.contains("streams=1"))
    }

    private static func file(_ directory: String) throws -> String {
        try Subprocess.run("cat", ["\(directory)/revocations.jsonl"]).output
    }

    @Test func `a damaged file of revocations loses only its damaged lines`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let directory = fixture.directory.file("state")
        let variables = ["PASSERELLE_STATE_DIR": directory]
        #expect(try gateway(fixture, sandbox, variables).stop() == 0)
        let lines = #"{"user":"anne","at":9999999999999}"# + "\n" + #"{"user":"bob","at":99"#
        _ = try Subprocess.run("tee", ["\(directory)/revocations.jsonl"], input: lines)
        let gateway = try gateway(fixture, sandbox, variables)
        #expect(gateway.process.lines(with: "skipped damaged lines").count == 1)
        let poll = "/poll?channel=\(Self.channel)"
        #expect(try gateway.get(poll, fields: token(fixture, "anne")).status == 401)
        #expect(try gateway.get(poll, fields: token(fixture, "bob")).status == 200)
        try fixture.wait(for: "the file anew") { try !Self.file(directory).contains("bob") }
        #expect(try Self.file(directory).contains("anne"))
    }

    @Test func `an application's event cannot imitate one of the gateway`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the stream") { !stream.snapshots.isEmpty }
        let names = ["passerelle:gap", "passerelle:denied", "passerelle:upstream"]
        for name in names {
            try sandbox.publish(Self.channel, name, #"{"reason":"revoked"}"#)
        }
        try fixture.wait(for: "the events") { stream.delivered.count == 3 }
        #expect(stream.delivered.map(\.event) == names.map { "application:" + $0 })
        #expect(stream.end == nil)
        let poll = try gateway.get("/poll?channel=\(Self.channel)&last=3")
        let text = String(decoding: poll.body, as: UTF8.self)
        for name in names {
            #expect(text.contains("\"application:\(name)\"") && !text.contains("\"\(name)\""))
        }
        #expect(try gateway.status().number(["log", "renamed"]) == 3)
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("PUBLISH \(Self.channel) passerelle:gap {}")
        try fixture.wait(for: "the answer") { !line.replies.isEmpty }
        #expect(
            line.replies == [
                .error(
                    code: "forbidden",
                    message: "Names that start with passerelle: are reserved.")
            ])
        line.close()
        stream.close()
    }

    @Test func `if there is room for fewer revocations than before, the oldest are forgotten`()
        throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let directory = fixture.directory.file("state")
        var variables = ["PASSERELLE_STATE_DIR": directory]
        #expect(try gateway(fixture, sandbox, variables).stop() == 0)
        let far = 9_999_999_999_990
        let lines = ["old", "anne", "bob"].enumerated()
            .map { #"{"user":"\#($1)","at":\#(far + $0)}"# + "\n" }.joined()
        _ = try Subprocess.run("tee", ["\(directory)/revocations.jsonl"], input: lines)
        variables["PASSERELLE_MAX_REVOCATIONS"] = "2"
        let gateway = try gateway(fixture, sandbox, variables)
        #expect(gateway.process.lines(with: "the oldest revocations are forgotten").count == 1)
        for (user, status) in [("old", 200), ("anne", 401), ("bob", 401)] {
            let answer = try gateway.get(
                "/poll?channel=\(Self.channel)", fields: token(fixture, user))
            #expect(answer.status == status, "\(user)")
        }
    }

    @Test func `a revocation that cannot be written is answered with an error`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let directory = fixture.directory.file("state")
        let gateway = try gateway(fixture, sandbox, ["PASSERELLE_STATE_DIR": directory])
        let stream = StreamClient(
            fixture, gateway.http, "/events?channel=\(Self.channel)",
            fields: try token(fixture, "anne"))
        try fixture.wait(for: "the stream") { !stream.snapshots.isEmpty }
        // A directory in place of the file makes the write fail even for root.
        _ = try Subprocess.run("mkdir", ["\(directory)/revocations.jsonl"])
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("REVOKE anne")
        try fixture.wait(for: "the answer") { !line.replies.isEmpty }
        guard case .error("internal", let text)? = line.replies.first else {
            Issue.record("\(line.replies)")
            return
        }
        #expect(text.contains("PASSERELLE_STATE_DIR"))
        try fixture.wait(for: "the end") { stream.end != nil }
        // The next revocation writes a new file, with both.
        _ = try Subprocess.run("rmdir", ["\(directory)/revocations.jsonl"])
        line.send("REVOKE bob")
        try fixture.wait(for: "the second answer") { line.replies.count == 2 }
        let json = Array(#"{"streams":0}"#.utf8)
        #expect(line.replies.last == .ok(verb: "REVOKE", words: [], json: json))
        let file = try Self.file(directory)
        #expect(file.contains("anne") && file.contains("bob"))
        line.close()
    }
}
