// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

@testable import PasserelleUpstream

/// Thousands of random joins, leaves, polls, cuts, limits and client events, and what stays true.
struct PresenceSimulationTests {
    @Test(arguments: 0..<8)
    func `whatever happens, who is present is a member, once, and on no more than it takes`(
        round: Int
    ) {
        for _ in 0..<4 {
            let seed = UInt64.random(in: 0..<1_000_000_000)
            var world = PresenceWorld(seed: seed)
            for _ in 0..<800 {
                world.step()
                if !world.faults.isEmpty { break }
            }
            world.rest()
            #expect(world.allFaults == [], "seed \(seed)")
        }
    }
}

extension PresenceWorld {
    /// Nobody comes, goes or is cut off any more, there is room for all, and time passes.
    mutating func rest() {
        server.memberLimit = 100
        server.connectionLimit = 100
        pass(.seconds(1500))
    }

    /// What is wrong when all rests.
    var allFaults: [String] {
        var all = faults + listeners.flatMap(\.faults)
        if pool.connectionCount != pool.need {
            all.append("\(pool.connectionCount) connections for \(pool.need)")
        }
        if pool.observedCount > 0 { all.append("\(pool.observedCount) are observed") }
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
        return all + eventFaults
    }

    private var eventFaults: [String] {
        var all: [String] = []
        for (number, event) in sent.enumerated() {
            for listener in event.listeners {
                let count = listener.heard[number, default: 0]
                if count > 1 { all.append("event \(number) was heard \(count) times") }
                let stayed = listeners.contains { $0 === listener }
                if count == 0, stayed, !event.isDropped {
                    all.append("event \(number) was not heard")
                }
            }
        }
        return all
    }
}
