// SPDX-License-Identifier: MIT

import Glibc
import PasserelleHub
import PasserelleNet
import Testing

@testable import PasserelleUpstream

/// Runs random joins, leaves, polls, cuts, limits and client events, and verifies the invariants.
struct PresenceSimulationTests {
    /// The number of simulations in each of the eight rounds.
    private static let worlds =
        getenv("PASSERELLE_PRESENCE_WORLDS").flatMap { Int(String(cString: $0)) } ?? 4

    @Test(arguments: 0..<8)
    func `present users are members exactly once, on as few connections as possible`(
        round: Int
    ) {
        var coverage = PresenceCoverage()
        for index in 0..<Self.worlds {
            let seed = UInt64(round * Self.worlds + index)
            var fixture = PresenceFixture(seed: seed)
            #expect(fixture.live() == [], "seed \(seed)")
            coverage += fixture.coverage
        }
        #expect(coverage.gaps == [])
    }

    @Test(arguments: PresenceMutation.allCases)
    func `a deliberate fault is detected`(mutation: PresenceMutation) {
        for seed in UInt64(0)..<5 {
            var fixture = PresenceFixture(seed: seed, mutation: mutation)
            if !fixture.live().isEmpty { return }
        }
        Issue.record("five simulations did not detect the fault \(mutation)")
    }
}

extension PresenceSimulationTests {
    @Test func `if a channel has a hundred members, further users only read, and join later`() {
        let channel = PresenceFixture.channels[0]
        var fixture = PresenceFixture(seed: 1)
        fixture.server.memberLimit = 100
        fixture.server.connectionLimit = 200
        for number in 1...105 {
            fixture.join(ChannelUser(channel, "m\(number)"))
            fixture.pass(.seconds(3))
        }
        // The gateway itself is the hundredth member.
        #expect(fixture.server.members(of: channel).count == 100)
        #expect(fixture.pool.observedCount == 6)
        #expect(fixture.pool.connectionCount == 99)
        let full = DelegatePool.Refusal.subscription(status: 4100, message: "full")
        #expect(fixture.notes == ["\(full)"])
        // A user without membership receives events, and its events are received.
        fixture.send("here", by: ChannelUser(channel, "m105"))
        fixture.send("there", by: ChannelUser(channel, "m1"))
        fixture.pass(.seconds(10))
        for listener in fixture.listeners { fixture.judge(listener) }
        #expect(fixture.coverage.pairs == 2 * 104)
        #expect(fixture.coverage.sentAsGateway == 1)
        // Two leave, and two of the refused users are members after the next attempt.
        fixture.leave(0)
        fixture.leave(0)
        fixture.pass(
            PresenceTracker.streamGrace + DelegatePool.backoff.longest + PresenceFixture.joinBound)
        #expect(fixture.server.members(of: channel).count == 100)
        #expect(fixture.pool.observedCount == 4)
        #expect(fixture.notes.count == 1)
        #expect(fixture.faults == [])
    }
}

extension PresenceFixture {
    /// Runs random steps, then lets the system settle; returns the faults.
    mutating func live() -> [String] {
        for _ in 0..<800 where faults.isEmpty { step() }
        guard faults.isEmpty else { return faults }
        rest()
        return allFaults
    }

    /// Lifts the limits and lets time pass without any further join, leave or cut.
    private mutating func rest() {
        server.memberLimit = 100
        server.connectionLimit = 100
        pass(.seconds(60))
        pass(.seconds(1440), skips: true)
        for listener in listeners { judge(listener) }
    }

    /// The faults after settling.
    private var allFaults: [String] {
        var all = faults
        if pool.connectionCount != pool.need {
            all.append("\(pool.connectionCount) connections for \(pool.need)")
        }
        if pool.observedCount > 0 { all.append("\(pool.observedCount) users are only observed") }
        if fallbacks.count > 0 { all.append("\(fallbacks.count) users count as refused") }
        for channel in Self.channels {
            let readers = Set(listeners.filter { $0.channel == channel }.map(\.userID))
            let remote = Set(remotes.filter { $0.channel == channel }.map(\.userID))
            let present = readers.union(remote)
            let atServer = server.members(of: channel).subtracting(["passerelle"])
            let atHub = Set((hub.channel(channel)?.members.list ?? []).map(\.userID))
            if atServer != present { all.append("\(channel): \(atServer) for \(present)") }
            if atHub != present { all.append("\(channel): the hub has \(atHub) for \(present)") }
            for userID in readers where pool.liveConnection(of: ChannelUser(channel, userID)) == nil
            {
                all.append("\(userID) is on no connection")
            }
            for listener in listeners where listener.channel == channel {
                if listener.members != present { all.append("a reader has other members") }
            }
        }
        return all
    }
}
