// SPDX-License-Identifier: MIT

/// Assembles the state from a journal's records, which may be in any order.
struct JournalReplay {
    private let limits: LogLimits
    private let now: Moment
    private var epochs: EpochHistory?
    private var sequence: UInt64 = 0
    private var time: WallTime?
    private var channels: [String: ChannelReplay] = [:]
    private var seenMembers = SeenMembers()
    private var segment = 0
    private var hasBeginning = false
    /// The number of places so far at which records may be missing.
    private var holes = 0

    init(limits: LogLimits, now: Moment) {
        self.limits = limits
        self.now = now
    }

    /// Begins a segment, to which the next records belong.
    mutating func segmentBegan(_ number: Int) {
        segment = number
        hasBeginning = false
    }

    /// Marks a place at which records may be missing.
    mutating func recordDamage() {
        holes += 1
    }

    /// Applies the next record.
    mutating func take(_ record: JournalRecord) {
        if case .beginning(let line, let followsGap) = record {
            hasBeginning = true
            epochs = line
            observe(line.beginning, nil)
            if followsGap { recordDamage() }
            return
        }
        if !hasBeginning { beginUnknownEpoch() }
        switch record {
        case .beginning: break
        case .event(let event): take(event)
        case .channel(let name, let horizon, let silence, let time):
            observe(horizon.sequence, time)
            channel(name).setState(horizon, silence: silence, holes: holes)
        case .silence(let since):
            observe(0, since)
            for channel in channels.values { channel.subscriptionEnded(since) }
        case .retraction(let retraction):
            observe(retraction.through, nil)
            channel(retraction.channel).retracted(retraction.key, through: retraction.through)
        case .member(let name, let seen):
            observe(0, seen.time)
            seenMembers.observe(seen, on: name)
        case .mark(let sequence, let time): observe(sequence, time)
        }
    }

    /// True if the sequence numbers are too great to continue, so that a new log must begin.
    var isExhausted: Bool { sequence > JournalRecord.greatestContinued }

    /// Returns the state for a hub; if it `isExhausted`, only the time and the members.
    mutating func finish() -> RestoredState {
        seenMembers.expire(at: now.wall)
        if isExhausted {
            return RestoredState(
                epochs: nil, sequence: 0, time: time, channels: [], seenMembers: seenMembers)
        }
        let restored = channels.values.map {
            $0.finish(limits, alive: time, now: now, holes: holes)
        }
        return RestoredState(
            epochs: epochs, sequence: sequence, time: time, channels: restored.compactMap(\.self),
            seenMembers: seenMembers)
    }

    private mutating func take(_ event: JournalEvent) {
        observe(event.sequence, event.time)
        let age = max(0, now.wall.milliseconds &- event.time.milliseconds)
        let moment = Moment(
            steady: now.steady - .milliseconds(min(age, 1 << 50)), wall: event.time)
        channel(event.channel).append(
            Event(
                sequence: event.sequence, at: moment, channel: event.channel,
                content: event.content, key: event.key),
            previous: event.previous, holes: holes, limits: limits)
    }

    private mutating func observe(_ sequence: UInt64, _ time: WallTime?) {
        self.sequence = max(self.sequence, sequence)
        if let time { self.time = max(self.time ?? time, time) }
    }

    private mutating func channel(_ name: String) -> ChannelReplay {
        if let channel = channels[name] { return channel }
        let channel = ChannelReplay(name: name)
        channels[name] = channel
        return channel
    }

    /// Ends the epoch before a segment with an unreadable beginning.
    ///
    /// The segment's own epoch cannot be known. Positions of it will be unknown, and readers with
    /// such a position receive a gap.
    private mutating func beginUnknownEpoch() {
        hasBeginning = true
        let nameless = max(EpochHistory.firstNameless, .max - UInt64(clamping: segment))
        epochs = epochs?.continued(by: nameless, after: sequence) ?? EpochHistory(nameless)
    }
}
