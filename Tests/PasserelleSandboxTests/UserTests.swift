// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleSandbox

struct UserTests {
    @Test func `a sign-in is answered with the signed string, unchanged`() {
        var fixture = AppFixture()
        fixture.connect(1)
        #expect(
            fixture.signIn(1, #"{"id": "u1"}"#) == [
                #"1 < {"event":"pusher:signin_success","#
                    + #""data":"{\"user_data\":\"{\\\"id\\\": \\\"u1\\\"}\"}"}"#
            ])
    }

    @Test func `the example signature signs in`() {
        var fixture = AppFixture()
        _ = fixture.app.connected(
            1, socketID: "123.456", key: "app-key", query: [("protocol", "7")], now: fixture.now)
        let output = fixture.send(
            1,
            #"{"event":"pusher:signin","data":{"auth":"app-key:"#
                + "c7c0ce5ed71ddebc9a7da44ad4b813ea2dd23b4f6f435b4b07203e3dc16089a4"
                + #"","user_data":"{\"id\":\"u1\",\"user_info\":{\"name\":\"Ana\"},"#
                + #"\"watchlist\":[\"u2\",\"u3\"]}"}}"#)
        #expect(output.first?.contains("signin_success") == true)
    }

    @Test(arguments: ["", "x", "{}", #"{"id":""}"#, #"{"id":7}"#, #"{"id":"a b"}"#])
    func `user data without a valid id is refused`(data: String) {
        var fixture = AppFixture()
        fixture.connect(1)
        #expect(fixture.signIn(1, data).first?.contains("Invalid user_data") == true)
        #expect(fixture.app.users.isEmpty)
    }

    @Test func `a bad signature does not sign in`() {
        var fixture = AppFixture()
        fixture.connect(1)
        let output = fixture.send(
            1,
            #"{"event":"pusher:signin","data":{"auth":"app-key:00","user_data":"{\"id\":\"u\"}"}}"#)
        #expect(output.first?.contains(#""code":null"#) == true)
        #expect(fixture.app.users.isEmpty)
    }

    @Test func `another user cannot sign in on the same connection`() {
        var fixture = AppFixture()
        fixture.connect(1)
        fixture.signIn(1, #"{"id":"u1"}"#)
        #expect(fixture.signIn(1, #"{"id":"u2"}"#).first?.contains("4009") == true)
        #expect(fixture.signIn(1, #"{"id":"u1"}"#).first?.contains("success") == true)
        #expect(fixture.app.users == [Array("u1".utf8): [1]])
    }

    @Test func `a user's own channel is for that user alone`() {
        var fixture = AppFixture()
        fixture.connect(1)
        let message =
            #"{"event":"pusher:subscribe","data":{"auth":"","channel":"#
            + ##""#server-to-user-u1"}}"##
        #expect(fixture.send(1, message).first?.contains("pusher:error") == true)
        fixture.signIn(1, #"{"id":"u1"}"#)
        #expect(fixture.send(1, message).first?.contains("subscription_succeeded") == true)
        let answer = fixture.request(
            "POST", "/apps/1234/events",
            body: ##"{"name":"e","channels":["#server-to-user-u1"],"data":"{\"a\": 1}"}"##)
        #expect(
            answer.output == [
                ##"1 < {"event":"e","channel":"#server-to-user-u1","data":"{\"a\": 1}"}"##
            ])
        fixture.connect(2)
        fixture.signIn(2, #"{"id":"u2"}"#)
        #expect(fixture.send(2, message).first?.contains("pusher:error") == true)
    }

    @Test func `a watchlist reports online users, then every change`() {
        var fixture = AppFixture()
        for id in 1...4 { fixture.connect(id) }
        fixture.signIn(2, #"{"id":"u2"}"#)
        func events(_ id: Int, _ events: String) -> String {
            #"\#(id) < {"event":"pusher_internal:watchlist_events","data":{"events":[\#(events)]}}"#
        }
        func event(_ name: String, _ user: String) -> String {
            #"{"name":"\#(name)","user_ids":["\#(user)"]}"#
        }
        #expect(
            fixture.signIn(1, #"{"id":"u1","watchlist":["u2","u3"]}"#).last
                == events(1, event("online", "u2") + "," + event("offline", "u3")))
        #expect(fixture.signIn(3, #"{"id":"u3"}"#).last == events(1, event("online", "u3")))
        #expect(fixture.signIn(4, #"{"id":"u3"}"#).count == 1)
        #expect(fixture.lose(3) == [])
        #expect(fixture.lose(4) == [events(1, event("offline", "u3"))])
    }

    @Test(arguments: [(100, 2), (101, 3)])
    func `a watchlist is limited to 100 ids`(count: Int, expected: Int) {
        var fixture = AppFixture()
        fixture.connect(1)
        let ids = (0..<count).map { "\"w\($0)\"" }.joined(separator: ",")
        let frames = fixture.signIn(1, #"{"id":"u1","watchlist":[\#(ids)]}"#)
        #expect(frames.count == expected)
        #expect(frames.contains { $0.contains("4302") } == (count > 100))
        #expect(fixture.app.connections[1]?.user?.watchlist.count == 100)
    }

    @Test(arguments: [
        "/apps/1234/users/u1/terminate_connections", "/users/u1/terminate_connections",
    ])
    func `termination closes only the user's connections`(path: String) {
        var fixture = AppFixture()
        for id in 1...3 { fixture.connect(id) }
        for id in 1...2 { fixture.signIn(id, #"{"id":"u1"}"#) }
        fixture.subscribe(3, "presence-x", data: #"{"user_id":"u1"}"#)
        fixture.subscribe(1, "presence-x", data: #"{"user_id":"u9"}"#)
        let answer = fixture.request("POST", path, body: "{}")
        #expect(answer.status == 200)
        #expect(answer.body == "{}")
        #expect(
            answer.output.filter { $0.contains(" x ") } == [
                "1 x 4009 You got disconnected by the app.",
                "2 x 4009 You got disconnected by the app.",
            ])
        #expect(answer.output.contains { $0.hasPrefix("3 < ") && $0.contains("member_removed") })
        #expect(Array(fixture.app.connections.keys) == [3])
        #expect(fixture.app.users.isEmpty)
    }

    @Test func `user ids are compared byte by byte`() {
        var fixture = AppFixture()
        for id in 1...2 { fixture.connect(id) }
        fixture.signIn(1, #"{"id":"K"}"#)
        // The Kelvin sign, which equals "K" by canonical equivalence.
        let output = fixture.signIn(2, "{\"id\":\"u2\",\"watchlist\":[\"\u{212A}\"]}")
        #expect(output.last?.contains(#""name":"offline""#) == true)
        #expect(fixture.lose(1) == [])
    }
}
