// SPDX-License-Identifier: MIT

/// The events that Upstream reports.
extension Hub {
    /// Handles a confirmed subscription; `members` is `nil` if the channel has no presence.
    ///
    /// A period without subscription becomes one gap entry, and member changes in that period
    /// become entries. If the channel was given up meanwhile, the confirmation is ignored.
    package func subscribed(_ name: String, members: [Member]?, at now: Moment) {
        guard let channel = channels[name], channel.isWanted else { return }
        // If a confirmation is repeated without a list, the members are unchanged.
        if members == nil, channel.isLive { return }
        guard !defers(members, on: channel) else { return }
        let listed = bounded(members ?? [], on: channel)
        let newer = withHeldBack(listed, on: channel, at: now)
        let differences = channel.members.differences(to: newer)
        let wasLive = channel.isLive
        let wasSubscribed = channel.wasSubscribed
        let gap = channel.subscription.gap
        channel.subscription = .live
        channel.wasSubscribed = true
        if wasSubscribed {
            if let gap {
                appendMissing(on: channel, at: now, isComplete: true)
                numbers[name] = nil
                append(.gap(Gap(gap.reason, since: gap.since, until: now.wall)), channel, now)
            }
            if !channel.hasFormerMembers {
                appendChanges(differences, on: channel, at: now, gap: gap)
            }
        } else {
            sequence += 1
            channel.horizon = Channel.Horizon(sequence: sequence, reason: .idle)
        }
        note(.subscribed(name, channel.horizon, at: now.wall))
        for userID in differences.removed {
            recordDeparture(userID, of: channel.name, at: gap?.since ?? now.wall)
        }
        let seen = recordMembers(newer, on: channel, at: now)
        if wasLive {
            listedChanges += max(differences.removed.count + seen, members?.count ?? 0)
        }
        channel.hasFormerMembers = false
        setMembers(newer, of: channel)
        evictForMemory(at: now)
        startFreshReaders(of: channel)
        if !channel.readers.isEmpty { mark(channel) }
    }

    /// Appends an application's event; `data` is one JSON value on one line.
    ///
    /// If an event has a `key`, a later event can retract it with that key in `retracts`. An event
    /// with a name like the gateway's own is renamed. `number` is the application's own, if known.
    package func received(
        _ name: String, event: String, data: [UInt8], userID: String?, key: String? = nil,
        retracts: String? = nil, number: UInt64? = nil, at now: Moment
    ) {
        // If the channel is not subscribed, the gap to come covers the event.
        guard let channel = channels[name], channel.isLive else {
            counters.unrequested += 1
            return
        }
        if let retracts {
            let deletion = Retraction(channel: name, key: retracts, through: sequence)
            note(.retracted(deletion))
            retractions.append(deletion)
            retract(deletion, on: channel)
        }
        if Event.hasOwnPrefix(event) { counters.renamed += 1 }
        let name = Event.applicationName(event)
        append(.message(name: name, data: data, userID: userID), channel, now, key: key)
        guard let number else { return }
        numbers[channel.name, default: SequenceNumbers()].received(number, at: now)
        appendMissing(on: channel, at: now)
    }

    /// Appends a gap if numbers of the application did not arrive in time.
    ///
    /// Set `isComplete` if a gap of another kind follows: numbers that are still awaited are then
    /// missing, too.
    func appendMissing(on channel: Channel, at now: Moment, isComplete: Bool = false) {
        let due = isComplete ? nil : now.steady
        guard let gap = numbers[channel.name]?.takeMissing(at: due) else { return }
        append(.gap(gap), channel, now)
    }

    /// Replaces held messages with the key by tombstones.
    private func retract(_ deletion: Retraction, on channel: Channel) {
        let before = counters.retractions
        defer { if counters.retractions == before { hasLateRetraction = true } }
        for sequence in channel.keys.take(deletion.key) { retract(sequence, on: channel) }
        // A message can be appended and evicted in one turn, before it is delivered.
        for event in channel.update?.events ?? [] where event.key != nil {
            guard retract(event, by: [deletion]) else { continue }
            if retracted.insert(event.sequence).inserted { counters.retractions += 1 }
        }
    }

