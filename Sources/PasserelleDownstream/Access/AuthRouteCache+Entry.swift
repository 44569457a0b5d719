// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

extension AuthRouteCache {
    /// The state of one set of credentials and channel.
    struct Entry {
        /// The progress of the call: none, queued for requests, queued for streams only, in
        /// progress.
        enum Phase { case idle, waiting, queuedForRecheck, asking }

        var phase = Phase.idle
        /// Its places in the queue, one per client, in the phases `waiting` and `queuedForRecheck`.
        var places: [Place] = []
        /// The client that caused the last call.
        var client: PeerAddress?
        /// The number of the last call.
        var call: CallID = 0
        /// The time of the route's last authorization; `nil` if it does not authorize the key.
        var admittedAt: Duration?
        /// The user named by the last call.
        var identity: ReaderIdentity?
        var naming = Naming.none
        var refusal: (status: Int, at: Duration)?
        /// The times of the first and the last of the current failures.
        var failing: (since: Duration, last: Duration)?
        /// The time since which a recheck of its streams has been due.
        var overdueSince: Duration?
        /// Requests that wait for the answer.
        var waiting: [Waiting] = []
        /// Streams and polls with a lease on the answer.
        var leases: [LeaseID] = []
        /// The forwarded request fields; empty if no call is pending.
        var fields: HTTPFields = [:]
        /// The number of its valid item in a delay queue.
        var turn: UInt64 = 0
        /// The number of its items in the queue of expiries.
        var expiryCount = 0
        /// Its place among the kept answers of one client.
        var kept: (client: PeerAddress?, number: UInt64)?

        var isUnused: Bool { phase == .idle && waiting.isEmpty && leases.isEmpty }
    }
}

extension AuthRouteCache.Entry {
    /// The queue for its requests.
    var queue: AuthRouteCache.Queue { admittedAt == nil ? .newReaders : .authorizedReaders }

    /// Records that the route authorized the key, with this user.
    mutating func admitted(as new: ReaderIdentity?, at now: Duration) {
        if let new {
            if admittedAt != nil, let identity {
                let isSame = identity.userID.hasSameBytes(as: new.userID)
                naming = isSame ? .repeated : .changing
            } else {
                naming = .once
            }
        } else {
            naming = .none
        }
        identity = new
        admittedAt = now
        refusal = nil
        failing = nil
        overdueSince = nil
    }

    /// Records that the route does not authorize the key any more.
    mutating func notAdmitted() {
        admittedAt = nil
        identity = nil
        naming = .none
        failing = nil
        overdueSince = nil
    }

    /// The identity for requests that need no call of their own; it must have been named by two
    /// calls, since a single call may have been for another visitor.
    var sharedIdentity: ReaderIdentity? { naming == .repeated ? identity : nil }

    /// The verdict that authorizes a request, with this identity.
    ///
    /// It names the entry's user even if the request does not receive it as its identity.
    func admission(as identity: ReaderIdentity?) -> AuthRouteCache.Verdict {
        .admitted(identity, users: self.identity.map { [$0.userID] } ?? [])
    }
}

/// Decisions without a call.
extension AuthRouteCache {
    /// Returns the verdict about a request; `nil` if it needs a call.
    func known(_ entry: Entry, isBrief: Bool, at now: Duration) -> Verdict? {
        if let refusal = entry.refusal, now - refusal.at < limits.refusedFor {
            return .refused(status: refusal.status)
        }
        if isFresh(entry, at: now) {
            switch entry.naming {
            case .none, .repeated: return entry.admission(as: entry.identity)
            case .changing where isBrief: return entry.admission(as: nil)
            case .once, .changing: break
            }
        }
        return isCoveredByGrace(entry, at: now) ? entry.admission(as: entry.sharedIdentity) : nil
    }

    /// True if an authorization is valid without another call.
    func isFresh(_ entry: Entry, at now: Duration) -> Bool {
        guard let admittedAt = entry.admittedAt else { return false }
        return now - admittedAt < limits.fresh
    }

    /// True if the route failed recently for a reader that it authorized before.
    func isCoveredByGrace(_ entry: Entry, at now: Duration) -> Bool {
        guard isInGrace(entry, at: now), let failing = entry.failing else { return false }
        return now - failing.last < limits.failedFor
    }

    /// True if the grace period of a reader that was authorized before is not over.
    func isInGrace(_ entry: Entry, at now: Duration) -> Bool {
        guard entry.admittedAt != nil, let failing = entry.failing else { return false }
        return now - failing.since < limits.grace
    }

    /// Returns the verdict for a request that cannot have a call, if the authorization covers it.
    func covered(_ entry: Entry, at now: Duration) -> Verdict? {
        guard isFresh(entry, at: now) || isInGrace(entry, at: now) else { return nil }
        return entry.admission(as: entry.sharedIdentity)
    }
}
