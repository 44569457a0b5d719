// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleNotices
@testable import PasserelleUpstream

struct NoticesTests {
    @Test func `an absent member is notified by one POST with the key in its path`() throws {
        let fixture = try NoticesFixture()
        fixture.answers(200)
        fixture.publish("m1")
        try fixture.turn { fixture.notices.tally.sent == 1 }
        try fixture.settle()
        #expect(fixture.http.requests.count == 1)
        let request = try #require(fixture.http.requests.first)
        #expect(request.method == "POST" && request.target == "/e/k%2F1")
        #expect(request.fields.first("host") == "127.0.0.1:\(fixture.http.port)")
        #expect(request.fields.first("content-type") == "application/json")
        #expect(jsonText(request.body, "data", "recipient", "id") == "ann")
        #expect(jsonText(request.body, "data", "bail") == "42")
        #expect(fixture.notices.pending == 0 && fixture.notes.isEmpty)
    }

    @Test(arguments: ["new-request", "client-typing"])
    func `another event is not a message`(name: String) throws {
        let fixture = try NoticesFixture()
        fixture.hear(name, #"{"message":{"id":"m1"}}"#)
        fixture.publish("m1", on: "private-bail-42")
        #expect(fixture.notices.pending == 0)
    }

    @Test func `a user among the hub's members, or present at Channels, is not notified`() throws {
        let fixture = try NoticesFixture()
        fixture.answers(200)
        fixture.users = ["ann"]
        fixture.publish("m1")
        try fixture.turn { fixture.notices.tally.present == 1 }
        fixture.users = []
        fixture.hub.memberAdded(
            NoticesFixture.channel, Member(userID: "ann", userInfo: nil), at: fixture.loop.moment)
        fixture.publish("m2")
        try fixture.turn { fixture.notices.tally.present == 2 }
        #expect(fixture.http.requests.isEmpty && fixture.notices.pending == 0)
    }

    @Test func `a user with a reader here is present, even if Channels does not list it`() throws {
        let fixture = try NoticesFixture()
        fixture.hub.beginDelegation(NoticesFixture.channel, userID: "ann", at: fixture.loop.moment)
        fixture.hub.lost(at: fixture.loop.moment)
        fixture.publish("m1")
        try fixture.turn { fixture.notices.tally.present == 1 }
        #expect(fixture.http.requests.isEmpty)
    }

    @Test func `a user with a reader here is present without being a member`() throws {
        let fixture = try NoticesFixture()
        fixture.answers(200)
        fixture.readers = [ChannelUser(NoticesFixture.channel, "ann")]
        fixture.publish("m1")
        try fixture.turn { fixture.notices.tally.present == 1 }
        fixture.readers = [ChannelUser("presence-bail-7", "ann")]
        fixture.publish("m2")
        try fixture.turn { fixture.notices.tally.sent == 1 }
        #expect(fixture.http.requests.count == 1)
    }

    @Test(arguments: [500, 503, 504, 429, 401, 403, 404, 409, 412, 302])
    func `a failed call is retried with the same id`(status: Int) throws {
        let fixture = try NoticesFixture()
        fixture.answers(status)
        fixture.publish("m1")
        try fixture.turn { fixture.notices.tally.failed == 1 }
        fixture.answers(200)
        try fixture.turn { fixture.notices.tally.sent == 1 }
        let ids = fixture.http.requests.map { jsonText($0.body, "id") }
        #expect(ids.count == 2 && ids[0] == ids[1] && ids[0] != nil)
        #expect(fixture.notes == [.failing(cause: .status(status)), .recovered])
    }

    @Test(arguments: [400, 406, 413])
    func `an invalid event is given up at once and logged with its cause`(status: Int) throws {
        let fixture = try NoticesFixture()
        fixture.answers(status, #"{"error":"no","status":400}"#)
        fixture.publish("m1")
        try fixture.turn { fixture.notices.tally.givenUp == 1 }
        try fixture.settle()
        #expect(fixture.http.requests.count == 1 && fixture.notices.pending == 0)
        guard case .givenUp(_, NoticesFixture.channel, .status(status)) = fixture.notes.first else {
            Issue.record("\(fixture.notes)")
            return
        }
    }

    @Test(arguments: ["never", "half", "end", "slow", "garbage"])
    func `an incomplete answer is a failure after the timeout`(kind: String) throws {
        let fixture = try NoticesFixture(timeout: .milliseconds(200))
        fixture.http.answer = { _, link in
            switch kind {
            case "half":
                link.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"ids\"".utf8))
            case "slow": link.send(Array("HTTP/1.1 200".utf8))
            case "end": link.close()
            case "garbage": link.send(Array("what?\r\n\r\n".utf8))
            default: break
            }
        }
        fixture.publish("m1")
        try fixture.turn { fixture.notices.tally.failed == 1 }
        #expect(fixture.notices.pending == 1 && fixture.notices.tally.sent == 0)
        fixture.answers(200)
        try fixture.turn { fixture.notices.tally.sent == 1 }
    }

