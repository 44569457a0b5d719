// SPDX-License-Identifier: MIT
import PasserelleHub
import Testing

struct HubHandoverTests {
    private func handOver(
        _ hub: Hub, at now: Moment, _ change: (inout HubConfiguration) -> Void = { _ in }
    ) throws -> Hub {
        var state = HandedOverHub(now: now)
        hub.handOver(at: now) { piece in
            let isTaken = state.take(piece)
            #expect(isTaken)
        }
        var configuration = hub.configuration
        change(&configuration)
        return try #require(Hub(takingOver: state, configuration: configuration, at: now))
    }

    @Test func `positions, entries, members and gaps are the same afterwards`() throws {
        var fixture = HubFixture()
        _ = fixture.attach("presence-a")
        fixture.subscribe("presence-a", "u1", "u2")
        fixture.publish("presence-a", "one")
        fixture.now = moment(5)
        fixture.hub.lost(at: fixture.now)
        fixture.now = moment(6)
        fixture.subscribe("presence-a", "u2", "u3")
        fixture.publish("presence-a", "two")
        let old = fixture.hub
        let new = try handOver(old, at: moment(7))

        #expect(new.position == old.position)
        #expect(new.epochs == old.epochs)
        let (channel, former) = try (
            #require(new.channel("presence-a")), #require(old.channel("presence-a"))
        )
        #expect(channel.isLive && channel.wasSubscribed)
        #expect(channel.members == former.members)
        #expect(channel.horizon == former.horizon)
        #expect(channel.log.count == former.log.count)
        for index in 0..<channel.log.count {
            #expect(channel.log[index].sequence == former.log[index].sequence)
            #expect(channel.log[index].content == former.log[index].content)
            #expect(channel.log[index].time == former.log[index].time)
        }
        #expect(new.logBytes == old.logBytes && new.memberBytes == old.memberBytes)
        #expect(new.seenMembers.count == old.seenMembers.count)
        #expect(new.takeDemands().isEmpty)
    }

    @Test func `a subscription that is confirmed again adds no gap`() throws {
        var fixture = HubFixture()
        _ = fixture.attach("presence-a")
        fixture.subscribe("presence-a", "u1", "u2")
        fixture.publish("presence-a", "one")
        fixture.now = moment(9)
        let new = try handOver(fixture.hub, at: fixture.now)
        let before = new.position
        new.subscribed(
            "presence-a", members: ["u1", "u2"].map { Member(userID: $0, userInfo: nil) },
            at: fixture.now)
        #expect(new.position == before)
        #expect(new.counters.gaps.total == 0)
        // A member that left meanwhile becomes an entry.
        new.subscribed(
            "presence-a", members: [Member(userID: "u1", userInfo: nil)], at: fixture.now)
        #expect(new.channel("presence-a")?.log.newest?.content == .memberRemoved(userID: "u2"))
    }

    @Test func `a reader continues at its cursor`() throws {
        var fixture = HubFixture()
        let reader = fixture.attach("presence-a", "private-b")
        fixture.subscribe("presence-a", "u1")
        fixture.publish("presence-a", "one")
        reader.isStalled = true
        fixture.publish("presence-a", "two")
        let cursor = reader.cursor.encoded
        fixture.now = moment(2)
        let new = try handOver(fixture.hub, at: fixture.now)
        let copy = Listener(new)
        let read = try #require(new.cursor(handedOver: cursor, filter: nil, at: fixture.now))
        #expect(read.encoded == cursor)
        new.attach(copy, at: read)
        copy.read()
        #expect(copy.received == ["presence-a: two"])
        // The channel without a subscription is wanted here, too.
        #expect(new.takeDemands() == [.subscribe("private-b")])
    }

