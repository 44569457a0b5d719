// SPDX-License-Identifier: MIT

import PasserelleNet
package import PasserelleWire

/// Decides when the application's auth route is asked, and to which requests its answers apply.
///
/// A request names any number of channels. The route is asked about the first one alone, and about
/// the others if it authorizes that one, so that an unauthorized request costs one call.
///
/// There is one entry for each set of credentials and channel. Concurrent requests for the same
/// entry share one call, an answer is valid for a while, and streams are rechecked. A user id is
/// given to other requests only if two consecutive calls named it. An answer does not authorize a
/// user who was revoked after its call began. While the route fails, new
/// readers are refused. Readers that were authorized before remain so for the grace period `grace`.
/// A due recheck of a stream must also be answered within `grace`, however its call is delayed, so
/// that every stream ends after `recheck` plus `grace` at the latest.
///
/// Calls and queue places are shared fairly among client addresses. Readers that were authorized
/// before have their own queue.
package struct AuthRouteCache {
    let limits: Limits
    /// The revoked users.
    package var revocations: Revocations
    /// The last number in the order in which requests, calls and revocations begin.
    private var lastID: UInt64 = 0
    /// Requests without a decision.
    var requests: [RequestID: PendingRequest] = [:]
    /// Verdicts about single channels that their requests have not received yet.
    var verdicts = FIFOQueue<ChannelVerdict>()
    var entries: [Key: Entry] = [:]
    /// Checks that wait for a call, by `Queue`.
    var queues = Queue.allCases.map { _ in
        FairQueue<PeerAddress?, (key: Key, client: PeerAddress?)>()
    }
    /// The number of each client's waiting requests, by `Queue`.
    var waitingOfClient = Queue.allCases.map { _ in [PeerAddress: Int]() }
    /// The times at which requests have waited for too long.
    var waits: DelayQueue<(key: Key, id: RequestID)>
    /// The queue of the last call.
    var lastQueue = Queue.rechecks
    var rechecks: DelayQueue<(key: Key, turn: UInt64)>
    var retries: DelayQueue<(key: Key, turn: UInt64)>
    var graceEnds: DelayQueue<(key: Key, since: Duration)>
    /// The times by which due rechecks must be answered.
    var overdueEnds: DelayQueue<(key: Key, since: Duration)>
    /// The length at which answered items are removed from that queue.
    var overdueBound = AuthRouteCache.leastOverdueBound
    var refusals: DelayQueue<Key>
    var expiries: DelayQueue<Key>
    /// Answers by the client that they are kept for, the oldest first.
    var kept = FairQueue<PeerAddress?, Key>()
    /// The number of entries with streams.
    var leasedEntries = 0
    var calls = 0
    var callsOfClient: [PeerAddress: Int] = [:]
    var lastTurn: UInt64 = 0
    var spread = 0
    /// Counters of requests and calls.
    package internal(set) var tally = Tally()

    /// Creates an empty cache.
    package init(limits: Limits = Limits(), revocations: Revocations = Revocations(limit: 0)) {
        self.limits = limits
        self.revocations = revocations
        rechecks = DelayQueue(delay: max(limits.recheck - limits.fresh, .zero))
        retries = DelayQueue(delay: min(limits.retry, limits.grace))
        graceEnds = DelayQueue(delay: limits.grace)
        waits = DelayQueue(delay: limits.queueWait)
        overdueEnds = DelayQueue(delay: max(limits.grace, limits.callTime))
        refusals = DelayQueue(delay: limits.refusedFor)
        expiries = DelayQueue(delay: limits.fresh + limits.grace)
    }

    /// The number of calls in progress, and of queued checks that requests wait for.
    package var load: (calls: Int, queued: Int) {
        (
            calls,
            queues[Queue.newReaders.rawValue].count + queues[Queue.authorizedReaders.rawValue].count
        )
    }

    /// The number of kept answers and of checks in progress.
    package var count: Int { entries.count }

    /// Returns the next number in the order in which requests, calls and revocations begin.
    package mutating func nextID() -> UInt64 {
        lastID += 1
        return lastID
    }

    // MARK: - Answers

    /// Handles the route's answer or failure.
    package mutating func answered(
        _ key: Key, _ answer: AuthRouteAnswer, at now: Duration
    ) -> [Action] {
        guard var entry = entries[key], entry.phase == .asking else { return [] }
        if isOutdated(answer, on: key.channel, by: entry.call) {
            entry.notAdmitted()
            entry.call = nextID()
            entries[key] = entry
            return [.ask(key, entry.fields)]
        }
        callEnded(for: entry.client)
        tally.count(answer)
        entry.phase = .idle
        var actions = take(answer, for: &entry, of: key, at: now)
        if entry.leases.isEmpty, entry.waiting.isEmpty { entry.fields = [:] }
        entry.expiryCount += 1
        expiries.add(key, at: now)
        refuseLate(&entry, of: key, at: now)
        if !entry.waiting.isEmpty { enqueueRequests(key, &entry) }
        entries[key] = entry
        if !entry.leases.isEmpty {
            schedule(key, entry.failing == nil ? \.rechecks : \.retries, at: now)
        }
        keep(key)
        makeRoom()
        actions += startCalls()
        return deliver(at: now) + actions
    }

    /// Records an answer in its entry and decides about the requests and leases that wait for it.
    private mutating func take(
        _ answer: AuthRouteAnswer, for entry: inout Entry, of key: Key, at now: Duration
    ) -> [Action] {
        switch answer {
        case .admitted(let identity, _):
            entry.admitted(as: identity, at: now)
            serve(&entry, of: key)
            return []
        case .refused(let status):
            entry.notAdmitted()
            entry.refusal = (status, now)
            refusals.add(key, at: now)
            reply(&entry.waiting, .refused(status: status), on: key)
            return end(&entry.leases, .revoked(status: status))
        case .failed: return failed(&entry, of: key, at: now)
        }
    }

    // MARK: - Time

    /// Handles the passage of time: due rechecks, queue timeouts and expired answers.
    package mutating func timePassed(to now: Duration) -> [Action] {
        let ended = endUnconfirmed(at: now)
        for queue in [\AuthRouteCache.rechecks, \AuthRouteCache.retries] {
            while let (key, turn) = self[keyPath: queue].popFirst(through: now) {
                guard let entry = entries[key], entry.turn == turn, !entry.leases.isEmpty
                else { continue }
                isDue(key, at: now)
            }
        }
        while let key = refusals.popFirst(through: now) { forgetRefusal(of: key, at: now) }
        while let key = expiries.popFirst(through: now) {
            entries[key]?.expiryCount -= 1
            forget(key, olderThan: now)
        }
        refuseLate(at: now)
        let asked = startCalls()
        return ended + deliver(at: now) + asked
    }
}
