// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Offline notices from the real binary to a server that stands in for Inngest.
@Suite(.timeLimit(.minutes(5)))
struct NoticeTests {
    private static let channel = "presence-bail-cm5x"
    private static let key = "inngest-key-of-the-tests"

    private let stage: Stage
    private let sandbox: SandboxProcess
    private let inngest: ScriptedHTTP

    init() throws {
        stage = try Stage()
        sandbox = try SandboxProcess(stage)
        inngest = try ScriptedHTTP(loop: stage.loop)
        answer(200, #"{"ids":["01"],"status":200}"#)
    }

    private func answer(_ status: Int, _ body: String) {
        inngest.answer = { _, link in
            let response = HTTPResponse(status: status, body: Array(body.utf8))
            link.send(HTTPWriter.response(response, keepAlive: true))
        }
    }

    private func start(
        url: String? = nil, _ variables: [String: String] = [:]
    ) throws -> GatewayProcess {
        try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_PIN": Self.channel, "PASSERELLE_INNGEST_KEY": Self.key,
                "PASSERELLE_INNGEST_URL": url ?? "http://127.0.0.1:\(inngest.port)",
                "PASSERELLE_NOTICE_DELAY": "300ms",
                "PASSERELLE_NOTICE_LINK": "https://app.example/baux/{bail}",
            ].merging(variables) { $1 })
    }

    private func publish(_ id: String, to recipients: String? = nil) throws {
        let to = recipients.map { #""to":\#($0),"# } ?? ""
        try sandbox.publish(
            Self.channel, "new-message",
            #"{"message":{"id":"\#(id)",\#(to)"senderId":"usr_bob","content":"Bonjour Zoé 👋","#
                + #""sender":{"id":"usr_bob","name":"Bob"}}}"#)
    }

    private func notices(_ gateway: GatewayProcess, _ name: String) throws -> Int {
        try gateway.status().number(["notices", name])
    }

    @Test func `who left is told of a message, who is there is not`() throws {
        let gateway = try start()
        let ann = try ChannelsMember(
            stage, port: sandbox.port, userID: "usr_ann", info: #"{"email":"ann@example.test"}"#)
        let bob = try ChannelsMember(stage, port: sandbox.port, userID: "usr_bob", info: "{}")
        let eve = try ChannelsMember(stage, port: sandbox.port, userID: "usr_eve", info: "{}")
        for member in [ann, bob, eve] { try member.join(Self.channel) }
        try stage.wait(for: "three members") {
            try gateway.members(of: Self.channel).count == 3
        }
        ann.leave()
        bob.leave()
        try stage.wait(for: "two departures") { try gateway.members(of: Self.channel).count == 1 }
        try publish("msg_1")
        try stage.wait(for: "a notice") { try notices(gateway, "sent") == 1 }
        #expect(inngest.requests.count == 1)
        let request = try #require(inngest.requests.first)
        #expect(request.target == "/e/\(Self.key)")
        let event = try JSONText(request.body)
        #expect(try event.string(["name"]) == "chat/message.offline")
        #expect(
            try event.raw(["data", "recipient"])
                == #"{"id":"usr_ann","user_info":{"email":"ann@example.test"}}"#)
        #expect(try event.raw(["data", "sender"]) == #"{"id":"usr_bob","name":"Bob"}"#)
        #expect(try event.string(["data", "preview"]) == "Bonjour Zoé 👋")
        #expect(try event.string(["data", "link"]) == "https://app.example/baux/cm5x")
        try publish("msg_2")
        try stage.wait(for: "the throttle") { try notices(gateway, "throttled") == 1 }
        #expect(inngest.requests.count == 1)
        #expect(try notices(gateway, "pending") == 0)
        #expect(!gateway.process.errors.contains(Self.key))
        #expect(!gateway.process.errors.contains("Bonjour"))
        #expect(try gateway.stop() == 0)
        _ = eve
    }

    @Test func `a kill and a new start begin no throttle anew, and lose no message that waits`()
        throws
    {
        let variables = [
            "PASSERELLE_STATE_DIR": stage.folder.path,
            "PASSERELLE_NOTICE_RECIPIENTS": "message.to",
        ]
        let first = try start(variables)
        try publish("msg_1", to: #""usr_ann""#)
        try stage.wait(for: "a notice") { try notices(first, "sent") == 1 }
        answer(503, "{}")
        try publish("msg_2", to: #"["usr_eve"]"#)
        try stage.wait(for: "a failure") { try notices(first, "failed") >= 1 }
        #expect(try first.stop(SIGKILL) == 128 + SIGKILL)
        answer(200, "{}")
        let before = inngest.requests.count
        let second = try start(variables)
        try stage.wait(for: "the notice that waited") { try notices(second, "sent") == 1 }
        try publish("msg_3", to: #"["usr_ann"]"#)
        try stage.wait(for: "the throttle") { try notices(second, "throttled") == 1 }
        let ids = try inngest.requests.map { try JSONText($0.body).string(["data", "message_id"]) }
        #expect(ids.first == "msg_1" && Set(ids[1...]) == ["msg_2"])
        #expect(inngest.requests.count == before + 1)
        let all = try inngest.requests[1...].map { try JSONText($0.body).string(["id"]) }
        #expect(Set(all).count == 1)
        #expect(try second.stop() == 0)
    }

    @Test func `who was seen before a restart is a recipient after it`() throws {
        let variables = ["PASSERELLE_STATE_DIR": stage.folder.path]
        let first = try start(variables)
        let ann = try ChannelsMember(
            stage, port: sandbox.port, userID: "usr_ann", info: #"{"email":"ann@example.test"}"#)
        try ann.join(Self.channel)
        try stage.wait(for: "a member") { try first.members(of: Self.channel).count == 1 }
        ann.leave()
        try stage.wait(for: "a departure") { try first.members(of: Self.channel).isEmpty }
        #expect(try first.stop() == 0)
        let second = try start(variables)
        try publish("msg_1")
        try stage.wait(for: "a notice") { try notices(second, "sent") == 1 }
        let event = try JSONText(try #require(inngest.requests.first).body)
        #expect(
            try event.string(["data", "recipient", "user_info", "email"]) == "ann@example.test")
        #expect(try second.stop() == 0)
    }

    @Test func `who reads through the gateway gets no mail about what is on the screen`() throws {
        let gateway = try start([
            "PASSERELLE_PRESENCE": "delegate", "PASSERELLE_NOTICE_RECIPIENTS": "message.to",
        ])
        let ann = StreamClient(stage, gateway.http, "/events?channel=\(Self.channel)&user=usr_ann")
        try stage.wait(for: "ann to be a member") {
            try gateway.members(of: Self.channel)["usr_ann"] != nil
        }
        try publish("msg_1", to: #"["usr_ann","usr_eve"]"#)
        try stage.wait(for: "eve's notice") { try notices(gateway, "sent") == 1 }
        #expect(try notices(gateway, "present") == 1)
        #expect(inngest.requests.count == 1)
        ann.close()
        #expect(try gateway.stop() == 0)
    }

    @Test func `a message that is deleted in time is not announced, nor kept`() throws {
        let gateway = try start([
            "PASSERELLE_STATE_DIR": stage.folder.path, "PASSERELLE_NOTICE_DELAY": "2s",
            "PASSERELLE_NOTICE_RECIPIENTS": "message.to",
        ])
        try publish("msg_1", to: #""usr_ann""#)
        try sandbox.publish(Self.channel, "message-deleted", #"{"messageId":"msg_1"}"#)
        try publish("msg_2", to: #""usr_ann""#)
        try stage.wait(for: "the other's notice") { try notices(gateway, "sent") == 1 }
        #expect(try notices(gateway, "retracted") == 1)
        #expect(inngest.requests.count == 1)
        #expect(
            try JSONText(try #require(inngest.requests.first).body).string(["data", "message_id"])
                == "msg_2")
        let kept = try Subprocess.run("cat", [stage.folder.file("notices.jsonl")]).output
        #expect(kept.contains("msg_2") && !kept.contains("msg_1"))
        #expect(try gateway.stop() == 0)
    }

    @Test func `a wrong key is told with what to do, and without the key`() throws {
        answer(401, #"{"error":"Event key not found","status":401}"#)
        let gateway = try start(["PASSERELLE_NOTICE_RECIPIENTS": "message.to"])
        try publish("msg_1", to: #""usr_ann""#)
        try stage.wait(for: "the end of it") { try notices(gateway, "given_up") == 1 }
        let lines = gateway.process.lines(
            with: "level=error", "check PASSERELLE_INNGEST_KEY", "401")
        #expect(lines.count == 1)
        #expect(!gateway.process.errors.contains(Self.key))
        #expect(try gateway.stop() == 0)
    }

    @Test func `while Inngest never answers, events come and the gateway ends in time`() throws {
        inngest.answer = { _, _ in }
        let gateway = try start(["PASSERELLE_NOTICE_RECIPIENTS": "message.to"])
        for number in 1...20 { try publish("msg_\(number)", to: #"["usr_\#(number)"]"#) }
        try stage.wait(for: "two calls") { inngest.requests.count == 2 }
        let answer = try gateway.get("/poll?channel=\(Self.channel)&last=50")
        #expect(try JSONText(answer.body).elements(["events"]).count == 20)
        #expect(try notices(gateway, "pending") == 20)
        #expect(inngest.accepted == 2)
        #expect(try gateway.stop() == 0)
    }

    @Test func `over TLS only the right server hears anything`() throws {
        let certificates = try TestCertificates()
        let server = try certificates.server(addresses: ["127.0.0.1"])
        let front = try TLSFront(
            stage, certificate: server.certificateFile, key: server.keyFile, to: inngest.port)
        let url = "https://127.0.0.1:\(front.port)/base/"
        let recipients = ["PASSERELLE_NOTICE_RECIPIENTS": "message.to"]
        let wary = try start(url: url, recipients)
        try publish("msg_1", to: #""usr_ann""#)
        try stage.wait(for: "a failure") { try notices(wary, "failed") >= 1 }
        #expect(inngest.requests.isEmpty)
        #expect(try wary.stop() == 0)
        let gateway = try start(
            url: url,
            recipients.merging(["PASSERELLE_CA_FILE": certificates.authorityFile]) { $1 })
        try publish("msg_2", to: #""usr_ann""#)
        try stage.wait(for: "a notice") { try notices(gateway, "sent") == 1 }
        #expect(inngest.requests.map(\.target) == ["/base/e/\(Self.key)"])
        #expect(try gateway.stop() == 0)
    }
}