    private func retract(_ sequence: UInt64, on channel: Channel) {
        let index = channel.log.index(after: sequence - 1)
        guard index < channel.log.count, channel.log[index].sequence == sequence else { return }
        logBytes -= channel.log.retract(at: index)
        retracted.insert(sequence)
        counters.retractions += 1
    }

    /// Adds a member, or replaces the `user_info` of a known one; a member beyond the limits is
    /// ignored.
    package func memberAdded(_ name: String, _ member: Member, at now: Moment) {
        guard let channel = channels[name], channel.isLive,
            !member.userID.hasSameBytes(as: configuration.hiddenMember),
            let member = bounded(member, on: channel)
        else { return }
        returned(member.userID, on: channel)
        changePending(of: channel) { $0.insert(member) }
        memberBytes -= channel.members.cost
        let isNew = channel.members.insert(member)
        memberBytes += channel.members.cost
        record(SeenMember(member, time: now.wall, isPresent: true), on: name)
        guard isNew else { return }
        append(.memberAdded(member), channel, now)
    }

    /// Handles the departure of a member; unknown members are ignored.
    package func memberRemoved(_ name: String, userID: String, at now: Moment) {
        guard let channel = channels[name], !holdsBackRemoval(userID, on: channel, at: now) else {
            return
        }
        remove(userID, from: channel, at: now)
    }

    func remove(_ userID: String, from channel: Channel, at now: Moment) {
        changePending(of: channel) { $0.remove(userID) }
        memberBytes -= channel.members.cost
        let wasThere = channel.members.remove(userID)
        memberBytes += channel.members.cost
        guard wasThere else { return }
        recordDeparture(userID, of: channel.name, at: now.wall)
        append(.memberRemoved(userID: userID), channel, now)
    }

    /// Handles a lost connection: no channel is subscribed until `subscribed` is called again.
    package func lost(at now: Moment) {
        for channel in channels.values where channel.isLive {
            channel.subscription = .away(since: now.wall)
        }
        note(.allUnsubscribed(at: now.wall))
    }

    /// Handles the loss of one channel: it is not subscribed until `subscribed` is called again.
    package func lost(_ name: String, at now: Moment) {
        guard let channel = channels[name], channel.isLive else { return }
        note(.unsubscribed(name, channel.horizon, at: now.wall))
        channel.subscription = .away(since: now.wall)
    }

    /// Handles a refused subscription, which Upstream retries; equal refusals add one entry.
    package func refused(_ name: String, status: Int, message: String, at now: Moment) {
        guard let channel = channels[name], channel.isWanted else { return }
        let gap = channel.subscription.gap ?? (channel.isLive ? (now.wall, .upstream) : nil)
        if case .refused(let oldStatus, let oldMessage, _, _) = channel.subscription,
            oldStatus == status, oldMessage == message
        {
            return
        }
        if channel.isLive { note(.unsubscribed(name, channel.horizon, at: now.wall)) }
        channel.subscription = .refused(
            status: status, message: message, since: gap?.since, reason: gap?.reason ?? .idle)
        append(.refused(status: status, message: message), channel, now)
        for reader in channel.readers { reader.cursor.refusalWasLogged(on: channel) }
    }

    /// Appends an entry for each member change.
    ///
    /// If the changes alone would evict all else, readers get a gap and a snapshot instead.
    private func appendChanges(
        _ differences: (removed: [String], added: [Member]), on channel: Channel, at now: Moment,
        gap: (since: WallTime?, reason: GapReason)?
    ) {
        let (removed, added) = differences
        let bytes =
            removed.count * Event.fixedCost + added.reduce(0) { $0 + Event.fixedCost + $1.cost / 2 }
        guard removed.count + added.count <= configuration.log.events,
            bytes <= configuration.log.bytes
        else { return resetLog(channel, gap: gap, at: now) }
        for userID in removed { append(.memberRemoved(userID: userID), channel, now) }
        for member in added { append(.memberAdded(member), channel, now) }
    }

