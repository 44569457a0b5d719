// SPDX-License-Identifier: MIT

import PasserelleTesting
import PasserelleDownstream
import PasserelleHub
import PasserelleWire
import Testing

/// Which users are reported as present, and the data that members and senders receive.
struct ReaderPresenceTests {
    private func fixture() throws -> DownstreamFixture {
        try DownstreamFixture { configuration, _ in configuration.acceptsClaims = true }
    }

    @Test func `a stream's user is present from its beginning to its end`() throws {
        let fixture = try fixture()
        let stream = try fixture.stream("channel=presence-a&channel=presence-b&user=anne")
        #expect(fixture.tracker == ["+ presence-a presence-b anne"])
        stream.close()
        try fixture.settle()
        #expect(fixture.tracker.last == "- presence-a presence-b anne")
        #expect(fixture.tracker.count == 2)
    }

    @Test func `a poll's user is present when it asks and when it is answered`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
        let info = "%7B%22n%22%3A+1%7D"
        _ = try client.get("/poll?channel=presence-a&user=anne&user_info=\(info)")
        #expect(
            fixture.tracker == [
                #"~ presence-a anne {"n": 1}"#, #"~ presence-a anne {"n": 1}"#,
            ])
    }

    @Test func `anonymous readers, HEAD and refused requests cause no presence`() throws {
        let fixture = try fixture()
        _ = try fixture.stream("channel=presence-a")
        let client = try fixture.http()
        _ = try client.request(
            "HEAD /events?channel=presence-a&user=anne HTTP/1.1\r\nHost: h\r\n\r\n", isHEAD: true)
        for query in [
            "user=", "user=a%0Ab", "user=a&user=b", "user_info=%7B%7D", "user=a&user_info=1",
            "user=a&user_info=x", "user=" + String(repeating: "x", count: 129),
            "user=a&user_info=%7B%22x%22:%22" + String(repeating: "x", count: 1024) + "%22%7D",
        ] {
            let refused = try fixture.http().get("/events?channel=presence-a&\(query)")
            #expect(refused.status == 400, "\(query)")
        }
        let reserved = try fixture.http().get("/poll?channel=presence-a&user=passerelle")
        #expect(reserved.status == 403)
        #expect(fixture.tracker == [])
    }

    @Test func `a user has at most 128 characters, and 1024 bytes including user_info`()
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

    @Test func `a client event reaches all readers but its sender's, by stream and poll`()
        throws
    {
        let fixture = try fixture()
        let own = try fixture.stream("channel=presence-a&user=anne")
        let ownData = try fixture.stream("channel=presence-a&user=anne&format=data")
        let other = try fixture.stream("channel=presence-a&user=bob")
        let nameless = try fixture.stream("channel=presence-a")
        for stream in [own, ownData, other, nameless] { _ = try stream.names() }
        let position = fixture.hub.position.text
        fixture.hub.received(
            "presence-a", event: "client-typing", data: Array("1".utf8), userID: "anne",
            at: fixture.now)
        fixture.publish("presence-a", "new-message")
        let all = ["client-typing", "new-message"]
        #expect(try own.names() == ["new-message"])
        #expect(try ownData.names() == ["new-message"])
        #expect(try other.names() == all)
        #expect(try nameless.names() == all)
        let poll = "/poll?channel=presence-a&after=\(position)"
        #expect(
            column(try fixture.http().get(poll + "&user=anne").body, "event") == ["new-message"])
        #expect(column(try fixture.http().get(poll + "&user=bob").body, "event") == all)
    }

    @Test func `members report how they are present`() throws {
        let fixture = try fixture()
        fixture.members = ["anne", "bob"].map { Member(userID: $0, userInfo: nil) }
        _ = try fixture.stream("channel=presence-a")
        fixture.hub.beginDelegation("presence-a", userID: "bob", at: fixture.now)
        fixture.hub.beginDelegation("presence-a", userID: "carl", at: fixture.now)
        fixture.join("presence-a", "carl")
        let body = try fixture.http().get("/channels/presence-a/members").body
        let text = String(decoding: body, as: UTF8.self)
        #expect(text.contains(#"{"user_id":"anne","user_info":null,"via":["channels"]}"#))
        #expect(text.contains(#"{"user_id":"bob","user_info":null,"via":["channels","gateway"]}"#))
        #expect(text.contains(#"{"user_id":"carl","user_info":null,"via":["gateway"]}"#))
    }
}
