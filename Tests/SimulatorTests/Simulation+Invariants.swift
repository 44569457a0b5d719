// SPDX-License-Identifier: MIT

import PasserelleHub

/// The invariants that must hold at every step, for every reader.
extension Simulation {
    func require(_ condition: Bool, _ words: @autoclosure () -> String) throws(Violation) {
        guard condition else { throw Violation(description: words()) }
    }

    /// Delivers an entry to a reader.
    func received(_ entry: Entry, to reader: SimulatedReader) throws(Violation) {
        switch entry {
        case .snapshot(let channel):
            reader.knowledge[channel.name]?.members = Set(channel.members.list.map(\.userID))
            try require(
                reader.knowledge[channel.name] != nil, "a snapshot came before its channel was due")
        case .refusal: break
        case .gap(let channel, let gap):
            tally.gaps[gap.reason, default: 0] += 1
            if gap.reason == .evicted, mutation == .forgetEviction { return }
            // The gap covers all entries that are not held, at any position of the reader.
            receivedGap(on: channel, at: channel.horizon.sequence, to: reader)
        case .event(let event): try received(event, to: reader)
        }
    }

    private func receivedGap(on channel: Channel, at sequence: UInt64, to reader: SimulatedReader) {
        let covered = coverage[channel.name]?.through(sequence) ?? 0
        guard var known = reader.knowledge[channel.name] else { return }
        // After an unknown position all held entries are delivered, even if they were delivered
        // before.
        known.settled = known.needsGap ? covered : max(known.settled, covered)
        if known.needsGap { known.received = 0 }
        known.needsGap = false
        // A poll with a gap includes the members.
        if reader.polls { known.members = Set(channel.members.list.map(\.userID)) }
        reader.knowledge[channel.name] = known
    }

    private func received(_ event: Event, to reader: SimulatedReader) throws(Violation) {
        switch event.content {
        case .gap(let gap):
            tally.gaps[gap.reason, default: 0] += 1
            guard let channel = hub.channel(event.channel) else { return }
            receivedGap(on: channel, at: event.sequence, to: reader)
        case .memberAdded(let member):
            reader.knowledge[event.channel]?.members?.insert(member.userID)
        case .memberRemoved(let userID):
            reader.knowledge[event.channel]?.members?.remove(userID)
        case .message("new-message", let data, _):
            try receivedMessage(Self.number(data), on: event.channel, to: reader)
        case .message, .refused: break
        case .tombstone: throw Violation(description: "\(reader.name) received a tombstone")
        }
    }

    private func receivedMessage(
        _ number: Int, on channel: String, to reader: SimulatedReader
    ) throws(Violation) {
        guard var known = reader.knowledge[channel] else {
            throw Violation(description: "\(reader.name) received \(channel) before it was due")
        }
        try require(!retracted.contains(number), "\(reader.name) received \(number), now deleted")
        try require(
            !known.needsGap,
            "\(reader.name) received \(number) on \(channel) before the gap of its position")
        if !known.isOpen {
            // A message covered by a gap may still come, if a restart restores more than was held
            // before.
            try require(
                number > known.received,
                "\(reader.name) received \(number) on \(channel) after \(known.received)")
            let missed = due(on: channel, after: known.settled, before: number)
            try require(
                missed.isEmpty, "\(reader.name) never received \(missed) on \(channel)")
        }
        known.isOpen = false
        known.received = number
        known.settled = max(known.settled, number)
        reader.knowledge[channel] = known
    }

    /// Returns the messages between two others that are not deleted.
    private func due(on channel: String, after last: Int, before next: Int) -> [Int] {
        published[channel, default: []].filter { $0 > last && $0 < next && !deleted.contains($0) }
    }

    /// Checks that a reader of a subscribed channel has every message or a gap, and the right
    /// members.
    func checkComplete(_ reader: SimulatedReader) throws(Violation) {
        for channel in reader.channels where hub.channel(channel)?.isLive == true {
            guard let known = reader.knowledge[channel] else {
                throw Violation(description: "\(reader.name) received nothing on \(channel)")
            }
            try require(
                !known.needsGap,
                "\(reader.name) received no gap for its unknown position on \(channel)")
            let missed = known.isOpen ? [] : due(on: channel, after: known.settled, before: .max)
            try require(missed.isEmpty, "at the end \(reader.name) lacks \(missed) on \(channel)")
            guard let members = known.members else { continue }
            let present = server.present(on: channel)
            try require(
                members == present,
                "at the end \(reader.name) sees \(members.sorted()) on \(channel), not "
                    + "\(present.sorted())")
        }
    }
}