    /// Drops all entries of a channel; its readers receive a gap, then a snapshot.
    ///
    /// If the channel was not subscribed for a time, the gap describes that time.
    private func resetLog(
        _ channel: Channel, gap: (since: WallTime?, reason: GapReason)?, at now: Moment
    ) {
        logBytes -= channel.bytes
        counters.evictedByCount += UInt64(channel.log.count)
        channel.log = EventLog()
        channel.ephemeralEvents = EventLog()
        channel.keys = MessageIndex()
        channel.update = nil
        sequence += 1
        channel.horizon = Channel.Horizon(sequence: sequence, reason: gap?.reason ?? .evicted)
        guard let gap else { return counters.gaps[.evicted] += 1 }
        channel.horizon.since = gap.since
        channel.horizon.until = now.wall
    }

    /// Records the members that are present, and returns how many are new or changed.
    private func recordMembers(_ newer: Members, on channel: Channel, at now: Moment) -> Int {
        var changes = 0
        for member in newer.list {
            if channel.members[member.userID] == member, !channel.hasFormerMembers { continue }
            record(SeenMember(member, time: now.wall, isPresent: true), on: channel.name)
            changes += 1
        }
        return changes
    }

    private func record(_ seen: SeenMember, on channel: String) {
        seenMembers.observe(seen, on: channel)
        note(.seen(channel, seen))
    }

    private func recordDeparture(_ userID: String, of channel: String, at time: WallTime) {
        guard let seen = seenMembers.left(userID, of: channel, at: time) else { return }
        note(.seen(channel, seen))
    }

    /// Moves readers that start at the snapshot past all earlier entries.
    private func startFreshReaders(of channel: Channel) {
        for reader in channel.readers {
            reader.cursor.becameLive(channel, at: sequence)
        }
    }

    private func append(
        _ content: Event.Content, _ channel: Channel, _ now: Moment, key: String? = nil
    ) {
        let previous = channel.newestSequence
        sequence += 1
        let event = Event(
            sequence: sequence, at: now, channel: channel.name, content: content, key: key)
        logBytes -= channel.bytes
        if event.isEphemeral {
            channel.ephemeralEvents.append(event)
        } else {
            note(.appended(event, previous: channel.logged))
            channel.log.append(event)
        }
        logBytes += channel.bytes
        if let key { channel.keys.add(key, at: sequence) }
        if case .gap(let gap) = content {
            counters.gaps[gap.reason] += 1
        } else {
            counters.events += 1
        }
        if channel.update == nil {
            channel.update = ChannelUpdate(previous: previous, first: sequence, events: [])
        }
        channel.update?.events.append(event)
        if event.sender != nil { channel.update?.hasSender = true }
        mark(channel)
        evict(channel, now: now.steady)
        evictForMemory(at: now)
    }

    private func mark(_ channel: Channel) {
        guard !channel.hasPendingUpdates else { return }
        channel.hasPendingUpdates = true
        pendingUpdates.append(channel)
    }

    /// Evicts entries that exceed the channel's own limits.
    func evict(_ channel: Channel, now: Duration) {
        while channel.ephemeralEvents.exceeded(Self.ephemeralLimits, now: now) != nil {
            logBytes -= channel.bytes
            _ = channel.ephemeralEvents.removeOldest()
            logBytes += channel.bytes
        }
        while let bound = channel.log.exceeded(configuration.log, now: now) {
            evictOldest(of: channel)
            switch bound {
            case .events: counters.evictedByCount += 1
            case .bytes: counters.evictedByBytes += 1
            case .age: counters.evictedByAge += 1
            }
        }
    }

