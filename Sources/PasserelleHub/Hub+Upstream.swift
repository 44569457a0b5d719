// SPDX-License-Identifier: MIT

/// What Upstream tells.
extension Hub {
    /// Channels subscribed us: `members` is who is there, `nil` on a channel without presence.
    ///
    /// A period in which the channel was not heard becomes one gap entry, and members who came or
    /// went meanwhile are told as changes. A channel that was given up meanwhile stays so.
    package func subscribed(_ name: String, members: [Member]?, at now: Moment) {
        guard let channel = channels[name], channel.isWanted else { return }
        let others = (members ?? []).lazy.filter { $0.userID != self.configuration.hiddenMember }
        let listed = Members(Array(others.prefix(configuration.membersPerChannel)))
        let newer = withHeldBack(listed, on: channel, at: now)
        let wasHeard = channel.wasHeard
        let hole = channel.subscription.hole
        channel.subscription = .live
        channel.wasHeard = true
        if wasHeard {
            if let hole {
                append(.gap(Gap(hole.reason, since: hole.since, until: now.wall)), channel, now)
            }
            if !channel.hasFormerMembers { tellDifferences(to: newer, on: channel, at: now) }
        } else {
            sequence += 1
            channel.horizon = Channel.Horizon(sequence: sequence, reason: .idle)
        }
        note(.heard(name, channel.horizon, at: now.wall))
        see(newer, on: channel, at: now, since: hole?.since)
        channel.hasFormerMembers = false
        channel.members = newer
        settleFreshReaders(of: channel)
        if !channel.readers.isEmpty { mark(channel) }
    }

    /// An application's event came; `data` is one JSON value on one line.
    ///
    /// A later event can retract one that has a `key` by naming that in `retracts`.
    package func heard(
        _ name: String, event: String, data: [UInt8], userID: String?, key: String? = nil,
        retracts: String? = nil, at now: Moment
    ) {
        // On a channel that is not heard, the gap to come speaks for whatever is said meanwhile.
        guard let channel = channels[name], channel.isLive else {
            counters.unasked += 1
            return
        }
        if let retracts {
            let deletion = Burial(channel: name, key: retracts, through: sequence)
            note(.buried(deletion))
            deletions.append(deletion)
            retract(deletion, on: channel)
        }
        append(.message(name: event, data: data, userID: userID), channel, now, key: key)
    }