    @Test func `a wanted channel that was not subscribed is demanded, with its state`() throws {
        var fixture = HubFixture()
        _ = fixture.attach("presence-a", "presence-b")
        fixture.subscribe("presence-a")
        fixture.hub.refused("presence-b", status: 403, message: "no", at: fixture.now)
        fixture.now = moment(3)
        fixture.hub.lost(at: fixture.now)
        let new = try handOver(fixture.hub, at: moment(4))
        #expect(new.channel("presence-a")?.subscription == .away(since: moment(3).wall))
        #expect(
            new.channel("presence-b")?.subscription
                == .refused(status: 403, message: "no", since: nil, reason: .idle))
        let demands = new.takeDemands()
        #expect(demands.contains(.subscribe("presence-a")))
        #expect(demands.contains(.subscribe("presence-b")))
        new.subscribed("presence-a", members: [], at: moment(5))
        #expect(new.counters.gaps[.upstream] == 1)
    }

    @Test func `fresh client events come along`() throws {
        var fixture = HubFixture()
        let reader = fixture.attach("presence-a")
        fixture.subscribe("presence-a")
        reader.isStalled = true
        fixture.publish("presence-a", "client-typing")
        let cursor = reader.cursor.encoded
        fixture.now = moment(1)
        let new = try handOver(fixture.hub, at: fixture.now)
        let copy = Listener(new)
        new.attach(
            copy, at: try #require(new.cursor(handedOver: cursor, filter: nil, at: fixture.now)))
        copy.read()
        #expect(copy.received == ["presence-a: client-typing"])
        #expect(new.channel("presence-a")?.log.count == 0)
    }

    @Test func `retractions find their messages afterwards`() throws {
        var fixture = HubFixture()
        _ = fixture.attach("presence-a")
        fixture.subscribe("presence-a")
        fixture.hub.received(
            "presence-a", event: "m", data: [0x31], userID: nil, key: "k", at: fixture.now)
        fixture.now = moment(1)
        let new = try handOver(fixture.hub, at: fixture.now)
        new.received(
            "presence-a", event: "d", data: [0x31], userID: nil, retracts: "k", at: fixture.now)
        #expect(new.counters.retractions == 1)
    }

    @Test func `awaited numbers become a gap there`() throws {
        let fixture = HubFixture()
        _ = fixture.attach("presence-a")
        fixture.subscribe("presence-a")
        for number in [1, 2, 4] as [UInt64] {
            fixture.hub.received(
                "presence-a", event: "m", data: [0x31], userID: nil, number: number,
                at: fixture.now)
        }
        let new = try handOver(fixture.hub, at: moment(1))
        new.expire(at: moment(1))
        #expect(new.counters.gaps[.sequence] == 0)
        new.expire(at: moment(3))
        #expect(new.counters.gaps[.sequence] == 1)
    }

    @Test func `damaged pieces are refused`() throws {
        var fixture = HubFixture()
        let reader = fixture.attach("presence-a")
        fixture.subscribe("presence-a", "u1")
        fixture.publish("presence-a", "one")
        fixture.now = moment(1)
        var pieces: [[UInt8]] = []
        fixture.hub.handOver(at: fixture.now) { pieces.append($0) }
        for (number, piece) in pieces.enumerated() {
            for count in piece.indices {
                var state = HandedOverHub(now: fixture.now)
                for other in pieces[..<number] { _ = state.take(other) }
                // A piece of whole records may be shorter, and the seen users are one such piece.
                let isShort = !state.take(Array(piece[..<count]))
                if piece[0] <= 2 { #expect(isShort, "piece \(number) cut to \(count)") }
            }
        }
        var state = HandedOverHub(now: fixture.now)
        let isTaken = state.take(pieces[1])
        #expect(!isTaken)
        #expect(Hub(takingOver: state, configuration: HubConfiguration(), at: fixture.now) == nil)
        let cursor = reader.cursor.encoded
        for count in cursor.indices {
            #expect(
                fixture.hub.cursor(
                    handedOver: Array(cursor[..<count]), filter: nil, at: fixture.now) == nil)
        }
    }
}