    /// Evicts entries from the logs that were unread for longest until all data fits `totalBytes`
    /// again.
    ///
    /// Of the logs with readers, and of those that were not read since a restart, the one with the
    /// oldest last entry is first. An eighth more than necessary is evicted, so that the next
    /// events do not sort all channels again.
    func evictForMemory(at now: Moment) {
        guard heldBytes > configuration.totalBytes else { return }
        var byAge: [(lastRead: Duration, newest: UInt64, channel: Channel)] = []
        for channel in channels.values where channel.log.count > 0 {
            byAge.append((channel.lastReadOrNow, channel.logged, channel))
        }
        byAge.sort { ($0.lastRead, $0.newest) < ($1.lastRead, $1.newest) }
        for channel in byAge.map(\.channel) {
            guard heldBytes > configuration.totalBytes * 7 / 8 else { return }
            while heldBytes > configuration.totalBytes * 7 / 8, channel.log.count > 0 {
                evictOldest(of: channel)
                counters.evictedByMemory += 1
            }
            noteHorizon(of: channel, at: now)
        }
    }

    /// Records the horizon, so that a restart does not restore evicted entries.
    func noteHorizon(of channel: Channel, at now: Moment) {
        if channel.isLive {
            note(.subscribed(channel.name, channel.horizon, at: now.wall))
        } else {
            let since = channel.subscription.gap?.since ?? now.wall
            note(.unsubscribed(channel.name, channel.horizon, at: since))
        }
    }

    func evictOldest(of channel: Channel) {
        logBytes -= channel.bytes
        defer { logBytes += channel.bytes }
        guard let event = channel.log.removeOldest() else { return }
        if let key = event.key { channel.keys.remove(key, at: event.sequence) }
        // A refusal can precede the point at which the channel was subscribed.
        guard event.sequence > channel.horizon.sequence else { return }
        channel.horizon = Channel.Horizon(sequence: event.sequence, reason: .evicted)
    }
}

extension Hub {
    /// The limits of live client events per channel: their number, bytes and age.
    package static let ephemeralLimits = LogLimits(
        events: 128, bytes: 262_144, age: .seconds(3))
}

extension Channel {
    /// The cost of the channel's entries, in bytes.
    var bytes: Int { log.bytes + ephemeralEvents.bytes }

    /// False once the channel was given up; an answer from Channels is then too late.
    fileprivate var isWanted: Bool {
        if case .idle = subscription { false } else { true }
    }

    /// The sequence number of the log's newest entry, or of the horizon if that is greater.
    var logged: UInt64 { max(horizon.sequence, log.newest?.sequence ?? 0) }

    /// The sequence number of the newest entry, client events included, or of the horizon.
    fileprivate var newestSequence: UInt64 {
        max(horizon.sequence, log.newest?.sequence ?? 0, ephemeralEvents.newest?.sequence ?? 0)
    }

    /// When the channel was last read; a channel with readers is read now, so it is evicted last.
    fileprivate var lastReadOrNow: Duration {
        readers.isEmpty ? lastRead : .seconds(Int64.max / 2)
    }
}

extension Channel.Subscription {
    /// The current period without subscription and its reason; `nil` if the channel is subscribed.
    fileprivate var gap: (since: WallTime?, reason: GapReason)? {
        switch self {
        case .live: nil
        case .idle(let since, let reason), .pending(let since, let reason): (since, reason)
        case .away(let since): (since, .upstream)
        case .refused(_, _, let since, let reason): (since, reason)
        }
    }
}

extension Cursor {
    mutating func becameLive(_ channel: Channel, at sequence: UInt64) {
        for index in slots.indices where slots[index].channel === channel {
            slots[index].refusalDelivered = false
            guard slots[index].isFresh else { continue }
            slots[index].isFresh = false
            slots[index].startsAfter = sequence
            slots[index].gapsThrough = sequence
            // The snapshot's position then covers it, unless others have earlier entries.
            if slots.allSatisfy({ isUpToDate($0) }) { self.sequence = max(self.sequence, sequence) }
        }
    }

    private func isUpToDate(_ slot: Slot) -> Bool {
        guard !slot.needsGap else { return false }
        return !slot.channel.wasSubscribed
            || slot.channel.newestSequence <= max(sequence, slot.startsAfter)
    }

    mutating func refusalWasLogged(on channel: Channel) {
        for index in slots.indices where slots[index].channel === channel {
            slots[index].refusalDelivered = true
        }
    }
}
