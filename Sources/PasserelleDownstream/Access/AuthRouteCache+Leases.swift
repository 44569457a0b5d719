// SPDX-License-Identifier: MIT

import PasserelleWire

/// Leases: authorizations of streams and waiting polls, which are rechecked.
extension AuthRouteCache {
    /// The number of a lease.
    package typealias LeaseID = UInt64

    /// Adds a lease of an authorized request.
    ///
    /// If the authorization of a channel has ended while other channels of the request were
    /// checked, it is rechecked immediately.
    package mutating func addLease(
        _ lease: LeaseID, of request: Request, at now: Duration
    ) -> [Action] {
        for key in request.keys {
            var entry = entries[key] ?? Entry()
            entry.leases.append(lease)
            entry.fields = request.fields
            let isFirst = entry.leases.count == 1
            if isFirst { leasedEntries += 1 }
            if entry.phase == .idle { entry.client = request.client }
            entries[key] = entry
            if !isFresh(entry, at: now), entry.admittedAt == nil || entry.failing == nil {
                isDue(key, at: now)
            } else if isFirst {
                schedule(key, entry.failing == nil ? \.rechecks : \.retries, at: now)
            }
        }
        return startCalls()
    }

    /// Removes a lease that has ended.
    package mutating func removeLease(_ lease: LeaseID, of keys: [Key], at now: Duration) {
        for key in keys {
            guard var entry = entries[key], entry.leases.contains(lease) else { continue }
            entry.leases.removeAll { $0 == lease }
            if entry.leases.isEmpty {
                leasedEntries -= 1
                if entry.phase == .queuedForRecheck { dequeue(&entry) }
                if entry.phase == .idle { entry.fields = [:] }
                if entry.expiryCount <= 0 {
                    entry.expiryCount = 1
                    expiries.add(key, at: now)
                }
            }
            entries[key] = entry
        }
    }

    /// Returns the earliest time at which one of these authorizations must be renewed; `nil` if
    /// there is none.
    package func freshEnd(of keys: [Key]) -> Duration? {
        keys.compactMap { entries[$0]?.admittedAt }.min().map { $0 + limits.fresh }
    }

    /// Rechecks a lease now, except for answers that have been renewed in the meantime.
    package mutating func recheck(_ keys: [Key], at now: Duration) -> [Action] {
        for key in keys {
            guard let entry = entries[key], entry.phase == .idle, !entry.leases.isEmpty,
                !isFresh(entry, at: now), !isCoveredByGrace(entry, at: now)
            else { continue }
            enqueueCheck(key, entry)
        }
        return startCalls()
    }

    /// Ends an entry's leases.
    mutating func end(_ leases: inout [LeaseID], _ reason: Denial) -> [Action] {
        guard !leases.isEmpty else { return [] }
        leasedEntries -= 1
        defer { leases = [] }
        tally.ended += UInt64(leases.count)
        return leases.map { .end($0, reason) }
    }
}

/// The effect of revocations on the auth route's answers.
extension AuthRouteCache {
    /// Revokes a user on a channel or everywhere; returns `false` if the limit on remembered
    /// revocations is reached.
    mutating func revoke(
        _ userID: String, channel: String?, at now: Duration, wall: Int64
    ) -> Bool {
        let mark = Revocations.Mark(order: nextID(), steady: now, wall: wall)
        return revocations.revoke(userID, channel: channel, at: mark)
    }

    /// Returns true if a call authorized a user who was revoked after the call began.
    func isOutdated(_ answer: AuthRouteAnswer, on channel: String, by call: CallID) -> Bool {
        guard case .admitted(let identity?, _) = answer else { return false }
        return revocations.isRevoked(identity.userID, on: [channel], after: call)
    }

    /// Returns true if a remembered answer authorizes a user who was revoked since.
    func isOutdated(_ key: Key) -> Bool {
        guard let entry = entries[key], let time = entry.admittedAt, let identity = entry.identity
        else { return false }
        return revocations.isRevoked(identity.userID, on: [key.channel], since: time)
    }
}
