// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What becomes of offline notices by what Inngest answers, and by who comes and goes meanwhile.
@Suite(.timeLimit(.minutes(5)))
struct NoticeAnswerTests {
    private static let named = ["PASSERELLE_NOTICE_RECIPIENTS": "message.to"]
    private let scene: NoticeRoom
    private let stage: Stage

    init() throws {
        scene = try NoticeRoom()
        stage = scene.stage
    }

    private func rest(_ time: Duration) throws {
        let end = ContinuousClock.now + time
        try stage.wait(for: "time") { ContinuousClock.now >= end }
    }

    @Test func `each class of answer is tried again or given up, and no retry is a second mail`()
        throws
    {
        let passing = [301, 307, 401, 403, 404, 409, 412, 429, 500, 503, 504]
        let final = [400, 406, 413]
        // Each recipient is named after what is answered first; the second time it is a yes.
        var seen: Set<String> = []
        scene.inngest.answer = { request, link in
            let event = try? JSONText(request.body)
            let user = (try? event?.string(["data", "recipient", "id"])) ?? ""
            let status = seen.insert(user).inserted ? Int(user.dropFirst(4)) ?? 500 : 200
            let response = HTTPResponse(status: status, body: Array("{}".utf8))
            link.send(HTTPWriter.response(response, keepAlive: true))
        }
        let gateway = try scene.start(Self.named)
        let users = (passing + final).map { #""usr_\#($0)""# }.joined(separator: ",")
        try scene.publish("msg_1", to: "[\(users)]")
        try stage.wait(for: "all to be settled") {
            try scene.notices(gateway, "sent") == passing.count
                && scene.notices(gateway, "given_up") == final.count
        }
        #expect(try scene.notices(gateway, "pending") == 0)
        #expect(try scene.notices(gateway, "failed") == passing.count + final.count)
        let twice = (passing + passing + final).map { "msg_1>usr_\($0)" }
        #expect(try scene.reached().sorted() == twice.sorted())
        // Inngest knows a retry by its id, and each recipient's is another.
        let ids = try scene.inngest.requests.map { try JSONText($0.body).string(["id"]) }
        #expect(Set(ids).count == passing.count + final.count)
        #expect(!gateway.process.lines(with: "level=error", "a notice is given up").isEmpty)
        #expect(try gateway.stop() == 0)
    }

    @Test func `who is back at the retry is not told, and is when they left again`() throws {
        scene.answer(429)
        let gateway = try scene.start(Self.named)
        try scene.publish("msg_1", to: #""usr_ann""#)
        try stage.wait(for: "a failure") { try scene.notices(gateway, "failed") >= 1 }
        let ann = try ChannelsMember(
            stage, port: scene.sandbox.port, userID: "usr_ann", info: "{}")
        try ann.join(NoticeRoom.channel)
        try stage.wait(for: "ann") {
            try gateway.members(of: NoticeRoom.channel)["usr_ann"] != nil
        }
        try stage.wait(for: "the end of it") { try scene.notices(gateway, "pending") == 0 }
        #expect(try scene.notices(gateway, "present") == 1)
        scene.answer(200)
        ann.leave()
        try stage.wait(for: "ann's end") {
            try gateway.members(of: NoticeRoom.channel).isEmpty
        }
        try scene.publish("msg_2", to: #""usr_ann""#)
        try stage.wait(for: "a notice") { try scene.notices(gateway, "sent") == 1 }
        #expect(try scene.reached().last == "msg_2>usr_ann")
        #expect(try scene.reached().count { $0 == "msg_2>usr_ann" } == 1)
        #expect(try gateway.stop() == 0)
    }

    @Test(arguments: ["observe", "delegate"])
    func `who reads here and can be no member gets no mail, until they left`(mode: String) throws {
        let gateway = try scene.start(Self.named.merging(["PASSERELLE_PRESENCE": mode]) { $1 })
        // Over the limit, so that with `delegate` nobody becomes a member either.
        try scene.sandbox.control("refuse?code=4004")
        let ann = StreamClient(
            stage, gateway.http, "/events?channel=\(NoticeRoom.channel)&user=usr_ann")
        let poll = try gateway.get("/poll?channel=\(NoticeRoom.channel)&user=usr_pol")
        #expect(poll.status == 200)
        try stage.wait(for: "ann") { !ann.snapshots.isEmpty }
        if mode == "delegate" {
            try stage.wait(for: "the refusals") {
                try gateway.status().number(["presence", "observed"]) == 2
            }
        }
        #expect(try scene.sandbox.users(of: NoticeRoom.channel).isEmpty)
        try scene.publish("msg_1", to: #"["usr_ann","usr_pol","usr_eve"]"#)
        try stage.wait(for: "eve's notice") { try scene.notices(gateway, "sent") == 1 }
        #expect(try scene.notices(gateway, "present") == 2)
        #expect(try scene.reached() == ["msg_1>usr_eve"])
        guard mode == "observe" else { return }
        // Ann's stream ends, and then its grace; the poll counts for a minute.
        ann.close()
        try rest(.seconds(11))
        try scene.publish("msg_2", to: #"["usr_ann","usr_pol"]"#)
        try stage.wait(for: "ann's notice") { try scene.notices(gateway, "sent") == 2 }
        #expect(try scene.reached() == ["msg_1>usr_eve", "msg_2>usr_ann"])
        #expect(try gateway.stop() == 0)
    }

    @Test func `while Inngest is slow events are told as they come, and all notices go out`()
        throws
    {
        var held: [Link] = []
        scene.inngest.answer = { _, link in held.append(link) }
        let gateway = try scene.start(Self.named)
        let line = LineClient(stage, path: gateway.ipc)
        line.say("SUBSCRIBE \(NoticeRoom.channel)")
        let reader = StreamClient(stage, gateway.http, "/events?channel=\(NoticeRoom.channel)")
        try stage.wait(for: "the readers") {
            !reader.snapshots.isEmpty && !line.replies.isEmpty
        }
        try scene.publish("msg_0", to: #""usr_0""#)
        try stage.wait(for: "a call that hangs") { held.count == 1 }
        for number in 1..<12 { try scene.publish("msg_\(number)", to: #""usr_\#(number)""#) }
        try stage.wait(for: "every message") { reader.count == 12 && line.told.count == 12 }
        #expect(try scene.notices(gateway, "sent") == 0)
        try stage.wait(for: "a second call") { held.count == 2 }
        #expect(scene.inngest.accepted == 2)
        let yes = HTTPWriter.response(
            HTTPResponse(status: 200, body: Array("{}".utf8)), keepAlive: true)
        scene.inngest.answer = { _, link in link.send(yes) }
        for link in held { link.send(yes) }
        try stage.wait(for: "every notice") { try scene.notices(gateway, "sent") == 12 }
        #expect(try Set(scene.reached()).count == 12 && scene.reached().count == 12)
        #expect(try gateway.stop() == 0)
    }

    @Test func `when the throttle is over the next message is announced again`() throws {
        let gateway = try scene.start(
            Self.named.merging(["PASSERELLE_NOTICE_THROTTLE": "3s"]) { $1 })
        try scene.publish("msg_1", to: #""usr_ann""#)
        try stage.wait(for: "a notice") { try scene.notices(gateway, "sent") == 1 }
        try scene.publish("msg_2", to: #""usr_ann""#)
        // A machine that takes three seconds for this has nothing to show.
        try stage.wait(for: "the throttle") {
            try scene.notices(gateway, "throttled") + scene.notices(gateway, "sent") == 2
        }
        let sent = try scene.notices(gateway, "sent")
        try rest(.seconds(3))
        try scene.publish("msg_3", to: #""usr_ann""#)
        try stage.wait(for: "the next") { try scene.notices(gateway, "sent") == sent + 1 }
        #expect(
            try scene.reached().filter { $0 != "msg_2>usr_ann" } == [
                "msg_1>usr_ann", "msg_3>usr_ann",
            ])
        #expect(try gateway.stop() == 0)
    }

    @Test func `a path of recipients that leads nowhere is told once`() throws {
        let gateway = try scene.start(["PASSERELLE_NOTICE_RECIPIENTS": "message.recipients"])
        let ann = try ChannelsMember(
            stage, port: scene.sandbox.port, userID: "usr_ann", info: "{}")
        try ann.join(NoticeRoom.channel)
        try stage.wait(for: "ann") {
            try gateway.members(of: NoticeRoom.channel).count == 1
        }
        ann.leave()
        try stage.wait(for: "ann's end") {
            try gateway.members(of: NoticeRoom.channel).isEmpty
        }
        for number in 1...3 { try scene.publish("msg_\(number)", to: #""usr_eve""#) }
        try stage.wait(for: "what becomes of them") {
            try scene.notices(gateway, "sent") == 1 && scene.notices(gateway, "throttled") == 2
        }
        #expect(try scene.reached().count == 1 && scene.reached()[0].hasSuffix(">usr_ann"))
        let lines = gateway.process.lines(
            with: "level=warning", "PASSERELLE_NOTICE_RECIPIENTS leads nowhere")
        #expect(lines.count == 1)
        #expect(try gateway.stop() == 0)
    }
}
