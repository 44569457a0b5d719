// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleUpstream

/// Restarts of the gateway, from the bytes that are on the disk.
extension Simulation {
    /// Ends the gateway, and starts it again from the bytes that are then on the disk.
    func restart(_ ending: Ending, seed: UInt64) throws(Violation) {
        var random = SeededRandom(seed: seed)
        server.lost()
        for reader in readers { detach(reader) }
        journalWriter.end(ending, hub: hub, random: &random, at: now)
        let past = held()
        tally.count(hub.counters)
        let life = (sequence: hub.sequence, synced: journalWriter.journal.syncedSequence)
        // The steady clock restarts with the machine.
        if ending == .lostPower { steady = .seconds(Int.random(in: 0...2000, using: &random)) }
        let isKept = ending != .damaged && ending != .lostState
        if !isKept { begun = [] }
        try begin(after: ending, random: &random)
        if isKept { try checkKept(past, through: life.synced) }
        if hub.sequence < life.sequence { tally.lostTails += 1 }
        for channel in coverage.keys { coverage[channel]?.cut(to: hub.epochs.beginning) }
        places = places.filter { $0.value <= hub.epochs.beginning }
        retracted = ending == .lostState ? [] : erased
        try checkRetractions()
    }

    private func begin(after ending: Ending, random: inout SeededRandom) throws(Violation) {
        let found: JournalRecovery.Result
        do throws(JournalError) {
            found = try journalWriter.recovered(Self.configuration.log, at: now)
        } catch {
            throw Violation(description: "the journal was rejected as newer: \(error)")
        }
        tally.lives[ending, default: 0] += 1
        if found.torn > 0 { tally.tornTails += 1 }
        if found.damaged > 0 { tally.damagedMiddles += 1 }
        if ending == .damaged { isDamaged = true }
        if ending == .lostState { isDamaged = false }
        try require(isDamaged || found.damaged == 0, "damage was found in an undamaged journal")
        hub = Hub(
            restoring: found.past, epoch: hub.epochs.current + 1,
            configuration: Self.configuration, at: now)
        journalWriter.proceed(after: found, hub: hub, random: &random, at: now)
        noteBeginning()
        session = UpstreamSession { 0.5 }
        perform(session.started(now: steady))
    }

    /// Returns the readable entries of each channel, without gaps, which can take another form
    /// later.
    private func held() -> [String: [Event]] {
        hub.channels.mapValues { channel in
            (0..<channel.log.count).map { channel.log[$0] }.filter { event in
                if case .gap = event.content { return false }
                return event.sequence > channel.horizon.sequence
            }
        }
    }

    /// Checks that acknowledged entries are restored, unless they are too old.
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

    /// True for an entry that the new run evicted because of the memory limit, which leaves a gap.
    private func isOverMemory(_ name: String, _ sequence: UInt64) -> Bool {
        guard hub.counters.evictedByMemory > 0, let horizon = hub.channel(name)?.horizon else {
            return false
        }
        return horizon.reason == .evicted && sequence <= horizon.sequence
    }

    /// Checks that no file has a message that was retracted for good.
    func checkRetractions() throws(Violation) {
        let left = journalWriter.disk.texts.intersection(erased)
        try require(left.isEmpty, "the disk has \(left.sorted()), which were retracted")
    }
}
