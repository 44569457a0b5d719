// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Offline notices from the real binary to a server in the place of Inngest.
struct NoticeTests {
    private let scenario: NoticeFixture

    init() throws {
        scenario = try NoticeFixture()
    }

    private func member(_ user: String, info: String = "{}") throws -> ChannelsMember {
        try ChannelsMember(
            scenario.fixture, port: scenario.sandbox.port, userID: user, info: info)
    }

    @Test func `a recipient who left gets a notice, and one who is present does not`() throws {
        let gateway = try scenario.start()
        let ann = try member("usr_ann", info: #"{"email":"ann@example.test"}"#)
        let bob = try member("usr_bob")
        let eve = try member("usr_eve")
        for member in [ann, bob, eve] { try member.join(NoticeFixture.channel) }
        try scenario.fixture.wait(for: "three members") {
            try gateway.members(of: NoticeFixture.channel).count == 3
        }
        ann.leave()
        bob.leave()
        try scenario.fixture.wait(for: "two departures") {
            try gateway.members(of: NoticeFixture.channel).count == 1
        }
        try scenario.publish("msg_1")
        try scenario.fixture.wait(for: "a notice") { try scenario.notices(gateway, "sent") == 1 }
        #expect(scenario.inngest.requests.count == 1)
        let request = try #require(scenario.inngest.requests.first)
        #expect(request.target == "/e/\(NoticeFixture.key)")
        let event = try JSONText(request.body)
        #expect(try event.string(["name"]) == "chat/message.offline")
        #expect(
            try event.raw(["data", "recipient"])
                == #"{"id":"usr_ann","user_info":{"email":"ann@example.test"}}"#)
        #expect(try event.raw(["data", "sender"]) == #"{"id":"usr_bob","name":"Bob"}"#)
        #expect(try event.string(["data", "preview"]) == "Bonjour Zoé 👋")
        #expect(try event.string(["data", "link"]) == "https://app.example/baux/cm5x")
        try scenario.publish("msg_2")
        try scenario.fixture.wait(for: "the throttle") {
            try scenario.notices(gateway, "throttled") == 1
        }
        #expect(scenario.inngest.requests.count == 1)
        #expect(try scenario.notices(gateway, "pending") == 0)
        #expect(!gateway.process.errors.contains(NoticeFixture.key))
        #expect(!gateway.process.errors.contains("Bonjour"))
        #expect(try gateway.stop() == 0)
        _ = eve
    }

    @Test func `a restart after a kill keeps the throttle, and loses no waiting message`()
        throws
    {
        let variables = [
            "PASSERELLE_STATE_DIR": scenario.fixture.directory.path,
            "PASSERELLE_NOTICE_RECIPIENTS": "message.to",
        ]
        let first = try scenario.start(variables)
        try scenario.publish("msg_1", to: #""usr_ann""#)
        try scenario.fixture.wait(for: "a notice") { try scenario.notices(first, "sent") == 1 }
        scenario.answer(503, "{}")
        try scenario.publish("msg_2", to: #"["usr_eve"]"#)
        try scenario.fixture.wait(for: "a failure") { try scenario.notices(first, "failed") >= 1 }
        #expect(try first.stop(SIGKILL) == 128 + SIGKILL)
        scenario.answer(200, "{}")
        let before = scenario.inngest.requests.count
        let second = try scenario.start(variables)
        try scenario.fixture.wait(for: "the notice that waited") {
            try scenario.notices(second, "sent") == 1
        }
        try scenario.publish("msg_3", to: #"["usr_ann"]"#)
        try scenario.fixture.wait(for: "the throttle") {
            try scenario.notices(second, "throttled") == 1
        }
        let ids = try scenario.inngest.requests.map {
            try JSONText($0.body).string(["data", "message_id"])
        }
        #expect(ids.first == "msg_1" && Set(ids[1...]) == ["msg_2"])
        #expect(scenario.inngest.requests.count == before + 1)
        let all = try scenario.inngest.requests[1...].map { try JSONText($0.body).string(["id"]) }
        #expect(Set(all).count == 1)
        #expect(try second.stop() == 0)
    }

    @Test func `a user seen before a restart is a recipient after it`() throws {
        let variables = ["PASSERELLE_STATE_DIR": scenario.fixture.directory.path]
        let first = try scenario.start(variables)
        let ann = try member("usr_ann", info: #"{"email":"ann@example.test"}"#)
        try ann.join(NoticeFixture.channel)
        try scenario.fixture.wait(for: "a member") {
            try first.members(of: NoticeFixture.channel).count == 1
        }
        ann.leave()
        try scenario.fixture.wait(for: "a departure") {
            try first.members(of: NoticeFixture.channel).isEmpty
        }
        #expect(try first.stop() == 0)
        let second = try scenario.start(variables)
        try scenario.publish("msg_1")
        try scenario.fixture.wait(for: "a notice") { try scenario.notices(second, "sent") == 1 }
        let event = try JSONText(try #require(scenario.inngest.requests.first).body)
        #expect(
            try event.string(["data", "recipient", "user_info", "email"]) == "ann@example.test")
        #expect(try second.stop() == 0)
    }

    @Test func `a user who reads through the gateway gets no mail about messages on the screen`()
        throws
    {
        let gateway = try scenario.start([
            "PASSERELLE_PRESENCE": "delegate", "PASSERELLE_NOTICE_RECIPIENTS": "message.to",
        ])
        let ann = StreamClient(
            scenario.fixture, gateway.http, "/events?channel=\(NoticeFixture.channel)&user=usr_ann")
        try scenario.fixture.wait(for: "ann to be a member") {
            try gateway.members(of: NoticeFixture.channel)["usr_ann"] != nil
        }
        try scenario.publish("msg_1", to: #"["usr_ann","usr_eve"]"#)
        try scenario.fixture.wait(for: "eve's notice") {
            try scenario.notices(gateway, "sent") == 1
        }
        #expect(try scenario.notices(gateway, "present") == 1)
        #expect(scenario.inngest.requests.count == 1)
        ann.close()
        #expect(try gateway.stop() == 0)
    }

    @Test func `a message that is retracted in time is neither announced nor kept`() throws {
        let gateway = try scenario.start([
            "PASSERELLE_STATE_DIR": scenario.fixture.directory.path,
            "PASSERELLE_NOTICE_DELAY": "6s",
            "PASSERELLE_NOTICE_RECIPIENTS": "message.to",
        ])
        try scenario.publish("msg_1", to: #""usr_ann""#)
        try scenario.sandbox.publish(
            NoticeFixture.channel, "message-deleted", #"{"messageId":"msg_1"}"#)
        try scenario.publish("msg_2", to: #""usr_ann""#)
        try scenario.fixture.wait(for: "the other's notice") {
            try scenario.notices(gateway, "sent") == 1
        }
        #expect(try scenario.notices(gateway, "retracted") == 1)
        #expect(scenario.inngest.requests.count == 1)
        #expect(
            try JSONText(try #require(scenario.inngest.requests.first).body).string([
                "data", "message_id",
            ])
                == "msg_2")
        let kept = try Subprocess.run("cat", [scenario.fixture.directory.file("notices.jsonl")])
            .output
        #expect(kept.contains("msg_2") && !kept.contains("msg_1"))
        #expect(try gateway.stop() == 0)
    }

    @Test func `a wrong key is logged with the remedy, without the key, and retried`() throws {
        scenario.answer(401, #"{"error":"Event key not found","status":401}"#)
        let gateway = try scenario.start(["PASSERELLE_NOTICE_RECIPIENTS": "message.to"])
        try scenario.publish("msg_1", to: #""usr_ann""#)
        try scenario.fixture.wait(for: "two failures") {
            try scenario.notices(gateway, "failed") >= 2
        }
        let lines = gateway.process.lines(
            with: "level=warning", "check PASSERELLE_INNGEST_KEY", "status 401")
        #expect(lines.count == 1)
        #expect(!gateway.process.errors.contains(NoticeFixture.key))
        // From now on Inngest accepts the key.
        scenario.answer(200)
        try scenario.fixture.wait(for: "the notice") { try scenario.notices(gateway, "sent") == 1 }
        #expect(try scenario.notices(gateway, "given_up") == 0)
        #expect(gateway.process.lines(with: "level=info", "accepts notices again").count == 1)
        #expect(try gateway.stop() == 0)
    }

    @Test func `while Inngest never answers, events are delivered and the gateway stops in time`()
        throws
    {
        scenario.inngest.answer = { _, _ in }
        let gateway = try scenario.start(["PASSERELLE_NOTICE_RECIPIENTS": "message.to"])
        for number in 1...20 { try scenario.publish("msg_\(number)", to: #"["usr_\#(number)"]"#) }
        try scenario.fixture.wait(for: "two calls") { scenario.inngest.requests.count == 2 }
        let answer = try gateway.get("/poll?channel=\(NoticeFixture.channel)&last=50")
        #expect(try JSONText(answer.body).elements(["events"]).count == 20)
        #expect(try scenario.notices(gateway, "pending") == 20)
        #expect(scenario.inngest.accepted == 2)
        #expect(try gateway.stop() == 0)
    }

    @Test func `over TLS only a server with a trusted certificate receives notices`() throws {
        let certificates = try TestCertificates()
        let server = try certificates.server(addresses: ["127.0.0.1"])
        let front = try TLSFront(
            scenario.fixture, certificate: server.certificateFile, key: server.keyFile,
            to: scenario.inngest.port)
        let url = "https://127.0.0.1:\(front.port)/base/"
        let recipients = ["PASSERELLE_NOTICE_RECIPIENTS": "message.to"]
        let wary = try scenario.start(url: url, recipients)
        try scenario.publish("msg_1", to: #""usr_ann""#)
        try scenario.fixture.wait(for: "a failure") { try scenario.notices(wary, "failed") >= 1 }
        #expect(scenario.inngest.requests.isEmpty)
        #expect(try wary.stop() == 0)
        let gateway = try scenario.start(
            url: url,
            recipients.merging(["PASSERELLE_CA_FILE": certificates.authorityFile]) { $1 })
        try scenario.publish("msg_2", to: #""usr_ann""#)
        try scenario.fixture.wait(for: "a notice") { try scenario.notices(gateway, "sent") == 1 }
        #expect(scenario.inngest.requests.map(\.target) == ["/base/e/\(NoticeFixture.key)"])
        #expect(try gateway.stop() == 0)
    }
}
