// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleUpstream

/// From one life of the gateway to the next, by way of what is on the disk.
extension Simulation {
    /// Ends the gateway, and begins it anew from what the disk has then.
    func restart(_ ending: Ending, seed: UInt64) throws(Violation) {
        var random = SeededRandom(seed: seed)
        server.lost()
        for reader in readers { detach(reader) }
        scribe.end(ending, hub: hub, random: &random, at: now)
        let past = held()
        tally.count(hub.counters)
        let life = (
            epoch: hub.epochs.current, beginning: hub.epochs.beginning, sequence: hub.sequence,
            synced: scribe.journal.syncedSequence
        )
        // The steady clock begins anew with the machine.
        if ending == .lostPower { steady = .seconds(Int.random(in: 0...2000, using: &random)) }
        try begin(after: ending)
        if ending == .damaged || ending == .forgotten {
            acknowledged = [:]
        } else {
            if life.synced > life.beginning { acknowledged[life.epoch] = life.synced }
            try checkKept(past, through: life.synced)
        }
        if hub.sequence < life.sequence { tally.lostTails += 1 }
        for channel in coverage.keys { coverage[channel]?.cut(to: hub.epochs.beginning) }
        places = places.filter { $0.value <= hub.epochs.beginning }
        retracted = ending == .forgotten ? [] : buried
        try checkBurials()
    }

    private func begin(after ending: Ending) throws(Violation) {
        let found: JournalRecovery.Result
        do throws(JournalError) {
            found = try scribe.recovered(Self.configuration.log, at: now)
        } catch {
            throw Violation(description: "the journal is said to be of a newer version: \(error)")
        }
        tally.lives[ending, default: 0] += 1
        if found.torn > 0 { tally.tornTails += 1 }
        if found.damaged > 0 { tally.damagedMiddles += 1 }
        if ending == .damaged { isDamaged = true }
        if ending == .forgotten { isDamaged = false }
        try require(isDamaged || found.damaged == 0, "damage is found where there is none")
        hub = Hub(
            restoring: found.past, epoch: hub.epochs.current + 1,
            configuration: Self.configuration, at: now)
        scribe.goOn(after: found, hub: hub, at: now)
        session = UpstreamSession { 0.5 }
        obey(session.started(now: steady))
    }

    /// What can be read of each channel now; a gap may be told in another form later.
    private func held() -> [String: [Event]] {
        hub.channels.mapValues { channel in
            (0..<channel.log.count).map { channel.log[$0] }.filter { event in
                if case .gap = event.content { return false }
                return event.sequence > channel.horizon.sequence
            }
        }
    }

    /// What the journal had acknowledged is there again, but for what is too old by now.
    private func checkKept(_ past: [String: [Event]], through synced: UInt64) throws(Violation) {
        try require(hub.sequence >= synced, "\(hub.sequence) is left of \(synced) acknowledged")
        let oldest = now.wall.milliseconds - Self.configuration.log.age.components.seconds * 1000
        let after = held()
        for (channel, events) in past.sorted(by: { $0.key < $1.key }) {
            let kept = Set((after[channel] ?? []).map(\.sequence))
            let missing = events.filter {
                $0.sequence <= synced && !kept.contains($0.sequence)
                    && $0.time.milliseconds >= oldest && !isOverMemory(channel, $0.sequence)
            }
            try require(
                missing.isEmpty,
                "\(channel) lost \(missing.map(\.sequence)) of \(synced) acknowledged")
        }
    }

    /// True for what a new life gave up since all logs together were too large, which it tells.
    private func isOverMemory(_ name: String, _ sequence: UInt64) -> Bool {
        guard hub.counters.evictedByMemory > 0, let horizon = hub.channel(name)?.horizon else {
            return false
        }
        return horizon.reason == .evicted && sequence <= horizon.sequence
    }

    /// What was taken back for good is in no file.
    func checkBurials() throws(Violation) {
        let left = scribe.disk.texts.intersection(buried)
        try require(left.isEmpty, "the disk has \(left.sorted()), which were taken back")
    }
}