    /// Leaves a tombstone where messages with that key stood, if they are still held.
    private func retract(_ deletion: Burial, on channel: Channel) {
        let before = counters.retractions
        defer { if counters.retractions == before { hasLateDeletion = true } }
        for sequence in channel.keys.take(deletion.key) { retract(sequence, on: channel) }
        // What has come and left the log in this very turn is yet to be told.
        for event in channel.news?.events ?? [] where event.key != nil {
            guard takeBack(event, by: [deletion]) else { continue }
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

    /// A user came; one who is known already only has their description renewed, and one too many
    /// is not known.
    package func memberAdded(_ name: String, _ member: Member, at now: Moment) {
        guard let channel = channels[name], channel.isLive,
            member.userID != configuration.hiddenMember,
            channel.members.count < configuration.membersPerChannel
                || channel.members[member.userID] != nil
        else { return }
        returned(member.userID, on: channel)
        let isNew = channel.members.insert(member)
        see(SeenMember(member, time: now.wall, isPresent: true), on: name)
        guard isNew else { return }
        append(.memberAdded(member), channel, now)
    }

    /// A user went; one who is not known is none of our business.
    package func memberRemoved(_ name: String, userID: String, at now: Moment) {
        guard let channel = channels[name], !holdsBack(userID, on: channel, at: now) else { return }
        remove(userID, from: channel, at: now)
    }

    func remove(_ userID: String, from channel: Channel, at now: Moment) {
        guard channel.members.remove(userID) else { return }
        left(userID, of: channel.name, at: now.wall)
        append(.memberRemoved(userID: userID), channel, now)
    }

    /// The connection to Channels is gone: nothing is heard until `subscribed` says so again.
    package func lost(at now: Moment) {
        for channel in channels.values where channel.isLive {
            channel.subscription = .away(since: now.wall)
        }
        note(.allSilent(at: now.wall))
    }

    /// Channels refuses a subscription, and the gateway goes on trying: told once until it changes.
    package func refused(_ name: String, status: Int, message: String, at now: Moment) {
        guard let channel = channels[name], channel.isWanted else { return }
        let hole = channel.subscription.hole ?? (channel.isLive ? (now.wall, .upstream) : nil)
        if case .refused(let oldStatus, let oldMessage, _, _) = channel.subscription,
            oldStatus == status, oldMessage == message
        {
            return
        }
        if channel.isLive { note(.silent(name, channel.horizon, at: now.wall)) }
        channel.subscription = .refused(
            status: status, message: message, since: hole?.since, reason: hole?.reason ?? .idle)
        append(.refused(status: status, message: message), channel, now)
        for reader in channel.readers { reader.cursor.refusalWasLogged(on: channel) }
    }

    private func tellDifferences(to newer: Members, on channel: Channel, at now: Moment) {
        let (removed, added) = channel.members.differences(to: newer)
        for userID in removed { append(.memberRemoved(userID: userID), channel, now) }
        for member in added { append(.memberAdded(member), channel, now) }
    }

    /// Remembers who is there, and that the others are gone: since the hole began, for all we know.
    private func see(_ newer: Members, on channel: Channel, at now: Moment, since: WallTime?) {
        let gone = channel.members.differences(to: newer).removed
        for userID in gone { left(userID, of: channel.name, at: since ?? now.wall) }
        for member in newer.list {
            if channel.members[member.userID] == member, !channel.hasFormerMembers { continue }
            see(SeenMember(member, time: now.wall, isPresent: true), on: channel.name)
        }
    }

    private func see(_ seen: SeenMember, on channel: String) {
        seenMembers.saw(seen, on: channel)
        note(.seen(channel, seen))
    }

    private func left(_ userID: String, of channel: String, at time: WallTime) {
        guard let seen = seenMembers.left(userID, of: channel, at: time) else { return }
        note(.seen(channel, seen))
    }

    /// Readers for whom the snapshot is the start need nothing that came before it.
    private func settleFreshReaders(of channel: Channel) {
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
            channel.ephemera.append(event)
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
        if channel.news == nil {
            channel.news = News(previous: previous, first: sequence, events: [])
        }
        channel.news?.events.append(event)
        if event.sender != nil { channel.news?.hasSender = true }
        mark(channel)
        evict(channel, now: now.steady)
        evictForMemory(at: now)
    }

    private func mark(_ channel: Channel) {
        guard !channel.isToBeTold else { return }
        channel.isToBeTold = true
        toBeTold.append(channel)
    }

    /// Takes out what exceeds the channel's own bounds.
    func evict(_ channel: Channel, now: Duration) {
        while channel.ephemera.exceeded(Self.ephemeralLimits, now: now) != nil {
            logBytes -= channel.bytes
            _ = channel.ephemera.removeOldest()
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

    /// Empties the logs that were unread for longest until all fit their common bound again.
    ///
    /// Of those that are read now, and of those that nobody has read since a restart, the one that
    /// was silent for longest goes first. An eighth more than is needed goes, so that the next events
    /// do not have all channels sorted again.
    func evictForMemory(at now: Moment) {
        guard logBytes > configuration.totalBytes else { return }
        var byAge: [(lastRead: Duration, newest: UInt64, channel: Channel)] = []
        for channel in channels.values where channel.log.count > 0 {
            byAge.append((channel.lastReadOrNow, channel.logged, channel))
        }
        byAge.sort { ($0.lastRead, $0.newest) < ($1.lastRead, $1.newest) }
        for channel in byAge.map(\.channel) {
            guard logBytes > configuration.totalBytes * 7 / 8 else { return }
            while logBytes > configuration.totalBytes * 7 / 8, channel.log.count > 0 {
                evictOldest(of: channel)
                counters.evictedByMemory += 1
            }
            noteHorizon(of: channel, at: now)
        }
    }

    /// Has a restart not bring back what had to go, which would push out what was held instead.
    private func noteHorizon(of channel: Channel, at now: Moment) {
        if channel.isLive {
            note(.heard(channel.name, channel.horizon, at: now.wall))
        } else {
            let since = channel.subscription.hole?.since ?? now.wall
            note(.silent(channel.name, channel.horizon, at: since))
        }
    }

    private func evictOldest(of channel: Channel) {
        logBytes -= channel.bytes
        defer { logBytes += channel.bytes }
        guard let event = channel.log.removeOldest() else { return }
        if let key = event.key { channel.keys.remove(key, at: event.sequence) }
        // A refusal may stand in front of where the channel began to be heard.
        guard event.sequence > channel.horizon.sequence else { return }
        channel.horizon = Channel.Horizon(sequence: event.sequence, reason: .evicted)
    }
}

extension Hub {
    /// How long a client event is live, and how many a channel holds meanwhile.
    package static let ephemeralLimits = LogLimits(
        events: 128, bytes: 262_144, age: .seconds(3))
}

extension Channel {
    /// What the channel's entries cost, in bytes.
    fileprivate var bytes: Int { log.bytes + ephemera.bytes }

    /// False once the channel was given up, so that an answer comes too late.
    fileprivate var isWanted: Bool {
        if case .idle = subscription { false } else { true }
    }

    /// The sequence number of the log's newest entry, or of what lies before all that is held.
    var logged: UInt64 { max(horizon.sequence, log.newest?.sequence ?? 0) }

    /// The sequence number of the newest entry, or of what lies before all that is held.
    fileprivate var newestSequence: UInt64 {
        max(horizon.sequence, log.newest?.sequence ?? 0, ephemera.newest?.sequence ?? 0)
    }

    /// Channels with readers are read now, so they go last.
    fileprivate var lastReadOrNow: Duration {
        readers.isEmpty ? lastRead : .seconds(Int64.max / 2)
    }
}

extension Channel.Subscription {
    /// The period that is not heard and why, where the channel was ever heard before.
    fileprivate var hole: (since: WallTime?, reason: GapReason)? {
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
            slots[index].knowsRefusal = false
            guard slots[index].isFresh else { continue }
            slots[index].isFresh = false
            slots[index].startsAfter = sequence
            slots[index].gapsThrough = sequence
            // So that the snapshot's position stands for it, where nothing else lies before it.
            if slots.allSatisfy({ isUpToDate($0) }) { self.sequence = max(self.sequence, sequence) }
        }
    }

    private func isUpToDate(_ slot: Slot) -> Bool {
        guard !slot.owesGap else { return false }
        return !slot.channel.wasHeard
            || slot.channel.newestSequence <= max(sequence, slot.startsAfter)
    }

    mutating func refusalWasLogged(on channel: Channel) {
        for index in slots.indices where slots[index].channel === channel {
            slots[index].knowsRefusal = true
        }
    }
}
