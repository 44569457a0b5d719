// SPDX-License-Identifier: MIT

import PasserelleHub

/// What must hold at every step, for every reader.
extension Simulation {
    func require(_ condition: Bool, _ words: @autoclosure () -> String) throws(Violation) {
        guard condition else { throw Violation(description: words()) }
    }

    /// A reader is told an entry.
    func told(_ entry: Entry, to reader: SimulatedReader) throws(Violation) {
        switch entry {
        case .snapshot(let channel):
            reader.knowledge[channel.name]?.members = Set(channel.members.list.map(\.userID))
            try require(
                reader.knowledge[channel.name] != nil, "a snapshot came before its channel did")
        case .refusal: break
        case .gap(let channel, let gap):
            tally.gaps[gap.reason, default: 0] += 1
            if gap.reason == .evicted, mutation == .forgetEviction { return }
            // It speaks for all that is not held any more, wherever the reader stands.
            toldGap(on: channel, at: channel.horizon.sequence, to: reader)
        case .event(let event): try told(event, to: reader)
        }
    }

    private func toldGap(on channel: Channel, at sequence: UInt64, to reader: SimulatedReader) {
        let covered = coverage[channel.name]?.through(sequence) ?? 0
        guard var known = reader.knowledge[channel.name] else { return }
        // Behind an unknown position all that is held is told, whether it was before or not.
        known.settled = known.isOwedGap ? covered : max(known.settled, covered)
        if known.isOwedGap { known.told = 0 }
        known.isOwedGap = false
        // A poll that tells a gap carries the members.
        if reader.polls { known.members = Set(channel.members.list.map(\.userID)) }
        reader.knowledge[channel.name] = known
    }

    private func told(_ event: Event, to reader: SimulatedReader) throws(Violation) {
        switch event.content {
        case .gap(let gap):
            tally.gaps[gap.reason, default: 0] += 1
            guard let channel = hub.channel(event.channel) else { return }
            toldGap(on: channel, at: event.sequence, to: reader)
        case .memberAdded(let member):
            reader.knowledge[event.channel]?.members?.insert(member.userID)
        case .memberRemoved(let userID):
            reader.knowledge[event.channel]?.members?.remove(userID)
        case .message("new-message", let data, _):
            try toldMessage(Self.number(data), on: event.channel, to: reader)
        case .message, .refused: break
        case .tombstone: throw Violation(description: "\(reader.name) is told a tombstone")
        }
    }

    private func toldMessage(
        _ number: Int, on channel: String, to reader: SimulatedReader
    ) throws(Violation) {
        guard var known = reader.knowledge[channel] else {
            throw Violation(description: "\(reader.name) hears \(channel) before it is due")
        }
        try require(!retracted.contains(number), "\(reader.name) is told \(number), now deleted")
        try require(
            !known.isOwedGap,
            "\(reader.name) is told \(number) on \(channel) before the gap of its position")
        if !known.isOpen {
            // What a gap has covered may yet come, where a restart holds more than was held before.
            try require(
                number > known.told,
                "\(reader.name) is told \(number) on \(channel) behind \(known.told)")
            let missed = due(on: channel, after: known.settled, before: number)
            try require(
                missed.isEmpty, "\(reader.name) never heard \(missed) on \(channel)")
        }
        known.isOpen = false
        known.told = number
        known.settled = max(known.settled, number)
        reader.knowledge[channel] = known
    }

    /// Messages that nobody has taken back, between two others.
    private func due(on channel: String, after last: Int, before next: Int) -> [Int] {
        said[channel, default: []].filter { $0 > last && $0 < next && !deleted.contains($0) }
    }

    /// Once all is quiet, a reader of a live channel has everything or was told of a gap, and knows
    /// who is there.
    func checkComplete(_ reader: SimulatedReader) throws(Violation) {
        for channel in reader.channels where hub.channel(channel)?.isLive == true {
            guard let known = reader.knowledge[channel] else {
                throw Violation(description: "\(reader.name) never began to hear \(channel)")
            }
            try require(
                !known.isOwedGap,
                "\(reader.name) was never told on \(channel) that its position is unknown")
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
