// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Offline notices from the real binary to a server that stands in for Inngest.
@Suite(.timeLimit(.minutes(5)))
struct NoticeTests {
    private let scene: NoticeRoom

    init() throws {
        scene = try NoticeRoom()
    }

    @Test func `who left is told of a message, who is there is not`() throws {
        let gateway = try scene.start()
        let ann = try ChannelsMember(
            scene.stage, port: scene.sandbox.port, userID: "usr_ann",
            info: #"{"email":"ann@example.test"}"#)
        let bob = try ChannelsMember(
            scene.stage, port: scene.sandbox.port, userID: "usr_bob", info: "{}")
        let eve = try ChannelsMember(
            scene.stage, port: scene.sandbox.port, userID: "usr_eve", info: "{}")
        for member in [ann, bob, eve] { try member.join(NoticeRoom.channel) }
        try scene.stage.wait(for: "three members") {
            try gateway.members(of: NoticeRoom.channel).count == 3
        }
        ann.leave()
        bob.leave()
        try scene.stage.wait(for: "two departures") {
            try gateway.members(of: NoticeRoom.channel).count == 1
        }
        try scene.publish("msg_1")
        try scene.stage.wait(for: "a notice") { try scene.notices(gateway, "sent") == 1 }
        #expect(scene.inngest.requests.count == 1)
        let request = try #require(scene.inngest.requests.first)
        #expect(request.target == "/e/\(NoticeRoom.key)")
        let event = try JSONText(request.body)
        #expect(try event.string(["name"]) == "chat/message.offline")
        #expect(
            try event.raw(["data", "recipient"])
                == #"{"id":"usr_ann","user_info":{"email":"ann@example.test"}}"#)
        #expect(try event.raw(["data", "sender"]) == #"{"id":"usr_bob","name":"Bob"}"#)
        #expect(try event.string(["data", "preview"]) == "Bonjour Zoé 👋")
        #expect(try event.string(["data", "link"]) == "https://app.example/baux/cm5x")
        try scene.publish("msg_2")
        try scene.stage.wait(for: "the throttle") { try scene.notices(gateway, "throttled") == 1 }
        #expect(scene.inngest.requests.count == 1)
        #expect(try scene.notices(gateway, "pending") == 0)
        #expect(!gateway.process.errors.contains(NoticeRoom.key))
        #expect(!gateway.process.errors.contains("Bonjour"))
        #expect(try gateway.stop() == 0)
        _ = eve
    }

    @Test func `a kill and a new start begin no throttle anew, and lose no message that waits`()
        throws
    {
        let variables = [
            "PASSERELLE_STATE_DIR": scene.stage.folder.path,
            "PASSERELLE_NOTICE_RECIPIENTS": "message.to",
        ]
        let first = try scene.start(variables)
        try scene.publish("msg_1", to: #""usr_ann""#)
        try scene.stage.wait(for: "a notice") { try scene.notices(first, "sent") == 1 }
        scene.answer(503, "{}")
        try scene.publish("msg_2", to: #"["usr_eve"]"#)
        try scene.stage.wait(for: "a failure") { try scene.notices(first, "failed") >= 1 }
        #expect(try first.stop(SIGKILL) == 128 + SIGKILL)
        scene.answer(200, "{}")
        let before = scene.inngest.requests.count
        let second = try scene.start(variables)
        try scene.stage.wait(for: "the notice that waited") {
            try scene.notices(second, "sent") == 1
        }
        try scene.publish("msg_3", to: #"["usr_ann"]"#)
        try scene.stage.wait(for: "the throttle") { try scene.notices(second, "throttled") == 1 }
        let ids = try scene.inngest.requests.map {
            try JSONText($0.body).string(["data", "message_id"])
        }
        #expect(ids.first == "msg_1" && Set(ids[1...]) == ["msg_2"])
        #expect(scene.inngest.requests.count == before + 1)
        let all = try scene.inngest.requests[1...].map { try JSONText($0.body).string(["id"]) }
        #expect(Set(all).count == 1)
        #expect(try second.stop() == 0)
    }

    @Test func `who was seen before a restart is a recipient after it`() throws {
        let variables = ["PASSERELLE_STATE_DIR": scene.stage.folder.path]
        let first = try scene.start(variables)
        let ann = try ChannelsMember(
            scene.stage, port: scene.sandbox.port, userID: "usr_ann",
            info: #"{"email":"ann@example.test"}"#)
        try ann.join(NoticeRoom.channel)
        try scene.stage.wait(for: "a member") {
            try first.members(of: NoticeRoom.channel).count == 1
        }
        ann.leave()
        try scene.stage.wait(for: "a departure") {
            try first.members(of: NoticeRoom.channel).isEmpty
        }
        #expect(try first.stop() == 0)
        let second = try scene.start(variables)
        try scene.publish("msg_1")
        try scene.stage.wait(for: "a notice") { try scene.notices(second, "sent") == 1 }
        let event = try JSONText(try #require(scene.inngest.requests.first).body)
        #expect(
            try event.string(["data", "recipient", "user_info", "email"]) == "ann@example.test")
        #expect(try second.stop() == 0)
    }

    @Test func `who reads through the gateway gets no mail about what is on the screen`() throws {
        let gateway = try scene.start([
            "PASSERELLE_PRESENCE": "delegate", "PASSERELLE_NOTICE_RECIPIENTS": "message.to",
        ])
        let ann = StreamClient(
            scene.stage, gateway.http, "/events?channel=\(NoticeRoom.channel)&user=usr_ann")
        try scene.stage.wait(for: "ann to be a member") {
            try gateway.members(of: NoticeRoom.channel)["usr_ann"] != nil
        }
        try scene.publish("msg_1", to: #"["usr_ann","usr_eve"]"#)
        try scene.stage.wait(for: "eve's notice") { try scene.notices(gateway, "sent") == 1 }
        #expect(try scene.notices(gateway, "present") == 1)
        #expect(scene.inngest.requests.count == 1)
        ann.close()
        #expect(try gateway.stop() == 0)
    }

    @Test func `a message that is deleted in time is not announced, nor kept`() throws {
        let gateway = try scene.start([
            "PASSERELLE_STATE_DIR": scene.stage.folder.path, "PASSERELLE_NOTICE_DELAY": "2s",
            "PASSERELLE_NOTICE_RECIPIENTS": "message.to",
        ])
        try scene.publish("msg_1", to: #""usr_ann""#)
        try scene.sandbox.publish(NoticeRoom.channel, "message-deleted", #"{"messageId":"msg_1"}"#)
        try scene.publish("msg_2", to: #""usr_ann""#)
        try scene.stage.wait(for: "the other's notice") { try scene.notices(gateway, "sent") == 1 }
        #expect(try scene.notices(gateway, "retracted") == 1)
        #expect(scene.inngest.requests.count == 1)
        #expect(
            try JSONText(try #require(scene.inngest.requests.first).body).string([
                "data", "message_id",
            ])
                == "msg_2")
        let kept = try Subprocess.run("cat", [scene.stage.folder.file("notices.jsonl")]).output
        #expect(kept.contains("msg_2") && !kept.contains("msg_1"))
        #expect(try gateway.stop() == 0)
    }

    @Test func `a wrong key is told with what to do, without the key, and tried again`() throws {
        scene.answer(401, #"{"error":"Event key not found","status":401}"#)
        let gateway = try scene.start(["PASSERELLE_NOTICE_RECIPIENTS": "message.to"])
        try scene.publish("msg_1", to: #""usr_ann""#)
        try scene.stage.wait(for: "two failures") { try scene.notices(gateway, "failed") >= 2 }
        let lines = gateway.process.lines(
            with: "level=warning", "check PASSERELLE_INNGEST_KEY", "status 401")
        #expect(lines.count == 1)
        #expect(!gateway.process.errors.contains(NoticeRoom.key))
        // Inngest was told the key meanwhile.
        scene.answer(200)
        try scene.stage.wait(for: "the notice") { try scene.notices(gateway, "sent") == 1 }
        #expect(try scene.notices(gateway, "given_up") == 0)
        #expect(gateway.process.lines(with: "level=info", "takes notices again").count == 1)
        #expect(try gateway.stop() == 0)
    }

    @Test func `while Inngest never answers, events come and the gateway ends in time`() throws {
        scene.inngest.answer = { _, _ in }
        let gateway = try scene.start(["PASSERELLE_NOTICE_RECIPIENTS": "message.to"])
        for number in 1...20 { try scene.publish("msg_\(number)", to: #"["usr_\#(number)"]"#) }
        try scene.stage.wait(for: "two calls") { scene.inngest.requests.count == 2 }
        let answer = try gateway.get("/poll?channel=\(NoticeRoom.channel)&last=50")
        #expect(try JSONText(answer.body).elements(["events"]).count == 20)
        #expect(try scene.notices(gateway, "pending") == 20)
        #expect(scene.inngest.accepted == 2)
        #expect(try gateway.stop() == 0)
    }

    @Test func `over TLS only the right server hears anything`() throws {
        let certificates = try TestCertificates()
        let server = try certificates.server(addresses: ["127.0.0.1"])
        let front = try TLSFront(
            scene.stage, certificate: server.certificateFile, key: server.keyFile,
            to: scene.inngest.port)
        let url = "https://127.0.0.1:\(front.port)/base/"
        let recipients = ["PASSERELLE_NOTICE_RECIPIENTS": "message.to"]
        let wary = try scene.start(url: url, recipients)
        try scene.publish("msg_1", to: #""usr_ann""#)
        try scene.stage.wait(for: "a failure") { try scene.notices(wary, "failed") >= 1 }
        #expect(scene.inngest.requests.isEmpty)
        #expect(try wary.stop() == 0)
        let gateway = try scene.start(
            url: url,
            recipients.merging(["PASSERELLE_CA_FILE": certificates.authorityFile]) { $1 })
        try scene.publish("msg_2", to: #""usr_ann""#)
        try scene.stage.wait(for: "a notice") { try scene.notices(gateway, "sent") == 1 }
        #expect(scene.inngest.requests.map(\.target) == ["/base/e/\(NoticeRoom.key)"])
        #expect(try gateway.stop() == 0)
    }
}
