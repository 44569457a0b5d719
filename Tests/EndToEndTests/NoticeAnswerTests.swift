// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Offline notices for each kind of answer by Inngest, while recipients come and go.
struct NoticeAnswerTests {
    private static let named = ["PASSERELLE_NOTICE_RECIPIENTS": "message.to"]
    private let scenario: NoticeFixture
    private let fixture: EndToEndFixture

    init() throws {
        scenario = try NoticeFixture()
        fixture = scenario.fixture
    }

    @Test func `each class of answer is retried or given up, and a retry sends no second mail`()
        throws
    {
        let passing = [301, 307, 401, 403, 404, 409, 412, 429, 500, 503, 504]
        let final = [400, 406, 413]
        // Each recipient is named after Inngest's first answer; the second answer is a success.
        var seen: Set<String> = []
        scenario.inngest.answer = { request, link in
            let event = try? JSONText(request.body)
            let user = (try? event?.string(["data", "recipient", "id"])) ?? ""
            let status = seen.insert(user).inserted ? Int(user.dropFirst(4)) ?? 500 : 200
            let response = HTTPResponse(status: status, body: Array("{}".utf8))
            link.send(HTTPWriter.response(response, keepAlive: true))
        }
        let gateway = try scenario.start(Self.named)
        let users = (passing + final).map { #""usr_\#($0)""# }.joined(separator: ",")
        try scenario.publish("msg_1", to: "[\(users)]")
        try fixture.wait(for: "all to be settled") {
            try scenario.notices(gateway, "sent") == passing.count
                && scenario.notices(gateway, "given_up") == final.count
        }
        #expect(try scenario.notices(gateway, "pending") == 0)
        #expect(try scenario.notices(gateway, "failed") == passing.count + final.count)
        let twice = (passing + passing + final).map { "msg_1>usr_\($0)" }
        #expect(try scenario.reached().sorted() == twice.sorted())
        // Inngest recognizes a retry by its id; each recipient has its own.
        let ids = try scenario.inngest.requests.map { try JSONText($0.body).string(["id"]) }
        #expect(Set(ids).count == passing.count + final.count)
        #expect(!gateway.process.lines(with: "level=error", "a notice is given up").isEmpty)
        #expect(try gateway.stop() == 0)
    }

    @Test
    func `a recipient who is back at the retry gets no mail, and gets one after leaving again`()
        throws
    {
        scenario.answer(429)
        let gateway = try scenario.start(Self.named)
        try scenario.publish("msg_1", to: #""usr_ann""#)
        try fixture.wait(for: "a failure") { try scenario.notices(gateway, "failed") >= 1 }
        let ann = try ChannelsMember(
            fixture, port: scenario.sandbox.port, userID: "usr_ann", info: "{}")
        try ann.join(NoticeFixture.channel)
        try fixture.wait(for: "ann") {
            try gateway.members(of: NoticeFixture.channel)["usr_ann"] != nil
        }
        try fixture.wait(for: "the end of it") { try scenario.notices(gateway, "pending") == 0 }
        #expect(try scenario.notices(gateway, "present") == 1)
        scenario.answer(200)
        ann.leave()
        try fixture.wait(for: "ann's end") {
            try gateway.members(of: NoticeFixture.channel).isEmpty
        }
        try scenario.publish("msg_2", to: #""usr_ann""#)
        try fixture.wait(for: "a notice") { try scenario.notices(gateway, "sent") == 1 }
        #expect(try scenario.reached().last == "msg_2>usr_ann")
        #expect(try scenario.reached().count { $0 == "msg_2>usr_ann" } == 1)
        #expect(try gateway.stop() == 0)
    }

    @Test(arguments: ["observe", "delegate"])
    func `a reader here that cannot be a member gets no mail until it leaves`(mode: String) throws {
        let gateway = try scenario.start(Self.named.merging(["PASSERELLE_PRESENCE": mode]) { $1 })
        // Channels is over its connection limit, so that no user becomes a member with `delegate`
        // either.
        try scenario.sandbox.control("refuse?code=4004")
        let ann = StreamClient(
            fixture, gateway.http, "/events?channel=\(NoticeFixture.channel)&user=usr_ann")
        let poll = try gateway.get("/poll?channel=\(NoticeFixture.channel)&user=usr_pol")
        #expect(poll.status == 200)
        try fixture.wait(for: "ann") { !ann.snapshots.isEmpty }
        if mode == "delegate" {
            try fixture.wait(for: "the refusals") {
                try gateway.status().number(["presence", "observed"]) == 2
            }
        }
        #expect(try scenario.sandbox.users(of: NoticeFixture.channel).isEmpty)
        try scenario.publish("msg_1", to: #"["usr_ann","usr_pol","usr_eve"]"#)
        try fixture.wait(for: "eve's notice") { try scenario.notices(gateway, "sent") == 1 }
        #expect(try scenario.notices(gateway, "present") == 2)
        #expect(try scenario.reached() == ["msg_1>usr_eve"])
        guard mode == "observe" else { return }
        // Ann's stream ends, then its grace period; the poll counts for a minute.
        ann.close()
        try fixture.wait(for: "the end of ann's stream") {
            try gateway.status().number(["readers", "attached"]) == 0
        }
        try fixture.rest(.seconds(11))
        try scenario.publish("msg_2", to: #"["usr_ann","usr_pol"]"#)
        try fixture.wait(for: "ann's notice") { try scenario.notices(gateway, "sent") == 2 }
        #expect(try scenario.reached() == ["msg_1>usr_eve", "msg_2>usr_ann"])
        #expect(try gateway.stop() == 0)
    }

    @Test func `while Inngest is slow events are delivered at once, and all notices are sent`()
        throws
    {
        var held: [Link] = []
        scenario.inngest.answer = { _, link in held.append(link) }
        let gateway = try scenario.start(Self.named)
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(NoticeFixture.channel)")
        let reader = StreamClient(fixture, gateway.http, "/events?channel=\(NoticeFixture.channel)")
        try fixture.wait(for: "the readers") {
            !reader.snapshots.isEmpty && !line.replies.isEmpty
        }
        try scenario.publish("msg_0", to: #""usr_0""#)
        try fixture.wait(for: "a call that hangs") { held.count == 1 }
        for number in 1..<12 { try scenario.publish("msg_\(number)", to: #""usr_\#(number)""#) }
        try fixture.wait(for: "every message") { reader.count == 12 && line.delivered.count == 12 }
        #expect(try scenario.notices(gateway, "sent") == 0)
        try fixture.wait(for: "a second call") { held.count == 2 }
        #expect(scenario.inngest.accepted == 2)
        let yes = HTTPWriter.response(
            HTTPResponse(status: 200, body: Array("{}".utf8)), keepAlive: true)
        scenario.inngest.answer = { _, link in link.send(yes) }
        for link in held { link.send(yes) }
        try fixture.wait(for: "every notice") { try scenario.notices(gateway, "sent") == 12 }
        #expect(try Set(scenario.reached()).count == 12 && scenario.reached().count == 12)
        #expect(try gateway.stop() == 0)
    }

    @Test func `after the throttle the next message is announced again`() throws {
        let gateway = try scenario.start(
            Self.named.merging(["PASSERELLE_NOTICE_THROTTLE": "3s"]) { $1 })
        try scenario.publish("msg_1", to: #""usr_ann""#)
        try fixture.wait(for: "a notice") { try scenario.notices(gateway, "sent") == 1 }
        try scenario.publish("msg_2", to: #""usr_ann""#)
        // A machine that takes three seconds up to here cannot show the throttle.
        try fixture.wait(for: "the throttle") {
            try scenario.notices(gateway, "throttled") + scenario.notices(gateway, "sent") == 2
        }
        let sent = try scenario.notices(gateway, "sent")
        try fixture.rest(.seconds(3))
        try scenario.publish("msg_3", to: #""usr_ann""#)
        try fixture.wait(for: "the next") { try scenario.notices(gateway, "sent") == sent + 1 }
        #expect(
            try scenario.reached().filter { $0 != "msg_2>usr_ann" } == [
                "msg_1>usr_ann", "msg_3>usr_ann",
            ])
        #expect(try gateway.stop() == 0)
    }

    @Test func `a recipients path that matches no value is logged once`() throws {
        let gateway = try scenario.start(["PASSERELLE_NOTICE_RECIPIENTS": "message.recipients"])
        let ann = try ChannelsMember(
            fixture, port: scenario.sandbox.port, userID: "usr_ann", info: "{}")
        try ann.join(NoticeFixture.channel)
        try fixture.wait(for: "ann") {
            try gateway.members(of: NoticeFixture.channel).count == 1
        }
        ann.leave()
        try fixture.wait(for: "ann's end") {
            try gateway.members(of: NoticeFixture.channel).isEmpty
        }
        for number in 1...3 { try scenario.publish("msg_\(number)", to: #""usr_eve""#) }
        try fixture.wait(for: "both failures in STATUS") {
            try scenario.notices(gateway, "sent") == 1
                && scenario.notices(gateway, "throttled") == 2
        }
        #expect(try scenario.reached().count == 1 && scenario.reached()[0].hasSuffix(">usr_ann"))
        let lines = gateway.process.lines(
            with: "level=warning", "PASSERELLE_NOTICE_RECIPIENTS points to nothing")
        #expect(lines.count == 1)
        #expect(try gateway.stop() == 0)
    }
}
