// SPDX-License-Identifier: MIT

@testable import PasserelleHub
import Testing

struct RetractionTests {
    private func publish(
        _ fixture: HubFixture, _ name: String, key: String? = nil, retracts: String? = nil
    ) {
        fixture.hub.received(
            "c", event: name, data: Array("\"secret\"".utf8), userID: nil, key: key,
            retracts: retracts, at: fixture.now)
        fixture.hub.deliverUpdates()
    }

    private func fixture() -> HubFixture {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c")
        return fixture
    }

    @Test func `a retracted message is not replayed, but its deletion is`() {
        let fixture = fixture()
        let position = fixture.hub.position
        publish(fixture, "new-message", key: "1")
        publish(fixture, "new-message", key: "2")
        let between = fixture.hub.position
        publish(fixture, "message-deleted", retracts: "1")
        let delivered = ["c: new-message", "c: message-deleted"]
        #expect(
            fixture.attach("c", from: .after(position), wantsSnapshot: false).take() == delivered)
        let later = fixture.attach("c", from: .after(between), wantsSnapshot: false)
        #expect(later.take() == ["c: message-deleted"])
        #expect(fixture.hub.counters.retractions == 1 && fixture.hub.takeRetracted().count == 1)
        #expect(fixture.hub.takeRetracted().isEmpty)
    }

    @Test func `a stalled reader gets no message that was retracted meanwhile`() {
        let fixture = fixture()
        let slow = fixture.attach("c")
        _ = slow.take()
        slow.isStalled = true
        publish(fixture, "new-message", key: "1")
        publish(fixture, "message-deleted", retracts: "1")
        slow.read()
        #expect(slow.take() == ["c: message-deleted"])
    }

    @Test func `a tombstone keeps only its place`() {
        let fixture = fixture()
        publish(fixture, "new-message", key: "1")
        let event = fixture.hub.channel("c")?.log.newest
        event?.form = EncodedForm(bytes: Array("secret".utf8), frame: 0..<6, json: 0..<6)
        let before = fixture.hub.logBytes
        publish(fixture, "message-deleted", retracts: "1")
        #expect(event?.content == .tombstone && event?.form == nil)
        #expect(fixture.hub.channel("c")?.log[0] === event)
        let log = fixture.hub.channel("c")?.log
        // The tombstone costs its fixed amount, channel and key; the deletion costs its own
        // content.
        let held =
            EventLog.fixedCost + 2 * Event.fixedCost + 2 * "c".utf8.count + 2 * "1".utf8.count
        let deletion = 2 * ("message-deleted".utf8.count + "\"secret\"".utf8.count)
        #expect(before == EventLog.fixedCost + Event.fixedCost + 1 + 2 * (1 + 11 + 8))
        #expect(fixture.hub.logBytes == held + deletion && fixture.hub.logBytes == log?.bytes)
    }

    @Test func `an unknown or evicted key retracts no message`() {
        let fixture = HubFixture { $0.log.events = 2 }
        let reader = fixture.attach("c")
        fixture.subscribe("c")
        _ = reader.take()
        publish(fixture, "new-message", key: "1")
        for _ in 0..<2 { publish(fixture, "other") }
        publish(fixture, "message-deleted", retracts: "1")
        publish(fixture, "message-deleted", retracts: "never")
        #expect(fixture.hub.counters.retractions == 0 && reader.take().count == 5)
        #expect(fixture.hub.takeRetractions().map(\.key) == ["1", "never"])
        #expect(fixture.hub.takeRetractions().isEmpty)
        #expect(fixture.hub.takeLateRetraction() && !fixture.hub.takeLateRetraction())
        publish(fixture, "new-message", key: "2")
        publish(fixture, "message-deleted", retracts: "2")
        #expect(!fixture.hub.takeLateRetraction())
    }
}

struct EphemeralTests {
    @Test(arguments: [(2999, true), (3000, true), (3001, false)])
    func `a client event is replayed while it is live`(milliseconds: Int, isTold: Bool) {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c")
        let position = fixture.hub.position
        fixture.publish("c", "client-typing")
        fixture.publish("c", "new-message")
        let reader = Listener(fixture.hub)
        reader.now = .milliseconds(milliseconds)
        fixture.hub.attach(
            reader, to: ["c"], from: .after(position), wantsSnapshot: false, at: fixture.now)
        reader.read()
        #expect(reader.take() == (isTold ? ["c: client-typing"] : []) + ["c: new-message"])
    }

    @Test func `client events evict no message and cause no gap`() {
        let fixture = HubFixture { $0.log.events = 2 }
        let reader = fixture.attach("c")
        fixture.subscribe("c")
        _ = reader.take()
        let position = fixture.hub.position
        fixture.publish("c", "one")
        for _ in 0..<1000 { fixture.publish("c", "client-typing") }
        fixture.publish("c", "two")
        #expect(reader.take().count == 1002)
        var later = fixture
        later.now = moment(10)
        later.publish("c", "client-typing")
        let resumed = Listener(fixture.hub)
        resumed.now = .seconds(10)
        fixture.hub.attach(
            resumed, to: ["c"], from: .after(position), wantsSnapshot: false, at: later.now)
        resumed.read()
        #expect(resumed.take() == ["c: one", "c: two", "c: client-typing"])
        #expect(fixture.hub.channel("c")?.ephemeralEvents.count == 1)
    }
}

struct EpochLineTests {
    private let line = EpochHistory(1).continued(by: 2, after: 10).continued(by: 3, after: 20)

    @Test(arguments: [(0, 1), (10, 1), (11, 2), (20, 2), (21, 3), (99, 3)])
    func `a sequence number belongs to the epoch that issued it`(sequence: Int, epoch: Int) {
        let position = line.position(at: UInt64(sequence))
        #expect(position == Position(epoch: UInt64(epoch), sequence: UInt64(sequence)))
        #expect(line.resumption(at: position, newest: 99) == UInt64(sequence))
    }

    @Test(arguments: [
        (1, 11, 10), (1, 99, 10), (2, 21, 20), (2, .max, 20), (3, 100, nil), (4, 1, nil),
    ])
    func `a position ahead of its epoch continues at its end, and an unknown one nowhere`(
        epoch: UInt64, sequence: UInt64, place: UInt64?
    ) {
        let position = Position(epoch: epoch, sequence: sequence)
        #expect(line.resumption(at: position, newest: 99) == place)
    }

    @Test func `an epoch before an unreadable beginning may go on behind its known end`() {
        let nameless = EpochHistory.firstNameless + 5
        let line = EpochHistory(1).continued(by: nameless, after: 10).continued(by: 3, after: 20)
        for (epoch, sequence, place) in [
            (1, 10, 10), (1, 11, nil), (nameless, 15, 15), (nameless, 21, 20), (3, 21, 21),
        ] as [(UInt64, UInt64, UInt64?)] {
            let position = Position(epoch: epoch, sequence: sequence)
            #expect(line.resumption(at: position, newest: 99) == place)
        }
    }

    @Test func `the number of past epochs is limited`() {
        var line = EpochHistory(0)
        for epoch in 1...100 { line = line.continued(by: UInt64(epoch), after: UInt64(epoch)) }
        #expect(line.past.count == EpochHistory.remembered && line.beginning == 100)
    }
}
