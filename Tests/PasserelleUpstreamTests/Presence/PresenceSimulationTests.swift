// SPDX-License-Identifier: MIT

import Glibc
import PasserelleHub
import Testing

@testable import PasserelleUpstream

/// Thousands of random joins, leaves, polls, cuts, limits and client events, and what stays true.
struct PresenceSimulationTests {
    /// How many worlds each of the eight rounds has.
    private static let worlds =
        getenv("PASSERELLE_PRESENCE_WORLDS").flatMap { Int(String(cString: $0)) } ?? 4

    @Test(arguments: 0..<8)
    func `whatever happens, who is present is a member, once, and on no more than it takes`(
        round: Int
    ) {
        var coverage = PresenceCoverage()
        for index in 0..<Self.worlds {
            let seed = UInt64(round * Self.worlds + index)
            var world = PresenceWorld(seed: seed)
            #expect(world.live() == [], "seed \(seed)")
            coverage += world.coverage
        }
        #expect(coverage.gaps == [])
    }

    @Test(arguments: PresenceMutation.allCases)
    func `a fault that is put in on purpose is found`(mutation: PresenceMutation) {
        for seed in UInt64(0)..<5 {
            var world = PresenceWorld(seed: seed, mutation: mutation)
            if !world.live().isEmpty { return }
        }
        Issue.record("five worlds did not show the fault \(mutation)")
    }
}

extension PresenceSimulationTests {
    @Test func `where a channel has its hundred members, who comes then reads, and is one later`() {
        let channel = PresenceWorld.channels[0]
        var world = PresenceWorld(seed: 1)
        world.server.memberLimit = 100
        world.server.connectionLimit = 200
        for number in 1...105 {
            world.join(Attendee(channel, "m\(number)"))
            world.pass(.seconds(3))
        }
        // The gateway itself is the hundredth.
        #expect(world.server.members(of: channel).count == 100)
        #expect(world.pool.observedCount == 6)
        #expect(world.pool.connectionCount == 99)
        let full = DelegatePool.Refusal.subscription(status: 4100, message: "full")
        #expect(world.notes == ["\(full)"])
        // Who is no member hears, and is heard.
        world.say("here", by: Attendee(channel, "m105"))
        world.say("there", by: Attendee(channel, "m1"))
        world.pass(.seconds(10))
        for listener in world.listeners { world.judge(listener) }
        #expect(world.coverage.pairs == 2 * 104)
        #expect(world.coverage.sentAsGateway == 1)
        // Two leave, and two of those who wait are members by the next attempt.
        world.leave(0)
        world.leave(0)
        world.pass(Attendance.streamGrace + DelegatePool.longestRetry + PresenceWorld.joinBound)
        #expect(world.server.members(of: channel).count == 100)
        #expect(world.pool.observedCount == 4)
        #expect(world.notes.count == 1)
        #expect(world.faults == [])
    }
}

extension PresenceWorld {
    /// Has the world live for a while and come to rest; gives what is wrong.
    mutating func live() -> [String] {
        for _ in 0..<800 where faults.isEmpty { step() }
        guard faults.isEmpty else { return faults }
        rest()
        return allFaults
    }

    /// Nobody comes, goes or is cut off any more, there is room for all, and time passes.
    private mutating func rest() {
        server.memberLimit = 100
        server.connectionLimit = 100
        pass(.seconds(60))
        pass(.seconds(1440), skips: true)
        for listener in listeners { judge(listener) }
    }

    /// What is wrong when all rests.
    private var allFaults: [String] {
        var all = faults
        if pool.connectionCount != pool.need {
            all.append("\(pool.connectionCount) connections for \(pool.need)")
        }
        if pool.observedCount > 0 { all.append("\(pool.observedCount) are observed") }
        if fallbacks.count > 0 { all.append("\(fallbacks.count) are said to be refused") }
        for channel in Self.channels {
            let readers = Set(listeners.filter { $0.channel == channel }.map(\.userID))
            let remote = Set(remotes.filter { $0.channel == channel }.map(\.userID))
            let present = readers.union(remote)
            let atServer = server.members(of: channel).subtracting(["passerelle"])
            let atHub = Set((hub.channel(channel)?.members.list ?? []).map(\.userID))
            if atServer != present { all.append("\(channel): \(atServer) for \(present)") }
            if atHub != present { all.append("\(channel): the hub has \(atHub) for \(present)") }
            for userID in readers where pool.liveConnection(of: Attendee(channel, userID)) == nil {
                all.append("\(userID) is on no connection")
            }
            for listener in listeners where listener.channel == channel {
                if listener.members != present { all.append("a reader has other members") }
            }
        }
        return all
    }
}
