// SPDX-License-Identifier: MIT

/// What was said on each channel, how much of it is still held, who is there, and who has read up
/// to where.
///
/// The hub is told by Upstream (`Hub+Upstream`), asked by Downstream (`Hub+Readers`,
/// `Hub+Reading`), and knows no clock: each call says when it happens. It belongs to one loop.
/// Attaching and reading happen in one turn, so nothing can be said between them.
package final class Hub {
    /// The epochs of this log, and which sequence numbers belong to each.
    package let epochs: EpochLine
    package let configuration: HubConfiguration
    /// The newest entry's sequence number; 0 before the first.
    package internal(set) var sequence: UInt64 = 0
    package internal(set) var counters = Counters()
    /// What all logs hold, in bytes as `EventLog.bytes` counts.
    package internal(set) var logBytes = 0
    package internal(set) var channels: [String: Channel] = [:]
    /// Readers that are attached; one with several channels counts once.
    package internal(set) var readerCount = 0

    /// Whom the gateway has seen on each channel.
    package internal(set) var seenMembers = SeenMembers()
    /// True while somebody keeps what changes, so that changes are gathered.
    package var gathersChanges = false { didSet { if !gathersChanges { changes = [] } } }

    /// Has the memory fetched of a reader in a list who is told news soon, without touching it: called
    /// with that reader's index.
    package var fetch: ((_ readers: [any Reader], _ index: Int) -> Void)?
    /// How many others are told meanwhile.
    private static let readersAhead = 3

    var changes: [Change] = []
    var demands: [Demand] = []
    var toBeTold: [Channel] = []
    var retracted: Set<UInt64> = []
    var deletions: [Burial] = []
    var hasLateDeletion = false
    /// When those who have been gone for too long are next forgotten: it looks at everybody.
    private var forgetsAt = Duration.zero

    /// Builds an empty hub; `epoch` must differ from that of every earlier log.
    package convenience init(epoch: UInt64, configuration: HubConfiguration, at now: Moment) {
        self.init(epochs: EpochLine(epoch), configuration: configuration, at: now)
    }

    /// Builds a hub that goes on after earlier epochs, with what they left.
    package init(
        epochs: EpochLine, configuration: HubConfiguration, restoring past: RestoredPast? = nil,
        at now: Moment
    ) {
        self.epochs = epochs
        sequence = epochs.beginning
        self.configuration = configuration
        if let past {
            seenMembers = past.seenMembers
            for channel in past.channels { restore(channel, at: now) }
            for name in seenMembers.names where channels[name] == nil {
                seenMembers.lost(name, at: past.time ?? now.wall)
            }
            // What has to go now is to be known to whoever keeps what is held.
            gathersChanges = true
            evictForMemory(at: now)
        }
        for name in configuration.pinned {
            let channel = channel(named: name, now: now.steady)
            channel.isPinned = true
            want(channel)
        }
    }

    /// The position behind everything that was said.
    package var position: Position { position(at: sequence) }

    /// The position of a sequence number, in the epoch in which it was given out.
    package func position(at sequence: UInt64) -> Position {
        epochs.position(at: sequence)
    }

    /// What changed since this was last asked, where changes are gathered.
    package func takeChanges() -> [Change] {
        guard !changes.isEmpty else { return [] }
        defer { changes.removeAll(keepingCapacity: changes.capacity <= 1024) }
        return changes
    }

    @inline(__always)
    func note(_ change: @autoclosure () -> Change) {
        if gathersChanges { changes.append(change()) }
    }

    /// What was to be deleted since this was last asked, held or not.
    package func takeDeletions() -> [Burial] {
        guard !deletions.isEmpty else { return [] }
        defer { deletions = [] }
        return deletions
    }

    /// Whether, since this was last asked, a deletion found nothing that is held: what it names may
    /// have been told long ago.
    package func takeLateDeletion() -> Bool {
        defer { hasLateDeletion = false }
        return hasLateDeletion
    }

    /// Takes back an entry that a reader holds and the log may not; answers whether a deletion
    /// names it.
    package func takeBack(_ event: Event, by deletions: [Burial]) -> Bool {
        guard deletions.contains(where: { $0.covers(event) }) else { return false }
        event.retract()
        return true
    }

    /// What was retracted since this was last asked.
    package func takeRetracted() -> Set<UInt64> {
        defer { retracted.removeAll() }
        return retracted
    }

    /// What changed about the wanted subscriptions since this was last asked.
    package func takeDemands() -> [Demand] {
        defer { demands.removeAll() }
        return demands
    }

    /// Every channel that is to be subscribed now, for a connection that starts anew.
    package var wanted: [String] {
        channels.values.filter { channel in
            if case .idle = channel.subscription { return false }
            return true
        }.map(\.name).sorted()
    }

    /// Tells the readers of every channel with news, once a channel; call it at the end of a turn.
    ///
    /// Gives whether there was anything to tell to anybody.
    @discardableResult
    package func tellNews() -> Bool {
        guard !toBeTold.isEmpty else { return false }
        var hasReaders = false
        let told = toBeTold
        toBeTold.removeAll(keepingCapacity: true)
        for channel in told {
            channel.isToBeTold = false
            if !channel.readers.isEmpty { hasReaders = true }
            tell(channel.readers, of: channel)
            channel.news = nil
        }
        return hasReaders
    }

    private func tell(_ readers: [any Reader], of channel: Channel) {
        for index in readers.indices {
            let far = index + Self.readersAhead
            if far < readers.count { fetch?(readers, far) }
            if index + 1 < readers.count { readers[index + 1].newsIsNear() }
            readers[index].newsCame(on: channel)
        }
    }

    /// Gives up what has aged: entries, lingering subscriptions, channels that hold nothing.
    ///
    /// Call it about once a second; it looks at each channel that holds anything.
    package func expire(at now: Moment) {
        for channel in channels.values { evict(channel, now: now.steady) }
        var empty: [String] = []
        // Only those few are sorted, so that the same day gives the same positions.
        let due = channels.values.filter { isDue($0, at: now.steady) }
        for channel in due.sorted(by: { $0.name < $1.name }) {
            if hasLingered(channel, at: now.steady) { giveUp(channel, at: now) }
            expireAbsences(of: channel, at: now)
            if isEmpty(channel, at: now.steady) { empty.append(channel.name) }
        }
        for name in empty {
            channels[name] = nil
            seenMembers.lost(name, at: now.wall)
        }
        guard now.steady >= forgetsAt else { return }
        forgetsAt = now.steady + .seconds(3600)
        seenMembers.expire(at: now.wall)
    }

    func channel(named name: String, now: Duration) -> Channel {
        if let channel = channels[name] { return channel }
        let channel = Channel(name: name, after: sequence, now: now)
        channels[name] = channel
        return channel
    }

    func want(_ channel: Channel) {
        guard case .idle(let since, let reason) = channel.subscription else { return }
        channel.subscription = .pending(idleSince: since, reason: reason)
        demands.append(.subscribe(channel.name))
    }

    private func hasLingered(_ channel: Channel, at now: Duration) -> Bool {
        channel.readers.isEmpty && !channel.isPinned
            && channel.lastRead + configuration.linger <= now
    }

    private func isDue(_ channel: Channel, at now: Duration) -> Bool {
        if channel.delegated.values.contains(where: { $0.absentSince != nil }) { return true }
        if case .idle = channel.subscription { return isEmpty(channel, at: now) }
        return hasLingered(channel, at: now)
    }

    private func isEmpty(_ channel: Channel, at now: Duration) -> Bool {
        guard case .idle = channel.subscription else { return false }
        return channel.readers.isEmpty && channel.log.count == 0 && channel.delegated.isEmpty
            && now - channel.lastRead > configuration.log.age
    }

    private func giveUp(_ channel: Channel, at now: Moment) {
        switch channel.subscription {
        case .idle: return
        case .pending(let since, let reason):
            channel.subscription = .idle(since: since, reason: reason)
        case .live:
            channel.subscription = .idle(since: now.wall)
            note(.silent(channel.name, channel.horizon, at: now.wall))
        case .away(let since): channel.subscription = .idle(since: since)
        case .refused(_, _, let since, let reason):
            channel.subscription = .idle(since: since, reason: reason)
        }
        demands.append(.unsubscribe(channel.name))
    }
}
