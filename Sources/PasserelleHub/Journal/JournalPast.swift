// SPDX-License-Identifier: MIT

/// Puts together what the records of a journal say, whatever their order.
struct JournalPast {
    private let limits: LogLimits
    private let now: Moment
    private var epochs: EpochLine?
    private var sequence: UInt64 = 0
    private var time: WallTime?
    private var channels: [String: ChannelPast] = [:]
    private var latest: ChannelPast?
    private var seenMembers = SeenMembers()
    private var segment = 0
    private var hasBeginning = false
    /// How often something may have been lost so far.
    private var holes = 0

    init(limits: LogLimits, now: Moment) {
        self.limits = limits
        self.now = now
    }

    /// Notes which segment the next records are of.
    mutating func segmentBegan(_ number: Int) {
        segment = number
        hasBeginning = false
    }

    /// Notes that records may be missing here.
    mutating func damageCame() {
        holes += 1
    }

    /// Takes the next record.
    mutating func take(_ record: JournalRecord) {
        if case .beginning(let line, let followsHole) = record {
            hasBeginning = true
            epochs = line
            saw(line.beginning, nil)
            if followsHole { damageCame() }
            return
        }
        if !hasBeginning { beginUnknownEpoch() }
        switch record {
        case .beginning: break
        case .event(let event): take(event)
        case .channel(let name, let horizon, let silence, let time):
            saw(horizon.sequence, time)
            channel(name).stood(horizon, silence: silence, holes: holes)
        case .silence(let since):
            saw(0, since)
            for channel in channels.values { channel.wentSilent(since) }
        case .retraction(let burial):
            saw(burial.through, nil)
            channel(burial.channel).retracted(burial.key, through: burial.through)
        case .member(let name, let seen):
            saw(0, seen.time)
            seenMembers.saw(seen, on: name)
        case .mark(let sequence, let time): saw(sequence, time)
        }
    }

    /// Gives what a hub begins with.
    mutating func finish() -> RestoredPast {
        seenMembers.expire(at: now.wall)
        let restored = channels.values.map {
            $0.finish(limits, alive: time, now: now, holes: holes)
        }
        return RestoredPast(
            epochs: epochs, sequence: sequence, time: time, channels: restored.compactMap(\.self),
            seenMembers: seenMembers)
    }

    private mutating func take(_ event: JournalEvent) {
        saw(event.sequence, event.time)
        let age = max(0, now.wall.milliseconds &- event.time.milliseconds)
        let moment = Moment(
            steady: now.steady - .milliseconds(min(age, 1 << 50)), wall: event.time)
        channel(event.channel).append(
            Event(
                sequence: event.sequence, at: moment, channel: event.channel,
                content: event.content, key: event.key),
            previous: event.previous, holes: holes, limits: limits)
    }

    private mutating func saw(_ sequence: UInt64, _ time: WallTime?) {
        self.sequence = max(self.sequence, sequence)
        if let time { self.time = max(self.time ?? time, time) }
    }

    private mutating func channel(_ name: String) -> ChannelPast {
        if let latest, latest.name == name { return latest }
        let channel = channels[name] ?? ChannelPast(name: name)
        channels[name] = channel
        latest = channel
        return channel
    }

    /// Closes the epoch before a segment whose beginning cannot be read.
    ///
    /// What it calls itself nobody can know, so positions of it will be unknown or ahead: then they
    /// are told as such.
    private mutating func beginUnknownEpoch() {
        hasBeginning = true
        let nameless = UInt64.max - UInt64(clamping: segment)
        epochs = epochs?.continued(by: nameless, after: sequence) ?? EpochLine(nameless)
    }
}

/// What the records say of one channel.
private final class ChannelPast {
    private struct Entry {
        let event: Event
        let previous: UInt64
    }

    let name: String
    /// Up to which sequence number messages were taken back, by their key.
    private var retractions: [String: UInt64] = [:]
    private var entries: [Entry] = []
    private var cost = 0
    private var isSorted = true
    private var horizon: Channel.Horizon?
    private var silence: WallTime?
    private var holes = 0

    init(name: String) {
        self.name = name
    }

    func stood(_ horizon: Channel.Horizon, silence: WallTime?, holes: Int) {
        if horizon.sequence >= self.horizon?.sequence ?? 0 { self.horizon = horizon }
        self.silence = silence
        self.holes = holes
    }

    func retracted(_ key: String, through sequence: UInt64) {
        retractions[key] = max(retractions[key] ?? 0, sequence)
    }

    func wentSilent(_ since: WallTime) {
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

    /// Gives the channel as a hub takes it over; `nil` where there is nothing to take over.
    func finish(
        _ limits: LogLimits, alive: WallTime?, now: Moment, holes: Int
    ) -> RestoredPast.Channel? {
        let isHeardOf =
            horizon != nil
            || entries.contains { if case .refused = $0.event.content { false } else { true } }
        trim(limits)
        beginWithFirst()
        retract()
        let events = withGaps(now)
        // Where an entry's predecessor is missing, what was lost may be that the channel was heard.
        let wasHeard =
            isHeardOf || events.contains { if case .gap = $0.content { true } else { false } }
        let before = horizon ?? Channel.Horizon(sequence: 0, reason: .idle)
        guard wasHeard || !entries.isEmpty else { return nil }
        let since = silence ?? alive
        // Where something was lost since, it may have been this channel's.
        let isSure = holes == self.holes
        let known = entries.last?.event.time
        return RestoredPast.Channel(
            name: name, wasHeard: wasHeard, horizon: before, events: events,
            since: isSure ? since : known.map { min($0, since ?? $0) })
    }

    /// One pass over the entries, however much was taken back.
    private func retract() {
        guard !retractions.isEmpty else { return }
        for entry in entries {
            guard let key = entry.event.key, let through = retractions[key] else { continue }
            if entry.event.sequence <= through { entry.event.retract() }
        }
    }

    /// Sorts, keeps one copy of each entry, and drops what is over the bounds.
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

    /// Nothing lies before the first entry but what it says lay before it.
    private func beginWithFirst() {
        if let previous = entries.first?.previous, previous > self.horizon?.sequence ?? 0 {
            self.horizon = Channel.Horizon(sequence: previous, reason: .evicted)
        }
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

    /// The entries, with a gap in front of each whose predecessor is missing.
    private func withGaps(_ now: Moment) -> [Event] {
        var events: [Event] = []
        events.reserveCapacity(entries.count)
        for entry in entries {
            if let last = events.last, entry.previous > last.sequence {
                let gap = Gap(.restart, since: last.time, until: entry.event.time)
                events.append(
                    Event(
                        sequence: entry.previous,
                        at: Moment(steady: entry.event.heardAt, wall: entry.event.time),
                        channel: name, content: .gap(gap)))
            }
            events.append(entry.event)
        }
        return events
    }
}
