// SPDX-License-Identifier: MIT

/// The logs, members and readers of all channels.
///
/// Upstream reports events to the hub (`Hub+Upstream`), and Downstream reads from it
/// (`Hub+Readers`, `Hub+Reading`). The hub has no clock: each call passes the time. It belongs to
/// one event loop. A reader attaches and reads in one turn, so that no event can come in between.
package final class Hub {
    /// The epochs of this log, with the sequence numbers of each.
    package let epochs: EpochHistory
    package let configuration: HubConfiguration
    /// The newest entry's sequence number; 0 before the first.
    package internal(set) var sequence: UInt64 = 0
    package internal(set) var counters = Counters()
    /// The cost of all logs, in bytes, counted as `EventLog.bytes`.
    package internal(set) var logBytes = 0
    /// The cost of the members of all channels, in bytes, counted as `Member.cost`; at most
    /// `configuration.memberBytes`.
    package internal(set) var memberBytes = 0
    /// The bytes that count against `configuration.totalBytes`.
    package var heldBytes: Int { logBytes + memberBytes + seenMembers.bytes }
    package internal(set) var channels: [String: Channel] = [:]
    /// The number of attached readers; a reader with several channels counts once.
    package internal(set) var readerCount = 0

    /// The users that the gateway has seen on each channel.
    package internal(set) var seenMembers = SeenMembers()
    /// True if changes are collected for `takeChanges`; set it if a journal stores them.
    package var gathersChanges = false { didSet { if !gathersChanges { changes = [] } } }

    /// Prefetch hook: called with the index of a reader that will be notified shortly.
    ///
    /// It may prefetch the reader's memory, but must not access it.
    package var prefetchHook: ((_ readers: [any Reader], _ index: Int) -> Void)?
    /// The number of readers notified between a reader's prefetch and its notification.
    private static let prefetchDistance = 3

    /// The member changes in this second from lists for channels that were already subscribed.
    var listedChanges = 0
    /// The number of held channels that are public, so that reading needs no authorization.
    package internal(set) var publicChannelCount = 0
    /// The number of times that a channel lost its last reader or its last delegated member.
    package internal(set) var channelsLeftWithoutReaders: UInt64 = 0
    /// The channels dropped since the last `takeDropped`.
    private var dropped: [String] = []

    /// The application's own numbers of the events since the last gap, by channel that has any.
    var numbers: [String: SequenceNumbers] = [:]
    var changes: [Change] = []
    var demands: [Demand] = []
    var pendingUpdates: [Channel] = []
    var retracted: Set<UInt64> = []
    var retractions: [Retraction] = []
    var hasLateRetraction = false
    /// When departed users are next expired; this examines all users.
    private var nextMemberExpiry = Duration.zero

    /// Creates an empty hub; `epoch` must differ from that of every earlier log.
    package convenience init(epoch: UInt64, configuration: HubConfiguration, at now: Moment) {
        self.init(epochs: EpochHistory(epoch), configuration: configuration, at: now)
    }

    /// Creates a hub that continues after earlier epochs, with the state that was restored.
    package init(
        epochs: EpochHistory, configuration: HubConfiguration, restoring past: RestoredState? = nil,
        at now: Moment
    ) {
        self.epochs = epochs
        sequence = epochs.beginning
        self.configuration = configuration
        seenMembers = SeenMembers(byteLimit: configuration.seenBytes)
        if let past {
            seenMembers = past.seenMembers
            seenMembers.setByteLimit(configuration.seenBytes)
            for channel in past.channels { restore(channel, at: now) }
            for name in seenMembers.names where channels[name] == nil {
                seenMembers.lost(name, at: past.time ?? now.wall)
            }
            // The journal must record which entries are evicted now.
            gathersChanges = true
            evictForMemory(at: now)
        }
        for name in configuration.pinned {
            let channel = channel(named: name, now: now.steady)
            channel.isPinned = true
            want(channel)
        }
    }

    /// The position after the newest entry.
    package var position: Position { position(at: sequence) }

    /// Returns the position of a sequence number, in the epoch that issued it.
    package func position(at sequence: UInt64) -> Position {
        epochs.position(at: sequence)
    }

    /// Returns the changes since the last call, if changes are collected.
    package func takeChanges() -> [Change] {
        guard !changes.isEmpty else { return [] }
        defer { changes.removeAll(keepingCapacity: changes.capacity <= 1024) }
        return changes
    }

    @inline(__always)
    func note(_ change: @autoclosure () -> Change) {
        if gathersChanges { changes.append(change()) }
    }

    /// Returns the retractions since the last call, even if they found no held message.
    package func takeRetractions() -> [Retraction] {
        guard !retractions.isEmpty else { return [] }
        defer { retractions = [] }
        return retractions
    }

    /// Returns whether a retraction since the last call found no held message, which may have been
    /// delivered long ago.
    package func takeLateRetraction() -> Bool {
        defer { hasLateRetraction = false }
        return hasLateRetraction
    }

    /// Retracts an entry that only a reader may hold; returns whether a retraction covers it.
    package func retract(_ event: Event, by retractions: [Retraction]) -> Bool {
        guard retractions.contains(where: { $0.covers(event) }) else { return false }
        event.retract()
        return true
    }

    /// Returns the sequence numbers that were retracted since the last call.
    package func takeRetracted() -> Set<UInt64> {
        defer { retracted.removeAll() }
        return retracted
    }

    /// Returns the changes to the wanted subscriptions since the last call.
    package func takeDemands() -> [Demand] {
        defer { demands.removeAll() }
        return demands
    }

    /// The channels that must be subscribed now, for a new connection.
    package var wanted: [String] {
        channels.values.filter { channel in
            if case .idle = channel.subscription { return false }
            return true
        }.map(\.name).sorted()
    }

    /// Notifies the readers of every channel with new entries; call it at the end of a turn.
    ///
    /// Returns whether any of these channels has readers.
    @discardableResult
    package func deliverUpdates() -> Bool {
        guard !pendingUpdates.isEmpty else { return false }
        var hasReaders = false
        let updated = pendingUpdates
        pendingUpdates.removeAll(keepingCapacity: true)
        for channel in updated {
            channel.hasPendingUpdates = false
            if !channel.readers.isEmpty { hasReaders = true }
            notify(channel.readers, of: channel)
            channel.update = nil
        }
        return hasReaders
    }

    private func notify(_ readers: [any Reader], of channel: Channel) {
        for index in readers.indices {
            let far = index + Self.prefetchDistance
            if far < readers.count { prefetchHook?(readers, far) }
            if index + 1 < readers.count { readers[index + 1].prefetch() }
            readers[index].updatesAvailable(on: channel)
        }
    }

    /// Drops expired entries, lingering subscriptions and empty channels.
    ///
    /// Call it about once a second; it examines each channel.
    package func expire(at now: Moment) {
        for channel in channels.values { evict(channel, now: now.steady) }
        // Sorted, so that equal inputs give equal positions.
        for name in numbers.filter(\.value.hasHoles).keys.sorted() {
            if let channel = channels[name] { appendMissing(on: channel, at: now) }
        }
        takePendingLists(at: now)
        var empty: [Channel] = []
        // Only these few are sorted, so that equal inputs give equal positions.
        let due = channels.values.filter { isDue($0, at: now.steady) }
        for channel in due.sorted(by: { $0.name < $1.name }) {
            if hasLingered(channel, at: now.steady) { giveUp(channel, at: now) }
            expireAbsences(of: channel, at: now)
            if isEmpty(channel, at: now.steady) { empty.append(channel) }
        }
        for channel in empty { forget(channel, at: now) }
        guard now.steady >= nextMemberExpiry else { return }
        nextMemberExpiry = now.steady + .seconds(3600)
        seenMembers.expire(at: now.wall)
    }

    func channel(named name: String, now: Duration) -> Channel {
        if let channel = channels[name] { return channel }
        let channel = Channel(name: name, after: sequence, now: now)
        channels[name] = channel
        if channel.isPublic { publicChannelCount += 1 }
        return channel
    }

    /// Stops holding a channel, which must be empty and not wanted.
    func forget(_ channel: Channel, at now: Moment) {
        guard channels.removeValue(forKey: channel.name) != nil else { return }
        if channel.isPublic { publicChannelCount -= 1 }
        numbers[channel.name] = nil
        clearPending(of: channel)
        setMembers(Members(), of: channel)
        seenMembers.lost(channel.name, at: now.wall)
        dropped.append(channel.name)
    }

    /// Returns the channels dropped since the last call.
    package func takeDropped() -> [String] {
        guard !dropped.isEmpty else { return [] }
        defer { dropped = [] }
        return dropped
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

    func giveUp(_ channel: Channel, at now: Moment) {
        switch channel.subscription {
        case .idle: return
        case .pending(let since, let reason):
            channel.subscription = .idle(since: since, reason: reason)
        case .live:
            channel.subscription = .idle(since: now.wall)
            note(.unsubscribed(channel.name, channel.horizon, at: now.wall))
        case .away(let since): channel.subscription = .idle(since: since)
        case .refused(_, _, let since, let reason):
            channel.subscription = .idle(since: since, reason: reason)
        }
        demands.append(.unsubscribe(channel.name))
    }
}
