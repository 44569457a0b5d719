// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleSandbox

struct UserTests {
    @Test func `signing in answers with the very string that was signed`() {
        var scene = AppScene()
        scene.connect(1)
        #expect(
            scene.signIn(1, #"{"id": "u1"}"#) == [
                #"1 < {"event":"pusher:signin_success","#
                    + #""data":"{\"user_data\":\"{\\\"id\\\": \\\"u1\\\"}\"}"}"#
            ])
    }

    @Test func `the sheet's signature signs in`() {
        var scene = AppScene()
        _ = scene.app.connected(
            1, socketID: "123.456", key: "app-key", query: [("protocol", "7")], now: scene.now)
        let told = scene.say(
            1,
            #"{"event":"pusher:signin","data":{"auth":"app-key:"#
                + "c7c0ce5ed71ddebc9a7da44ad4b813ea2dd23b4f6f435b4b07203e3dc16089a4"
                + #"","user_data":"{\"id\":\"u1\",\"user_info\":{\"name\":\"Ana\"},"#
                + #"\"watchlist\":[\"u2\",\"u3\"]}"}}"#)
        #expect(told.first?.contains("signin_success") == true)
    }

    @Test(arguments: ["", "x", "{}", #"{"id":""}"#, #"{"id":7}"#, #"{"id":"a b"}"#])
    func `user data without a good id is refused`(data: String) {
        var scene = AppScene()
        scene.connect(1)
        #expect(scene.signIn(1, data).first?.contains("Invalid user_data") == true)
        #expect(scene.app.users.isEmpty)
    }

    @Test func `a bad signature does not sign in`() {
        var scene = AppScene()
        scene.connect(1)
        let told = scene.say(
            1,
            #"{"event":"pusher:signin","data":{"auth":"app-key:00","user_data":"{\"id\":\"u\"}"}}"#)
        #expect(told.first?.contains(#""code":null"#) == true)
        #expect(scene.app.users.isEmpty)
    }

    @Test func `another user cannot sign in on the same connection`() {
        var scene = AppScene()
        scene.connect(1)
        scene.signIn(1, #"{"id":"u1"}"#)
        #expect(scene.signIn(1, #"{"id":"u2"}"#).first?.contains("4009") == true)
        #expect(scene.signIn(1, #"{"id":"u1"}"#).first?.contains("success") == true)
        #expect(scene.app.users == ["u1": [1]])
    }

    @Test func `a user's own channel is for that user alone`() {
        var scene = AppScene()
        scene.connect(1)
        let message =
            #"{"event":"pusher:subscribe","data":{"auth":"","channel":"#
            + ##""#server-to-user-u1"}}"##
        #expect(scene.say(1, message).first?.contains("pusher:error") == true)
        scene.signIn(1, #"{"id":"u1"}"#)
        #expect(scene.say(1, message).first?.contains("subscription_succeeded") == true)
        let answer = scene.request(
            "POST", "/apps/1234/events",
            body: ##"{"name":"e","channels":["#server-to-user-u1"],"data":"{\"a\": 1}"}"##)
        #expect(
            answer.told == [
                ##"1 < {"event":"e","channel":"#server-to-user-u1","data":"{\"a\": 1}"}"##
            ])
        scene.connect(2)
        scene.signIn(2, #"{"id":"u2"}"#)
        #expect(scene.say(2, message).first?.contains("pusher:error") == true)
    }

    @Test func `a watch list tells who is online, then every change`() {
        var scene = AppScene()
        for id in 1...4 { scene.connect(id) }
        scene.signIn(2, #"{"id":"u2"}"#)
        func events(_ id: Int, _ events: String) -> String {
            #"\#(id) < {"event":"pusher_internal:watchlist_events","data":{"events":[\#(events)]}}"#
        }
        func event(_ name: String, _ user: String) -> String {
            #"{"name":"\#(name)","user_ids":["\#(user)"]}"#
        }
        #expect(
            scene.signIn(1, #"{"id":"u1","watchlist":["u2","u3"]}"#).last
                == events(1, event("online", "u2") + "," + event("offline", "u3")))
        #expect(scene.signIn(3, #"{"id":"u3"}"#).last == events(1, event("online", "u3")))
        #expect(scene.signIn(4, #"{"id":"u3"}"#).count == 1)
        #expect(scene.lose(3) == [])
        #expect(scene.lose(4) == [events(1, event("offline", "u3"))])
    }

    @Test(arguments: [(100, 2), (101, 3)])
    func `a watch list has 100 ids at most`(count: Int, told: Int) {
        var scene = AppScene()
        scene.connect(1)
        let ids = (0..<count).map { "\"w\($0)\"" }.joined(separator: ",")
        let frames = scene.signIn(1, #"{"id":"u1","watchlist":[\#(ids)]}"#)
        #expect(frames.count == told)
        #expect(frames.contains { $0.contains("4302") } == (count > 100))
        #expect(scene.app.connections[1]?.user?.watchlist.count == 100)
    }

    @Test(arguments: [
        "/apps/1234/users/u1/terminate_connections", "/users/u1/terminate_connections",
    ])
    func `termination closes the user's connections and no other`(path: String) {
        var scene = AppScene()
        for id in 1...3 { scene.connect(id) }
        for id in 1...2 { scene.signIn(id, #"{"id":"u1"}"#) }
        scene.subscribe(3, "presence-x", data: #"{"user_id":"u1"}"#)
        scene.subscribe(1, "presence-x", data: #"{"user_id":"u9"}"#)
        let answer = scene.request("POST", path, body: "{}")
        #expect(answer.status == 200)
        #expect(answer.body == "{}")
        #expect(
            answer.told.filter { $0.contains(" x ") } == [
                "1 x 4009 You got disconnected by the app.",
                "2 x 4009 You got disconnected by the app.",
            ])
        #expect(answer.told.contains { $0.hasPrefix("3 < ") && $0.contains("member_removed") })
        #expect(Array(scene.app.connections.keys) == [3])
        #expect(scene.app.users.isEmpty)
    }
}
