// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import Testing

/// A state with the calls of tests; times are milliseconds after the start.
private final class Upstream {
    private var state = ReportedUpstream(at: Upstream.at(0))
    var isAway: Bool { state.isAway }
    var word: String { state.word }
    var since: WallTime { state.since }
    var deadline: Duration? { state.deadline }

    static func at(_ milliseconds: Int64) -> Moment {
        Moment(
            steady: .milliseconds(milliseconds), wall: WallTime(milliseconds: 1_000 + milliseconds))
    }

    func lost(at time: Moment) { state.lost(at: time) }

    func connected(at time: Moment) -> Bool { state.connected(at: time) }

    func timePassed(at time: Moment) -> Bool { state.timePassed(at: time) }

    func requiresFullAnswer(at time: Duration) -> Bool { state.requiresFullAnswer(at: time) }
}

struct ReportedUpstreamTests {
    private func at(_ milliseconds: Int64) -> Moment { Upstream.at(milliseconds) }

    @Test func `a loss is reported once it has lasted for two seconds, with its own time`() {
        let upstream = Upstream()
        #expect(upstream.word == "connected" && upstream.deadline == nil)
        upstream.lost(at: at(500))
        #expect(upstream.deadline == .milliseconds(2_500) && !upstream.isAway)
        #expect(!upstream.timePassed(at: at(2_499)) && !upstream.isAway)
        #expect(upstream.timePassed(at: at(2_500)))
        #expect(upstream.isAway && upstream.word == "away")
        #expect(upstream.since == WallTime(milliseconds: 1_500) && upstream.deadline == nil)
        #expect(!upstream.timePassed(at: at(9_000)))
    }

    @Test func `a reconnect within two seconds is not reported`() {
        let upstream = Upstream()
        upstream.lost(at: at(500))
        #expect(!upstream.connected(at: at(2_499)) && upstream.deadline == nil)
        #expect(!upstream.timePassed(at: at(2_501)) && !upstream.isAway)
        #expect(!upstream.requiresFullAnswer(at: .milliseconds(2_501)))
        // The next loss has its own two seconds.
        upstream.lost(at: at(2_600))
        #expect(!upstream.timePassed(at: at(4_599)) && upstream.timePassed(at: at(4_600)))
    }

    @Test func `repeated losses count from the first`() {
        let upstream = Upstream()
        upstream.lost(at: at(0))
        upstream.lost(at: at(1_900))
        #expect(upstream.timePassed(at: at(2_000)) && upstream.since == at(0).wall)
        upstream.lost(at: at(3_000))
        #expect(upstream.since == at(0).wall && upstream.deadline == nil)
    }

    @Test func `the end of an outage is reported at once, with its time`() {
        let upstream = Upstream()
        upstream.lost(at: at(0))
        #expect(upstream.timePassed(at: at(2_000)))
        #expect(upstream.connected(at: at(7_000)) && !upstream.isAway)
        #expect(upstream.since == at(7_000).wall)
        #expect(!upstream.connected(at: at(8_000)) && upstream.since == at(7_000).wall)
    }

    @Test func `the state is news during an outage and for a minute after it`() {
        let upstream = Upstream()
        #expect(!upstream.requiresFullAnswer(at: .zero))
        upstream.lost(at: at(0))
        #expect(!upstream.requiresFullAnswer(at: .milliseconds(1_999)))
        #expect(
            upstream.timePassed(at: at(2_000)) && upstream.requiresFullAnswer(at: .seconds(3_600)))
        #expect(upstream.connected(at: at(10_000)))
        #expect(upstream.requiresFullAnswer(at: .milliseconds(69_999)))
        #expect(!upstream.requiresFullAnswer(at: .milliseconds(70_000)))
    }
}
