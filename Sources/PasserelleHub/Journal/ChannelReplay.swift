// SPDX-License-Identifier: MIT

/// The state of one channel, assembled from its records.
final class ChannelReplay {
    private struct Entry {
        let event: Event
        let previous: UInt64
    }

    let name: String
    /// The last retracted sequence number of each key.
    private var retractions: [ByteKey: UInt64] = [:]
    private var entries: [Entry] = []
    private var cost = 0
    private var isSorted = true
    private var horizon: Channel.Horizon?
    private var silence: WallTime?
    private var holes = 0

    init(name: String) {
        self.name = name
    }

    func setState(_ horizon: Channel.Horizon, silence: WallTime?, holes: Int) {
        if horizon.sequence >= self.horizon?.sequence ?? 0 { self.horizon = horizon }
        self.silence = silence
        self.holes = holes
    }

    func retracted(_ key: String, through sequence: UInt64) {
        let key = ByteKey(key)
        retractions[key] = max(retractions[key] ?? 0, sequence)
    }

    func subscriptionEnded(_ since: WallTime) {
        if silence == nil { silence = since }
    }

    func append(_ event: Event, previous: UInt64, holes: Int, limits: LogLimits) {
        if let last = entries.last, last.event.sequence >= event.sequence { isSorted = false }
        entries.append(Entry(event: event, previous: previous))
        cost += event.cost
        self.holes = holes
        if entries.count > 2 * limits.events + 1024 || cost > 2 * limits.bytes + 1_048_576 {
            trim(limits)
        }
    }

    /// Returns the channel for a hub, or `nil` if there is no state to restore.
    func finish(
        _ limits: LogLimits, alive: WallTime?, now: Moment, holes: Int
    ) -> RestoredState.Channel? {
        let hasOtherRecords =
            horizon != nil
            || entries.contains { if case .refused = $0.event.content { false } else { true } }
        trim(limits)
        if let previous = entries.first?.previous, previous > horizon?.sequence ?? 0 {
            horizon = Channel.Horizon(sequence: previous, reason: .evicted)
        }
        retract()
        let events = withGaps(now)
        // If an entry's predecessor is missing, the record of a subscription may be lost too.
        let wasSubscribed =
            hasOtherRecords || events.contains { if case .gap = $0.content { true } else { false } }
        let before = horizon ?? Channel.Horizon(sequence: 0, reason: .idle)
        guard wasSubscribed || !entries.isEmpty else { return nil }
        let since = silence ?? alive
        // If a record was lost since, it may have been one of this channel.
        let isSure = holes == self.holes
        let known = entries.last?.event.time
        return RestoredState.Channel(
            name: name, wasSubscribed: wasSubscribed, horizon: before, events: events,
            since: isSure ? since : known.map { min($0, since ?? $0) })
    }

    /// Retracts messages in one pass over the entries, for any number of retractions.
    private func retract() {
        guard !retractions.isEmpty else { return }
        for entry in entries {
            guard let key = entry.event.key, let through = retractions[ByteKey(key)] else {
                continue
            }
            if entry.event.sequence <= through { entry.event.retract() }
        }
    }

    /// Sorts the entries, removes duplicates, and drops entries beyond the limits.
    private func trim(_ limits: LogLimits) {
        if !isSorted { sort() }
        isSorted = true
        var first = 0
        let horizon = horizon?.sequence ?? 0
        while first < entries.count {
            let isOver = entries.count - first > limits.events || cost > limits.bytes
            guard isOver || entries[first].event.sequence <= horizon else { break }
            cost -= entries[first].event.cost
            if isOver {
                let sequence = entries[first].event.sequence
                self.horizon = Channel.Horizon(sequence: sequence, reason: .evicted)
            }
            first += 1
        }
        entries.removeFirst(first)
    }

    private func sort() {
        entries.sort { $0.event.sequence < $1.event.sequence }
        var kept: [Entry] = []
        kept.reserveCapacity(entries.count)
        cost = 0
        for entry in entries {
            if let last = kept.last, last.event.sequence == entry.event.sequence {
                if entry.event.content == .tombstone { kept[kept.count - 1] = entry }
            } else {
                kept.append(entry)
            }
        }
        entries = kept
        cost = kept.reduce(0) { $0 + $1.event.cost }
    }

    /// Returns the entries, with a gap before each that has a missing predecessor.
    private func withGaps(_ now: Moment) -> [Event] {
        var events: [Event] = []
        events.reserveCapacity(entries.count)
        for entry in entries {
            if let last = events.last, entry.previous > last.sequence {
                let gap = Gap(.restart, since: last.time, until: entry.event.time)
                events.append(
                    Event(
                        sequence: entry.previous,
                        at: Moment(steady: entry.event.receivedAt, wall: entry.event.time),
                        channel: name, content: .gap(gap)))
            }
            events.append(entry.event)
        }
        return events
    }
}
