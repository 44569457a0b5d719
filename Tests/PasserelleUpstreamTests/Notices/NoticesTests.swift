// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleUpstream

struct NoticesTests {
    @Test func `an absent member is told by one POST with the key in its path`() throws {
        let scene = try NoticesScene()
        scene.answers(200)
        scene.say("m1")
        try scene.turn { scene.notices.tally.sent == 1 }
        try scene.settle()
        #expect(scene.http.requests.count == 1)
        let request = try #require(scene.http.requests.first)
        #expect(request.method == "POST" && request.target == "/e/k%2F1")
        #expect(request.fields.first("host") == "127.0.0.1:\(scene.http.port)")
        #expect(request.fields.first("content-type") == "application/json")
        #expect(jsonText(request.body, "data", "recipient", "id") == "ann")
        #expect(jsonText(request.body, "data", "bail") == "42")
        #expect(scene.notices.pending == 0 && scene.notes.isEmpty)
    }

    @Test(arguments: ["new-request", "client-typing"])
    func `another event is no message`(name: String) throws {
        let scene = try NoticesScene()
        scene.hear(name, #"{"message":{"id":"m1"}}"#)
        scene.say("m1", on: "private-bail-42")
        #expect(scene.notices.pending == 0)
    }

    @Test func `who is back in the hub's members, or there for Channels, is not told`() throws {
        let scene = try NoticesScene()
        scene.answers(200)
        scene.users = ["ann"]
        scene.say("m1")
        try scene.turn { scene.notices.tally.present == 1 }
        scene.users = []
        scene.hub.memberAdded(
            NoticesScene.channel, Member(userID: "ann", userInfo: nil), at: scene.moment)
        scene.say("m2")
        try scene.turn { scene.notices.tally.present == 2 }
        #expect(scene.http.requests.isEmpty && scene.notices.pending == 0)
    }

    @Test func `who reads through the gateway is there, whatever Channels says`() throws {
        let scene = try NoticesScene()
        scene.hub.delegates(NoticesScene.channel, userID: "ann", at: scene.moment)
        scene.hub.lost(at: scene.moment)
        scene.say("m1")
        try scene.turn { scene.notices.tally.present == 1 }
        #expect(scene.http.requests.isEmpty)
    }

    @Test func `who reads here and is no member of anything is there all the same`() throws {
        let scene = try NoticesScene()
        scene.answers(200)
        scene.readers = [Attendee(NoticesScene.channel, "ann")]
        scene.say("m1")
        try scene.turn { scene.notices.tally.present == 1 }
        scene.readers = [Attendee("presence-bail-7", "ann")]
        scene.say("m2")
        try scene.turn { scene.notices.tally.sent == 1 }
        #expect(scene.http.requests.count == 1)
    }

    @Test(arguments: [500, 503, 504, 429, 401, 403, 404, 409, 412, 302])
    func `a failure is tried again with the same id`(status: Int) throws {
        let scene = try NoticesScene()
        scene.answers(status)
        scene.say("m1")
        try scene.turn { scene.notices.tally.failed == 1 }
        scene.answers(200)
        try scene.turn { scene.notices.tally.sent == 1 }
        let ids = scene.http.requests.map { jsonText($0.body, "id") }
        #expect(ids.count == 2 && ids[0] == ids[1] && ids[0] != nil)
        #expect(scene.notes == [.failing(cause: .status(status)), .recovered])
    }

    @Test(arguments: [400, 406, 413])
    func `what is wrong with the event is given up at once, and says which`(status: Int) throws {
        let scene = try NoticesScene()
        scene.answers(status, #"{"error":"no","status":400}"#)
        scene.say("m1")
        try scene.turn { scene.notices.tally.givenUp == 1 }
        try scene.settle()
        #expect(scene.http.requests.count == 1 && scene.notices.pending == 0)
        guard case .givenUp(_, NoticesScene.channel, .status(status)) = scene.notes.first else {
            Issue.record("\(scene.notes)")
            return
        }
    }

    @Test(arguments: ["never", "half", "end", "slow", "garbage"])
    func `an answer that never comes whole is a failure in its time`(kind: String) throws {
        let scene = try NoticesScene(timeout: .milliseconds(200))
        scene.http.answer = { _, link in
            switch kind {
            case "half":
                link.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"ids\"".utf8))
            case "slow": link.send(Array("HTTP/1.1 200".utf8))
            case "end": link.close()
            case "garbage": link.send(Array("what?\r\n\r\n".utf8))
            default: break
            }
        }
        scene.say("m1")
        try scene.turn { scene.notices.tally.failed == 1 }
        #expect(scene.notices.pending == 1 && scene.notices.tally.sent == 0)
        scene.answers(200)
        try scene.turn { scene.notices.tally.sent == 1 }
    }

