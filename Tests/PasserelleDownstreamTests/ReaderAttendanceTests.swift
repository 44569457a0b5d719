// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleWire
import Testing

/// Who is told to be there, and what members and senders are told.
struct ReaderAttendanceTests {
    private func scene() throws -> Scene {
        try Scene { configuration, _ in configuration.believesClaims = true }
    }

    @Test func `a stream's user is there from its beginning to its end`() throws {
        let scene = try scene()
        let stream = try scene.stream("channel=presence-a&channel=presence-b&user=anne")
        #expect(scene.attendance == ["+ presence-a presence-b anne"])
        stream.close()
        try scene.settle()
        #expect(scene.attendance.last == "- presence-a presence-b anne")
        #expect(scene.attendance.count == 2)
    }

    @Test func `a poll's user is there when it asks and when it is answered`() throws {
        let scene = try scene()
        let client = try scene.http()
        let info = "%7B%22n%22%3A+1%7D"
        _ = try client.get("/poll?channel=presence-a&user=anne&user_info=\(info)")
        #expect(
            scene.attendance == [
                #"~ presence-a anne {"n": 1}"#, #"~ presence-a anne {"n": 1}"#,
            ])
    }

    @Test func `nobody is told of anonymous readers, HEAD and refused requests`() throws {
        let scene = try scene()
        _ = try scene.stream("channel=presence-a")
        let client = try scene.http()
        _ = try client.request(
            "HEAD /events?channel=presence-a&user=anne HTTP/1.1\r\nHost: h\r\n\r\n", isHEAD: true)
        for query in [
            "user=", "user=a%0Ab", "user=a&user=b", "user_info=%7B%7D", "user=a&user_info=1",
            "user=a&user_info=x", "user=" + String(repeating: "x", count: 129),
            "user=a&user_info=%7B%22x%22:%22" + String(repeating: "x", count: 1024) + "%22%7D",
        ] {
            let refused = try scene.http().get("/events?channel=presence-a&\(query)")
            #expect(refused.status == 400, "\(query)")
        }
        let reserved = try scene.http().get("/poll?channel=presence-a&user=passerelle")
        #expect(reserved.status == 403)
        #expect(scene.attendance == [])
    }

    @Test func `a user has at most 128 characters, and 1024 bytes with what is told of them`()
        throws
    {
        let longest = String(repeating: "é", count: 128)
        #expect(
            try ReaderIdentity.claimed(user: longest, info: nil, reserved: "p")?.userID == longest)
        #expect(throws: Refusal.self) {
            try ReaderIdentity.claimed(user: longest + "x", info: nil, reserved: "p")
        }
        let frame = #"{"user_id":"a","user_info":{"x":""}}"#.utf8.count
        func info(_ count: Int) -> String {
            #"{"x":"\#(String(repeating: "x", count: count))"}"#
        }
        let fits = info(1024 - frame)
        #expect(
            try ReaderIdentity.claimed(user: "a", info: fits, reserved: "p")?.userInfo
                == Array(fits.utf8))
        #expect(throws: Refusal.self) {
            try ReaderIdentity.claimed(user: "a", info: info(1025 - frame), reserved: "p")
        }
    }

    @Test func `the readers of a sender do not hear it, all others do, on streams and polls`()
        throws
    {
        let scene = try scene()
        let own = try scene.stream("channel=presence-a&user=anne")
        let ownData = try scene.stream("channel=presence-a&user=anne&format=data")
        let other = try scene.stream("channel=presence-a&user=bob")
        let nobody = try scene.stream("channel=presence-a")
        for stream in [own, ownData, other, nobody] { _ = try stream.names() }
        let position = scene.hub.position.text
        scene.hub.heard(
            "presence-a", event: "client-typing", data: Array("1".utf8), userID: "anne",
            at: scene.now)
        scene.say("presence-a", "new-message")
        let all = ["client-typing", "new-message"]
        #expect(try own.names() == ["new-message"])
        #expect(try ownData.names() == ["new-message"])
        #expect(try other.names() == all)
        #expect(try nobody.names() == all)
        let poll = "/poll?channel=presence-a&after=\(position)"
        #expect(column(try scene.http().get(poll + "&user=anne").body, "event") == ["new-message"])
        #expect(column(try scene.http().get(poll + "&user=bob").body, "event") == all)
    }

    @Test func `members say by which way they are there`() throws {
        let scene = try scene()
        scene.members = ["anne", "bob"].map { Member(userID: $0, userInfo: nil) }
        _ = try scene.stream("channel=presence-a")
        scene.hub.delegates("presence-a", userID: "bob", at: scene.now)
        scene.hub.delegates("presence-a", userID: "carl", at: scene.now)
        scene.join("presence-a", "carl")
        let body = try scene.http().get("/channels/presence-a/members").body
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains(#"{"user_id":"anne","user_info":null,"via":["channels"]}"#))
        #expect(text.contains(#"{"user_id":"bob","user_info":null,"via":["channels","gateway"]}"#))
        #expect(text.contains(#"{"user_id":"carl","user_info":null,"via":["gateway"]}"#))
    }
}
