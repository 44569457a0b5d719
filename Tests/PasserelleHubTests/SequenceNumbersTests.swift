// SPDX-License-Identifier: MIT

@testable import PasserelleHub
import Testing

/// The application numbers the events of a channel; numbers that do not arrive become a gap.
struct SequenceNumbersTests {
    /// Publishes events with these numbers at this second.
    private func publish(_ fixture: inout HubFixture, at second: Int, _ numbers: UInt64...) {
        fixture.now = moment(second)
        for number in numbers {
            fixture.hub.received(
                "c", event: "\(number)", data: Array("{}".utf8), userID: nil, number: number,
                at: fixture.now)
            fixture.hub.deliverUpdates()
        }
    }

    private func expire(_ fixture: inout HubFixture, at second: Int) {
        fixture.now = moment(second)
        fixture.hub.expire(at: fixture.now)
        fixture.hub.deliverUpdates()
    }

    private func subscribed() -> (HubFixture, Listener) {
        let fixture = HubFixture()
        let listener = fixture.attach("c")
        fixture.subscribe("c")
        _ = listener.take()
        return (fixture, listener)
    }

    @Test func `a number that does not arrive within two seconds is a gap for all readers`() throws
    {
        var (fixture, listener) = subscribed()
        publish(&fixture, at: 1, 1, 2)
        publish(&fixture, at: 5, 4)
        expire(&fixture, at: 6)
        #expect(listener.take() == ["c: 1", "c: 2", "c: 4"])
        expire(&fixture, at: 7)
        #expect(listener.take() == ["c: gap sequence"])
        let content = fixture.hub.channel("c")?.log.newest?.content
        let gap = Gap(.sequence, since: moment(1).wall, until: moment(5).wall)
        #expect(content == .gap(gap))
        #expect(fixture.hub.counters.gaps[.sequence] == 1)
        expire(&fixture, at: 9)
        #expect(listener.take() == [])
    }

    @Test func `numbers that arrive late, in any order, are no gap`() {
        var (fixture, listener) = subscribed()
        publish(&fixture, at: 1, 1, 6, 3, 5, 2)
        publish(&fixture, at: 2, 4)
        for second in 2...9 { expire(&fixture, at: second) }
        #expect(listener.take().count == 6)
        #expect(fixture.hub.counters.gaps.total == 0)
    }

    @Test func `of a hole that is filled in part, the rest is one gap`() {
        var (fixture, _) = subscribed()
        publish(&fixture, at: 1, 1, 9, 5, 3)
        expire(&fixture, at: 3)
        #expect(fixture.hub.counters.gaps[.sequence] == 1)
        // What arrives after that is delivered, and changes nothing.
        publish(&fixture, at: 4, 2, 4, 10)
        expire(&fixture, at: 9)
        #expect(fixture.hub.counters.gaps[.sequence] == 1)
    }

    @Test func `the first number, repeated and smaller ones are no gap`() {
        var (fixture, _) = subscribed()
        publish(&fixture, at: 1, 1000, 1000, 7, 1001, 0, 1002)
        expire(&fixture, at: 9)
        #expect(fixture.hub.counters.gaps.total == 0)
    }

    @Test func `the greatest numbers do not overflow`() {
        var (fixture, _) = subscribed()
        publish(&fixture, at: 1, 0, .max, .max - 1, 1, .max)
        expire(&fixture, at: 3)
        #expect(fixture.hub.counters.gaps[.sequence] == 1)
    }

    @Test func `events without a number are not counted`() {
        var (fixture, _) = subscribed()
        publish(&fixture, at: 1, 1)
        fixture.publish("c", "other")
        publish(&fixture, at: 2, 2)
        expire(&fixture, at: 9)
        #expect(fixture.hub.counters.gaps.total == 0)
    }

    @Test func `after an outage numbers start anew, since its gap covers what is missing`() {
        var (fixture, listener) = subscribed()
        publish(&fixture, at: 1, 1)
        fixture.hub.lost(at: moment(2))
        fixture.now = moment(4)
        fixture.subscribe("c")
        publish(&fixture, at: 5, 8)
        expire(&fixture, at: 9)
        #expect(listener.take() == ["c: 1", "c: gap upstream", "c: 8"])
    }

    @Test func `a number that was awaited when the connection was lost is a gap before that`() {
        var (fixture, listener) = subscribed()
        publish(&fixture, at: 1, 1, 3)
        fixture.hub.lost(at: moment(2))
        fixture.now = moment(2)
        fixture.subscribe("c")
        #expect(listener.take() == ["c: 1", "c: 3", "c: gap sequence", "c: gap upstream"])
    }

    @Test(arguments: [
        (SequenceNumbers.holeLimit - 1, 0), (SequenceNumbers.holeLimit, 0),
        (SequenceNumbers.holeLimit + 1, 1),
    ])
    func `more holes than the limit are a gap at once`(holes: Int, gaps: Int) {
        var (fixture, _) = subscribed()
        for index in 0...holes { publish(&fixture, at: 1, UInt64(2 * index)) }
        #expect(fixture.hub.counters.gaps[.sequence] == UInt64(gaps))
    }

    @Test func `late numbers that split a hole keep to the limit`() {
        var (fixture, _) = subscribed()
        publish(&fixture, at: 1, 1, 1000)
        for index in 1...SequenceNumbers.holeLimit { publish(&fixture, at: 1, UInt64(10 * index)) }
        #expect(fixture.hub.counters.gaps[.sequence] == 1)
    }
}