    @Test func `nobody who listens is a failure`() throws {
        let scene = try NoticesScene()
        scene.http.close()
        scene.say("m1")
        try scene.turn { scene.notices.tally.failed == 1 }
        #expect(scene.notices.pending == 1)
    }

    @Test func `a server that never answers costs two connections and holds up no event`() throws {
        let scene = try NoticesScene()
        for user in 0..<50 {
            let member = Member(userID: "u\(user)", userInfo: nil)
            scene.hub.memberAdded(NoticesScene.channel, member, at: scene.moment)
            scene.hub.memberRemoved(NoticesScene.channel, userID: "u\(user)", at: scene.moment)
        }
        scene.say("m0")
        try scene.turn { scene.http.requests.count == 2 }
        let began = ContinuousClock.now
        for message in 1...1_000 { scene.say("m\(message)") }
        #expect(ContinuousClock.now - began < .seconds(2))
        try scene.settle()
        #expect(scene.http.requests.count == 2 && scene.http.accepted == 2)
    }

    @Test func `nothing is sent before the mark is safe`() throws {
        let scene = try NoticesScene()
        scene.answers(200)
        scene.say("m1")
        scene.holdsStore = true
        try scene.settle()
        #expect(scene.http.accepted == 0)
        scene.release()
        try scene.turn { scene.notices.tally.sent == 1 }
        let (records, bad) = NoticeRecord.read(scene.appended.flatMap(\.self))
        #expect(bad == 0 && records.count == 4)
        guard case .pending = records[0], case .sending = records[1], case .sent = records[2],
            case .settled = records[3]
        else {
            Issue.record("\(records)")
            return
        }
    }

    @Test func `a deletion erases the message from what is kept, many of them at once`() throws {
        let scene = try NoticesScene()
        let before = scene.replaced
        for number in 1...5 {
            scene.say("m\(number)")
            scene.hear("message-deleted", #"{"messageId":"m\#(number)"}"#)
        }
        #expect(scene.notices.pending == 0 && scene.replaced == before)
        try scene.turn { scene.replaced == before + 1 }
        #expect(scene.http.accepted == 0 && scene.notices.tally.retracted == 5)
        scene.hear("message-deleted", #"{"messageId":"m6"}"#)
        try scene.settle()
        scene.notices.stop()
        #expect(scene.replaced == before + 1)
    }

    @Test func `a deletion after the notice erases it, too`() throws {
        let scene = try NoticesScene()
        scene.answers(200)
        scene.say("m1")
        try scene.turn { scene.notices.tally.sent == 1 }
        let before = scene.replaced
        scene.hear("message-deleted", #"{"messageId":"m1"}"#)
        scene.notices.stop()
        #expect(scene.replaced == before + 1)
    }

    @Test func `what was kept goes on`() throws {
        let first = try NoticesScene()
        first.http.answer = { _, _ in }
        first.say("m1")
        #expect(first.notices.pending == 1)
        first.notices.stop()
        let kept = NoticeRecord.read(first.appended.flatMap(\.self)).records
        let second = try NoticesScene(kept: kept)
        second.answers(200)
        try second.turn { second.notices.tally.sent == 1 }
    }

    @Test func `after the end nothing is begun any more`() throws {
        let scene = try NoticesScene()
        scene.say("m1")
        try scene.turn { scene.http.requests.count == 1 }
        scene.notices.stop()
        scene.say("m2")
        try scene.settle()
        #expect(scene.http.requests.count == 1)
    }

    /// A text inside a request's body.
    private func jsonText(_ body: [UInt8], _ path: String...) -> String? {
        guard let root = try? JSONScanner.document(body.span) else { return nil }
        return JSONScanner.text(body.span, JSONScanner.value(body.span, of: root, at: path))
    }
}
