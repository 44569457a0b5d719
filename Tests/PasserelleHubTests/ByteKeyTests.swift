// SPDX-License-Identifier: MIT

@testable import PasserelleHub
import Testing

/// Identifiers that look the same but have different bytes: to Channels they are different.
struct ByteKeyTests {
    /// Each pair is equal if compared as `String`.
    private static let pairs = [
        ("zo\u{E9}", "zoe\u{301}"), ("K", "\u{212A}"), ("a\u{301}\u{323}", "a\u{323}\u{301}"),
        ("\u{1E9B}\u{323}", "\u{17F}\u{323}\u{307}"),
    ]

    @Test(arguments: pairs)
    func `keys are equal, hashed and ordered by their bytes`(one: String, other: String) {
        #expect(one == other)
        #expect(!one.hasSameBytes(as: other) && one.hasSameBytes(as: String(one)))
        #expect(ByteKey(one) != ByteKey(other))
        #expect(Set([ByteKey(one), ByteKey(other), ByteKey(one)]).count == 2)
        #expect((ByteKey(one) < ByteKey(other)) != (ByteKey(other) < ByteKey(one)))
    }

    @Test(arguments: pairs)
    func `members with ids of different bytes are distinct`(one: String, other: String) {
        let fixture = HubFixture()
        _ = fixture.attach("presence-a")
        fixture.hub.subscribed(
            "presence-a",
            members: [Member(userID: one, userInfo: nil), Member(userID: other, userInfo: nil)],
            at: fixture.now)
        let channel = fixture.hub.channel("presence-a")
        #expect(channel?.members.count == 2)
        fixture.hub.memberRemoved("presence-a", userID: other, at: fixture.now)
        #expect(channel?.members.list.map { Array($0.userID.utf8) } == [Array(one.utf8)])
        #expect(fixture.hub.seenMembers.members(of: "presence-a").count == 2)
        #expect(
            Member(userID: one, userInfo: nil) != Member(userID: other, userInfo: nil))
    }

    @Test(arguments: pairs)
    func `a removal is held back only for an id with the same bytes`(one: String, other: String) {
        let fixture = HubFixture()
        _ = fixture.attach("presence-a")
        fixture.hub.subscribed(
            "presence-a",
            members: [Member(userID: one, userInfo: nil), Member(userID: other, userInfo: nil)],
            at: fixture.now)
        fixture.hub.beginDelegation("presence-a", userID: one, at: fixture.now)
        fixture.hub.memberRemoved("presence-a", userID: other, at: fixture.now)
        #expect(fixture.hub.channel("presence-a")?.members.count == 1)
    }

    @Test(arguments: pairs)
    func `a client event is withheld only from the same sender`(one: String, other: String) {
        let fixture = HubFixture()
        let readers = [one, other].map { user in
            let listener = Listener(fixture.hub)
            fixture.hub.attach(
                listener, to: ["presence-a"], from: .now, wantsSnapshot: false, as: user,
                at: fixture.now)
            return listener
        }
        fixture.hub.subscribed("presence-a", members: [], at: fixture.now)
        fixture.hub.received(
            "presence-a", event: "client-typing", data: Array("1".utf8), userID: one,
            at: fixture.now)
        fixture.hub.deliverUpdates()
        for reader in readers { reader.read() }
        #expect(readers[0].take() == [] && readers[1].take() == ["presence-a: client-typing"])
    }

    @Test(arguments: pairs)
    func `a deletion retracts only the message with its key`(one: String, other: String) {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c")
        for key in [one, other] {
            fixture.hub.received(
                "c", event: "new-message", data: Array("1".utf8), userID: nil, key: key,
                at: fixture.now)
        }
        fixture.hub.received(
            "c", event: "message-deleted", data: Array("1".utf8), userID: nil, retracts: other,
            at: fixture.now)
        #expect(fixture.hub.counters.retractions == 1)
        let log = fixture.hub.channel("c")?.log
        #expect(log?[0].content != .tombstone && log?[1].content == .tombstone)
        let retractions = [one, other].map { Retraction(channel: "c", key: $0, through: 9) }
        #expect(Set(retractions).count == 2)
        let kept = log.map { log in retractions.map { $0.covers(log[0]) } }
        #expect(kept == [true, false])
    }
}
