// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleHub

/// Channels that are dropped before their time, because others need their places.
struct ChannelEvictionTests {
    private func hold(_ fixture: HubFixture, _ name: String, at second: Int) {
        let reader = Listener(fixture.hub)
        fixture.hub.attach(
            reader, to: [name], from: .now, wantsSnapshot: true, at: moment(second))
        fixture.hub.subscribed(name, members: nil, at: moment(second))
        fixture.hub.detach(reader, at: moment(second))
    }

    @Test func `public channels are evicted first, and of each kind the one unread for longest`() {
        let fixture = HubFixture()
        for (second, name) in ["private-a", "x", "presence-b", "y", "z"].enumerated() {
            hold(fixture, name, at: second)
        }
        _ = fixture.hub.takeDemands()
        var order: [String] = []
        for _ in 0..<5 {
            #expect(fixture.hub.evictChannels(1, at: moment(9)) == 1)
            order += fixture.hub.takeDropped()
        }
        #expect(order == ["x", "y", "z", "private-a", "presence-b"])
        #expect(fixture.hub.takeDemands() == order.map { .unsubscribe($0) })
        #expect(fixture.hub.evictChannels(1, at: moment(9)) == 0 && fixture.hub.channels.isEmpty)
        #expect(fixture.hub.publicChannelCount == 0 && fixture.hub.counters.channelsEvicted == 5)
    }

    @Test func `evictable channels are counted without being evicted`() {
        let fixture = HubFixture()
        for name in ["private-a", "x", "y"] { hold(fixture, name, at: 0) }
        #expect((1...4).map { fixture.hub.evictableChannels(upTo: $0) } == [1, 2, 3, 3])
        #expect(fixture.hub.evictableChannels(upTo: 9, onlyPublic: true, sparing: ["x"]) == 1)
        #expect(fixture.hub.evictableChannels(upTo: 9, among: ["x", "nowhere"]) == 1)
        #expect(fixture.hub.channels.count == 3 && fixture.hub.channelsLeftWithoutReaders == 3)
    }

    @Test func `channels that are read, pinned, delegated or spared are kept`() {
        let fixture = HubFixture { $0.pinned = ["pinned"] }
        let reader = fixture.attach("read")
        hold(fixture, "spared", at: 0)
        hold(fixture, "presence-mine", at: 0)
        hold(fixture, "other", at: 0)
        fixture.hub.beginDelegation("presence-mine", userID: "anne", at: moment(0))
        #expect(fixture.hub.evictChannels(9, sparing: ["spared"], at: moment(1)) == 1)
        #expect(fixture.hub.takeDropped() == ["other"])
        #expect(fixture.hub.evictChannels(9, among: ["read", "nowhere"], at: moment(1)) == 0)
        #expect(fixture.hub.evictChannels(9, onlyPublic: true, at: moment(1)) == 1)
        fixture.hub.detach(reader, at: moment(1))
        fixture.hub.endDelegation("presence-mine", userID: "anne", at: moment(1))
        #expect(fixture.hub.evictChannels(9, at: moment(2)) == 2)
        #expect(fixture.hub.channels.keys.sorted() == ["pinned"])
    }

    @Test func `a reader that returns to an evicted channel receives a gap`() {
        let fixture = HubFixture()
        hold(fixture, "c", at: 0)
        fixture.publish("c", "before")
        let position = fixture.hub.position
        fixture.publish("c", "missed")
        let bytes = fixture.hub.logBytes
        #expect(fixture.hub.evictChannels(1, at: moment(1)) == 1)
        #expect(bytes > 0 && fixture.hub.logBytes == 0)
        #expect(fixture.hub.counters.evictedWithChannel == 2)
        let reader = fixture.attach("c", from: .after(position))
        fixture.subscribe("c")
        fixture.publish("c", "after")
        #expect(reader.take() == ["snapshot(c: )", "gap(c: idle)", "c: after"])
    }

    @Test func `a restart does not restore an evicted channel`() {
        let fixture = HubFixture()
        fixture.hub.gathersChanges = true
        hold(fixture, "c", at: 0)
        fixture.publish("c", "before")
        let sequence = fixture.hub.sequence
        _ = fixture.hub.takeChanges()
        _ = fixture.hub.evictChannels(1, at: moment(1))
        let horizons = fixture.hub.takeChanges().compactMap { change -> UInt64? in
            if case .unsubscribed("c", let horizon, _) = change { horizon.sequence } else { nil }
        }
        #expect(horizons.last == sequence)
    }
}
