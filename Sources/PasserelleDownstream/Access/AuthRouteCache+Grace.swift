// SPDX-License-Identifier: MIT

/// The grace period: how long readers remain authorized while the route does not confirm it.
extension AuthRouteCache {
    static let leastOverdueBound = 64

    /// Handles a failed call.
    ///
    /// Readers that were authorized before remain so until the grace period is over; new readers
    /// are refused.
    mutating func failed(
        _ entry: inout Entry, of key: Key, at now: Duration
    ) -> [Action] {
        let since = entry.failing?.since ?? now
        let isFirst = entry.failing == nil
        entry.failing = (since, now)
        entry.refusal = nil
        if entry.admittedAt != nil, now - since < limits.grace {
            if isFirst { graceEnds.add((key, since), at: since) }
            reply(&entry.waiting, entry.admission(as: entry.sharedIdentity), on: key)
            return []
        }
        entry.notAdmitted()
        reply(&entry.waiting, .unavailable(retryAfter: nextSpread()), on: key)
        return end(&entry.leases, .unavailable)
    }

    /// Marks a key's streams as due for a recheck, and queues the call.
    ///
    /// The call may be delayed by others, or not be answered. The streams' remaining time runs from
    /// now.
    mutating func isDue(_ key: Key, at now: Duration) {
        guard var entry = entries[key] else { return }
        if entry.overdueSince == nil {
            entry.overdueSince = now
            entries[key] = entry
            overdueEnds.add((key, now), at: now)
            compactOverdueEnds()
        }
        guard entry.phase == .idle else { return }
        enqueueCheck(key, entry)
    }

    /// Ends the streams that the route has not confirmed during the whole grace period, and those
    /// with a recheck that has been due for too long.
    mutating func endUnconfirmed(at now: Duration) -> [Action] {
        var actions: [Action] = []
        while let (key, since) = graceEnds.popFirst(through: now) {
            if entries[key]?.failing?.since == since { actions += endLeases(on: key) }
        }
        while let (key, since) = overdueEnds.popFirst(through: now) {
            if entries[key]?.overdueSince == since { actions += endLeases(on: key) }
        }
        return actions
    }

    private mutating func endLeases(on key: Key) -> [Action] {
        guard var entry = entries[key] else { return [] }
        entry.notAdmitted()
        let actions = end(&entry.leases, .unavailable)
        if entry.phase == .queuedForRecheck { dequeue(&entry) }
        entries[key] = entry
        forgetIfEmpty(key)
        return actions
    }

    /// Removes answered items once they may be half of the queue, since `grace` may be many times
    /// as long as `recheck`.
    private mutating func compactOverdueEnds() {
        guard overdueEnds.count > overdueBound else { return }
        let entries = entries
        overdueEnds.removeAll { entries[$0.key]?.overdueSince != $0.since }
        overdueBound = max(Self.leastOverdueBound, 2 * overdueEnds.count)
    }
}

/// Kept answers, and their removal.
extension AuthRouteCache {
    /// Removes an entry and its place among the kept answers.
    mutating func drop(_ key: Key) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        if let place = entry.kept { kept.remove(place.number, of: place.client) }
    }

    mutating func forgetIfEmpty(_ key: Key) {
        guard let entry = entries[key], entry.isUnused, entry.admittedAt == nil,
            entry.refusal == nil
        else { return }
        drop(key)
    }

    mutating func forgetRefusal(of key: Key, at now: Duration) {
        guard let entry = entries[key], entry.isUnused, entry.admittedAt == nil,
            let refusal = entry.refusal, now - refusal.at >= limits.refusedFor
        else { return }
        drop(key)
    }

    mutating func forget(_ key: Key, olderThan now: Duration) {
        guard let entry = entries[key], entry.isUnused, !isInGrace(entry, at: now) else { return }
        guard let admittedAt = entry.admittedAt, now - admittedAt < expiries.delay else {
            return drop(key)
        }
    }

    /// Keeps the answer for the client that caused the call; if the client has too many answers,
    /// its oldest one is evicted.
    mutating func keep(_ key: Key) {
        forgetIfEmpty(key)
        guard let entry = entries[key] else { return }
        if let place = entry.kept { kept.remove(place.number, of: place.client) }
        let client = entry.client
        entries[key]?.kept = (client, kept.add(key, of: client))
        guard client != nil else { return }
        while kept.count(of: client) > limits.entriesPerClient,
            let oldest = kept.popFirst(of: client)
        {
            entries[oldest]?.kept = nil
            evict(oldest)
        }
    }

    /// Evicts the oldest answers without a stream, refusals first.
    mutating func makeRoom() {
        while entries.count - leasedEntries > limits.entries, let key = refusals.popFirst() {
            if entries[key]?.admittedAt == nil { evict(key) }
        }
        while entries.count - leasedEntries > limits.entries, let key = expiries.popFirst() {
            entries[key]?.expiryCount -= 1
            evict(key)
        }
    }

    private mutating func evict(_ key: Key) {
        guard entries[key]?.isUnused == true else { return }
        tally.evicted += 1
        drop(key)
    }
}
