// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

struct DelegatedTests {
    private let channel = "presence-a"

    /// A hub with anne as a delegated member, and a reader.
    private func fixture() -> (fixture: HubFixture, listener: Listener) {
        let fixture = HubFixture()
        let listener = fixture.attach(channel)
        fixture.subscribe(channel, "bob")
        fixture.hub.beginDelegation(channel, userID: "anne", at: fixture.now)
        fixture.join(channel, "anne")
        _ = listener.take()
        return (fixture, listener)
    }

    private func users(_ fixture: HubFixture) -> [String]? {
        fixture.hub.channel(channel)?.members.list.map(\.userID)
    }

    @Test func `a delegated user's removal is held back, and the return adds no entry`() {
        let (fixture, listener) = fixture()
        fixture.leave(channel, "anne")
        #expect(users(fixture) == ["bob", "anne"])
        fixture.join(channel, "anne")
        #expect(listener.take() == [])
    }

    @Test func `removals of other users are delivered as usual`() {
        let (fixture, listener) = fixture()
        fixture.leave(channel, "bob")
        #expect(listener.take() == ["presence-a: -bob"])
    }

    @Test func `a removal that was held back is delivered when the delegation ends`() {
        let (fixture, listener) = fixture()
        fixture.leave(channel, "anne")
        fixture.hub.endDelegation(channel, userID: "anne", at: fixture.now)
        fixture.hub.deliverUpdates()
        #expect(listener.take() == ["presence-a: -anne"])
        #expect(users(fixture) == ["bob"])
    }

    @Test func `if no removal was held back, the end of the delegation adds no entry`() {
        let (fixture, listener) = fixture()
        fixture.hub.endDelegation(channel, userID: "anne", at: fixture.now)
        fixture.hub.deliverUpdates()
        #expect(listener.take() == [])
        fixture.leave(channel, "anne")
        #expect(listener.take() == ["presence-a: -anne"])
    }

    @Test func `a removal is held back for at most thirty seconds`() {
        var (fixture, listener) = fixture()
        fixture.leave(channel, "anne")
        fixture.now = moment(29)
        fixture.hub.expire(at: fixture.now)
        fixture.leave(channel, "anne")
        #expect(listener.take() == [])
        fixture.now = moment(30)
        fixture.hub.expire(at: fixture.now)
        fixture.hub.deliverUpdates()
        #expect(listener.take() == ["presence-a: -anne"])
        fixture.join(channel, "anne")
        #expect(listener.take() == ["presence-a: +anne"])
    }

    @Test func `a list without the user, after a lost connection, holds the removal back too`() {
        let (fixture, listener) = fixture()
        fixture.hub.lost(at: fixture.now)
        fixture.subscribe(channel, "carl")
        #expect(
            listener.take() == [
                "presence-a: gap upstream", "presence-a: -bob", "presence-a: +carl",
            ])
        #expect(users(fixture) == ["carl", "anne"])
        fixture.join(channel, "anne")
        #expect(listener.take() == [])
        fixture.hub.lost(at: fixture.now)
        fixture.subscribe(channel, "carl", "anne")
        #expect(listener.take() == ["presence-a: gap upstream"])
    }

    @Test func `a user present before the delegation is known elsewhere, until a removal`() {
        let fixture = HubFixture()
        _ = fixture.attach(channel)
        fixture.subscribe(channel, "anne")
        func isKnownElsewhere() -> Bool? {
            fixture.hub.channel(channel)?.delegated["anne"]?.isKnownElsewhere
        }
        fixture.hub.beginDelegation(channel, userID: "anne", at: fixture.now)
        #expect(isKnownElsewhere() == true)
        fixture.leave(channel, "anne")
        #expect(isKnownElsewhere() == false)
        fixture.hub.endDelegation(channel, userID: "anne", at: fixture.now)
        #expect(isKnownElsewhere() == nil)
        fixture.hub.beginDelegation(channel, userID: "anne", at: fixture.now)
        #expect(isKnownElsewhere() == false)
    }

    @Test func `a channel with delegated users is kept`() {
        var (fixture, _) = fixture()
        fixture.hub.beginDelegation("presence-b", userID: "anne", at: fixture.now)
        fixture.now = moment(100_000)
        fixture.hub.expire(at: fixture.now)
        #expect(fixture.hub.channel("presence-b") != nil)
        fixture.hub.endDelegation("presence-b", userID: "anne", at: fixture.now)
        fixture.hub.expire(at: fixture.now)
        #expect(fixture.hub.channel("presence-b") == nil)
    }

    @Test func `a client event is delivered to all readers except those of its sender`() {
        let fixture = HubFixture()
        let anne = [Listener(fixture.hub), Listener(fixture.hub)]
        let others = [Listener(fixture.hub), Listener(fixture.hub)]
        for (listener, user) in zip(anne + others, ["anne", "anne", "bob", nil]) {
            fixture.hub.attach(
                listener, to: [channel], from: .now, wantsSnapshot: false, as: user, at: fixture.now
            )
        }
        fixture.subscribe(channel, "anne", "bob")
        fixture.hub.received(
            channel, event: "client-typing", data: [], userID: "anne", at: fixture.now)
        fixture.hub.received(
            channel, event: "new-message", data: [], userID: "anne", at: fixture.now)
        fixture.hub.deliverUpdates()
        let all = ["presence-a: client-typing", "presence-a: new-message"]
        #expect(anne.map(\.received) == [[all[1]], [all[1]]])
        #expect(others.map(\.received) == [all, all])
    }

    @Test func `an update with a client event is no batch for its sender, but one for others`() {
        let fixture = HubFixture()
        let users = ["anne", "bob", nil]
        let taken = users.map { _ in Taker() }
        for (taker, user) in zip(taken, users) {
            fixture.hub.attach(
                taker, to: [channel], from: .now, wantsSnapshot: false, as: user, at: fixture.now)
        }
        fixture.subscribe(channel, "anne", "bob")
        for taker in taken { taker.takes = [] }
        fixture.hub.received(
            channel, event: "client-typing", data: [], userID: "anne", at: fixture.now)
        fixture.hub.deliverUpdates()
        #expect(taken.map(\.takes) == [[false], [true], [true]])
        for taker in taken { taker.cursor.advance(to: fixture.hub.sequence) }
        fixture.hub.received(
            channel, event: "new-message", data: [], userID: "anne", at: fixture.now)
        fixture.hub.deliverUpdates()
        #expect(taken.map(\.takes) == [[false, true], [true, true], [true, true]])
    }
}

/// A reader that records whether it can take each update as one batch.
private final class Taker: Reader {
    var cursor = Cursor()
    var takes: [Bool] = []

    func updatesAvailable(on channel: Channel) {
        if let update = channel.update { takes.append(cursor.takes(update)) }
    }
}
