// SPDX-License-Identifier: MIT

/// The state of a hub, assembled from the pieces of `Hub.handOver`.
package struct HandedOverHub {
    struct Channel {
        let name: String
        let subscription: PasserelleHub.Channel.Subscription
        let horizon: PasserelleHub.Channel.Horizon
        let wasSubscribed: Bool
        let hasFormerMembers: Bool
        let unread: Duration
        let members: [Member]
        let numbers: SequenceNumbers?
        var events: [Event] = []
    }

    private let now: Moment
    private(set) var epochs: EpochHistory?
    private(set) var sequence: UInt64 = 0
    /// When the other process stopped.
    package private(set) var time: WallTime
    private(set) var channels: [Channel] = []
    private(set) var seen: [(channel: String, SeenMember)] = []

    /// Begins; `now` determines the age of entries.
    package init(now: Moment) {
        self.now = now
        time = now.wall
    }

    /// True once the first piece was taken.
    package var isUsable: Bool { epochs != nil }

    /// Takes the next piece; returns `false` if it is none.
    package mutating func take(_ piece: [UInt8]) -> Bool {
        let bytes = piece.span
        var cursor = JournalCursor(at: 1, end: bytes.count)
        guard let kind = piece.first.flatMap(HubPiece.init(rawValue:)) else { return false }
        guard (kind == .head) == (epochs == nil) else { return false }
        switch kind {
        case .head: return takeHead(bytes, &cursor)
        case .channel: return takeChannel(bytes, &cursor)
        case .entries: return takeEntries(bytes, &cursor)
        case .seen:
            return forEachRecord(bytes, from: cursor.at) { record in
                guard case .member(let channel, let member) = record else { return false }
                seen.append((channel, member))
                return true
            }
        }
    }

    private mutating func takeHead(_ bytes: Span<UInt8>, _ cursor: inout JournalCursor) -> Bool {
        let record = cursor.run(bytes).flatMap(JournalRecord.decode)
        sequence = cursor.sequence(bytes)
        guard case .beginning(let epochs, _)? = record, let time = cursor.time(bytes),
            !cursor.hasFailed
        else { return false }
        self.time = time
        self.epochs = epochs
        return sequence >= epochs.beginning
    }

    private mutating func takeChannel(
        _ bytes: Span<UInt8>, _ cursor: inout JournalCursor
    ) -> Bool {
        guard let name = cursor.text(bytes),
            let subscription = PasserelleHub.Channel.Subscription(bytes, &cursor)
        else { return false }
        let through = cursor.sequence(bytes)
        guard let reason = GapReason(code: cursor.byte(bytes)), through <= sequence else {
            return false
        }
        var horizon = PasserelleHub.Channel.Horizon(sequence: through, reason: reason)
        horizon.since = cursor.time(bytes)
        horizon.until = cursor.time(bytes)
        let wasSubscribed = cursor.byte(bytes) == 1
        let hasFormerMembers = cursor.byte(bytes) == 1
        let unread = Int64(min(cursor.number64(bytes), 1 << 50))
        var members: [Member] = []
        for _ in 0..<cursor.number32(bytes) {
            guard let member = cursor.member(bytes) else { return false }
            members.append(member)
        }
        let hasNumbers = cursor.byte(bytes) == 1
        let numbers = hasNumbers ? SequenceNumbers(bytes, &cursor, now: now.steady) : nil
        channels.append(
            Channel(
                name: name, subscription: subscription, horizon: horizon,
                wasSubscribed: wasSubscribed, hasFormerMembers: hasFormerMembers,
                unread: .milliseconds(unread), members: members, numbers: numbers))
        return !cursor.hasFailed && cursor.at == cursor.end
    }

    private mutating func takeEntries(
        _ bytes: Span<UInt8>, _ cursor: inout JournalCursor
    ) -> Bool {
        guard let name = cursor.text(bytes), channels.last?.name == name else { return false }
        let isEphemeral = cursor.byte(bytes) == 1
        var newest: UInt64 = 0
        return forEachRecord(bytes, from: cursor.at) { record in
            guard case .event(let entry) = record, entry.channel == name,
                entry.sequence > newest, entry.sequence <= sequence
            else { return false }
            newest = entry.sequence
            let age = max(0, now.wall.milliseconds &- entry.time.milliseconds)
            let event = Event(
                sequence: entry.sequence,
                at: Moment(
                    steady: now.steady - .milliseconds(min(age, 1 << 50)), wall: entry.time),
                channel: name, content: entry.content, key: entry.key)
            guard event.isEphemeral == isEphemeral else { return false }
            channels[channels.count - 1].events.append(event)
            return true
        }
    }

    /// Calls `body` with each record; returns `false` if the bytes are not records, or `body` does.
    private func forEachRecord(
        _ bytes: Span<UInt8>, from start: Int, _ body: (JournalRecord) -> Bool
    ) -> Bool {
        var at = start
        while at < bytes.count {
            guard case .record(let record, let count) = JournalRecord.find(bytes, at: at),
                body(record)
            else { return false }
            at += count
        }
        return true
    }
}

extension Hub {
    /// Creates a hub that continues the epoch of a process that ends; returns `nil` if the state is
    /// not usable.
    ///
    /// A channel that was subscribed there counts as subscribed: the caller must have subscribed it
    /// before. All others that were wanted are demanded.
    package convenience init?(
        takingOver state: HandedOverHub, configuration: HubConfiguration, at now: Moment
    ) {
        guard let epochs = state.epochs else { return nil }
        self.init(epochs: epochs, configuration: configuration, at: now)
        sequence = state.sequence
        for (channel, member) in state.seen { seenMembers.observe(member, on: channel) }
        for channel in state.channels { takeOver(channel, at: now) }
        evictForMemory(at: now)
    }

    private func takeOver(_ state: HandedOverHub.Channel, at now: Moment) {
        let channel = channel(named: state.name, now: now.steady)
        channel.subscription = state.subscription
        channel.horizon = state.horizon
        channel.wasSubscribed = state.wasSubscribed
        channel.hasFormerMembers = state.hasFormerMembers
        channel.lastRead = now.steady - state.unread
        numbers[state.name] = state.numbers
        for event in state.events {
            if event.isEphemeral {
                channel.ephemeralEvents.append(event)
            } else {
                channel.log.append(event)
            }
            if let key = event.key { channel.keys.add(key, at: event.sequence) }
        }
        logBytes += channel.log.bytes + channel.ephemeralEvents.bytes
        setMembers(bounded(state.members, on: channel), of: channel)
        evict(channel, now: now.steady)
        switch channel.subscription {
        case .idle where channel.isPinned: want(channel)
        case .idle, .live: break
        case .pending, .away, .refused: demands.append(.subscribe(channel.name))
        }
    }

    /// The channels that are subscribed.
    package var liveChannels: [String] { channels.values.filter(\.isLive).map(\.name) }

    /// Records that a channel which was subscribed before the take-over is not subscribed here.
    package func isAway(_ name: String, at now: Moment) {
        guard let channel = channels[name], channel.isLive else { return }
        channel.subscription = .away(since: now.wall)
        demands.append(.subscribe(name))
    }
}