    @Test func `a refused connection is a failure`() throws {
        let fixture = try NoticesFixture()
        fixture.http.close()
        fixture.publish("m1")
        try fixture.turn { fixture.notices.tally.failed == 1 }
        #expect(fixture.notices.pending == 1)
    }

    @Test func `a server that never answers costs two connections and delays no event`() throws {
        let fixture = try NoticesFixture()
        for user in 0..<50 {
            let member = Member(userID: "u\(user)", userInfo: nil)
            fixture.hub.memberAdded(NoticesFixture.channel, member, at: fixture.loop.moment)
            fixture.hub.memberRemoved(
                NoticesFixture.channel, userID: "u\(user)", at: fixture.loop.moment)
        }
        fixture.publish("m0")
        try fixture.turn { fixture.http.requests.count == 2 }
        for message in 1...1_000 { fixture.publish("m\(message)") }
        try fixture.settle()
        #expect(fixture.http.requests.count == 2 && fixture.http.accepted == 2)
    }

    @Test func `no event is sent before the mark is stored`() throws {
        let fixture = try NoticesFixture()
        fixture.answers(200)
        fixture.publish("m1")
        fixture.holdsStore = true
        try fixture.settle()
        #expect(fixture.http.accepted == 0)
        fixture.release()
        try fixture.turn { fixture.notices.tally.sent == 1 }
        let (records, bad) = NoticeRecord.read(fixture.appended.flatMap(\.self))
        #expect(bad == 0 && records.count == 4)
        guard case .pending = records[0], case .sending = records[1], case .sent = records[2],
            case .settled = records[3]
        else {
            Issue.record("\(records)")
            return
        }
    }

    @Test func `retractions erase messages from the store, many in one rewrite`() throws {
        let fixture = try NoticesFixture()
        let before = fixture.replaced
        for number in 1...5 {
            fixture.publish("m\(number)")
            fixture.hear("message-deleted", #"{"messageId":"m\#(number)"}"#)
        }
        #expect(fixture.notices.pending == 0 && fixture.replaced == before)
        try fixture.turn { fixture.replaced == before + 1 }
        #expect(fixture.http.accepted == 0 && fixture.notices.tally.retracted == 5)
        fixture.hear("message-deleted", #"{"messageId":"m6"}"#)
        try fixture.settle()
        fixture.notices.stop()
        #expect(fixture.replaced == before + 1)
    }

    @Test func `a retraction after the notice erases the message, too`() throws {
        let fixture = try NoticesFixture()
        fixture.answers(200)
        fixture.publish("m1")
        try fixture.turn { fixture.notices.tally.sent == 1 }
        let before = fixture.replaced
        fixture.hear("message-deleted", #"{"messageId":"m1"}"#)
        fixture.notices.stop()
        #expect(fixture.replaced == before + 1)
    }

    @Test func `stored notices continue`() throws {
        let first = try NoticesFixture()
        first.http.answer = { _, _ in }
        first.publish("m1")
        #expect(first.notices.pending == 1)
        first.notices.stop()
        let kept = NoticeRecord.read(first.appended.flatMap(\.self)).records
        let second = try NoticesFixture(kept: kept)
        second.answers(200)
        try second.turn { second.notices.tally.sent == 1 }
    }

    @Test func `after stop no call is started`() throws {
        let fixture = try NoticesFixture()
        fixture.publish("m1")
        try fixture.turn { fixture.http.requests.count == 1 }
        fixture.notices.stop()
        fixture.publish("m2")
        try fixture.settle()
        #expect(fixture.http.requests.count == 1)
    }

    /// The text at a path in a request's body.
    private func jsonText(_ body: [UInt8], _ path: String...) -> String? {
        guard let root = try? JSONScanner.document(body.span) else { return nil }
        return JSONScanner.text(body.span, JSONScanner.value(body.span, of: root, at: path))
    }
}
