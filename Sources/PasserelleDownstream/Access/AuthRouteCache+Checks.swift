// SPDX-License-Identifier: MIT

import PasserelleNet

/// Checks of single channels, and their waiting.
extension AuthRouteCache {
    /// A request that waits for the answer about one channel.
    struct Waiting {
        let id: RequestID
        let client: PeerAddress?
        let isBrief: Bool
        /// The queue in which it counts for its client, and the start of its wait.
        let queue: Queue
        let since: Duration
        /// True while it counts; false once a call was started for it.
        var isCounted: Bool
    }

    /// Checks one channel of a request.
    ///
    /// Returns the verdict if it needs no call. Otherwise the request waits for it.
    mutating func check(
        _ key: Key, for id: RequestID, _ request: Request, _ actions: inout [Action],
        at now: Duration
    ) -> Verdict? {
        if isOutdated(key) { entries[key]?.notAdmitted() }
        var entry = entries[key] ?? Entry()
        if let verdict = known(entry, isBrief: request.isBrief, at: now) {
            tally.remembered += 1
            return verdict
        }
        let (client, queue) = (request.client, entry.queue)
        let joins = entry.phase == .waiting || entry.phase == .asking
        // A joining request costs a call only if every call names another user.
        let isCounted = !joins || entry.naming == .changing
        if let refusal = refusal(to: isCounted ? client : nil, in: queue, joins: joins) {
            guard refusal == .overloaded, removeQueuedCheck(toAdmit: client, in: queue) else {
                return covered(entry, at: now) ?? refuse(refusal)
            }
        }
        entry.waiting.append(
            Waiting(
                id: id, client: client, isBrief: request.isBrief, queue: queue, since: now,
                isCounted: isCounted))
        if isCounted, let client { waitingOfClient[queue.rawValue][client, default: 0] += 1 }
        waits.add((key, id), at: now)
        if joins {
            tally.joined += 1
            if entry.phase == .waiting { addPlace(for: client, in: queue, of: key, &entry) }
        } else {
            entry.fields = request.fields
            enqueueRequests(key, &entry)
        }
        entries[key] = entry
        actions += startCalls()
        return nil
    }

    /// Makes room in a full queue by refusing the newest request of the client with the most
    /// waiting requests, unless the requesting client would then have as many; returns true if
    /// there is room.
    private mutating func removeQueuedCheck(toAdmit client: PeerAddress?, in queue: Queue) -> Bool {
        let counts = waitingOfClient[queue.rawValue]
        let own = client.flatMap { counts[$0] } ?? 0
        guard let most = counts.max(by: { $0.value < $1.value }), most.value > own + 1,
            let (key, _) = queues[queue.rawValue].last(of: most.key)
        else { return false }
        var hasRoom = false
        for waiting in entries[key]?.waiting ?? [] where waiting.client == most.key {
            guard remove(waiting.id, from: key) else { continue }
            hasRoom = true
            verdicts.append(
                ChannelVerdict(id: waiting.id, key: key, verdict: refuse(.tooManyFromClient)))
        }
        return hasRoom
    }

    /// Gives the verdict of the last call to the requests that it covers; requests that need their
    /// own call remain.
    mutating func serve(_ entry: inout Entry, of key: Key) {
        switch entry.naming {
        case .none, .repeated:
            let verdict = entry.admission(as: entry.identity)
            reply(&entry.waiting, verdict, on: key, by: entry.call)
        case .once: serveOne(&entry, of: key)
        case .changing:
            var brief = entry.waiting.filter(\.isBrief)
            entry.waiting.removeAll(where: \.isBrief)
            reply(&brief, entry.admission(as: nil), on: key, by: entry.call)
            serveOne(&entry, of: key)
        }
    }

    /// Gives the identity to one request of the client that caused the call; the client's other
    /// requests move behind those of other clients.
    private mutating func serveOne(_ entry: inout Entry, of key: Key) {
        let client = entry.client
        let first = entry.waiting.firstIndex { $0.client == client }
        guard let index = first ?? entry.waiting.indices.first else { return }
        var served = [entry.waiting.remove(at: index)]
        reply(&served, entry.admission(as: entry.identity), on: key, by: entry.call)
        let others = entry.waiting.filter { $0.client != client }
        if !others.isEmpty {
            entry.waiting = others + entry.waiting.filter { $0.client == client }
        }
    }

    /// Gives a verdict to requests; `call` is the call that authorized them, if it ends only now.
    mutating func reply(
        _ waiting: inout [Waiting], _ verdict: Verdict, on key: Key, by call: CallID? = nil
    ) {
        for index in waiting.indices {
            release(&waiting[index])
            verdicts.append(
                ChannelVerdict(id: waiting[index].id, key: key, verdict: verdict, call: call))
        }
        waiting = []
    }

    /// Stops counting a request among its client's waiting ones.
    mutating func release(_ waiting: inout Waiting) {
        guard waiting.isCounted else { return }
        waiting.isCounted = false
        let queue = waiting.queue.rawValue
        guard let client = waiting.client, let count = waitingOfClient[queue][client]
        else { return }
        waitingOfClient[queue][client] = count > 1 ? count - 1 : nil
    }

    // MARK: - Queue timeouts

    /// Refuses requests that have waited for a call for too long.
    mutating func refuseLate(at now: Duration) {
        while let (key, id) = waits.popFirst(through: now) {
            guard let entry = entries[key], entry.phase == .waiting else { continue }
            let verdict = covered(entry, at: now)
            guard remove(id, from: key) else { continue }
            verdicts.append(
                ChannelVerdict(id: id, key: key, verdict: verdict ?? refuse(.overloaded)))
        }
    }

    /// Refuses requests that the last call did not cover and that have waited too long to wait for
    /// another one.
    mutating func refuseLate(_ entry: inout Entry, of key: Key, at now: Duration) {
        let since = now - limits.queueWait
        var late = entry.waiting.filter { $0.since <= since }
        guard !late.isEmpty else { return }
        entry.waiting.removeAll { $0.since <= since }
        let verdict = covered(entry, at: now) ?? refuse(.overloaded)
        reply(&late, verdict, on: key, by: entry.call)
    }

    /// Removes a request; returns `false` if it was not waiting.
    mutating func remove(_ id: RequestID, from key: Key) -> Bool {
        guard var entry = entries[key],
            let index = entry.waiting.firstIndex(where: { $0.id == id })
        else { return false }
        var gone = entry.waiting.remove(at: index)
        release(&gone)
        if entry.phase == .waiting {
            if entry.waiting.isEmpty {
                dequeue(&entry)
                // A stream shares the call, and has its own queue for rechecks.
                if !entry.leases.isEmpty {
                    enqueueCheck(key, entry)
                    return true
                }
            } else if !entry.waiting.contains(where: { $0.client == gone.client }) {
                dequeue(&entry, of: gone.client)
                if entry.places.isEmpty { enqueueRequests(key, &entry) }
            }
        }
        entries[key] = entry
        forgetIfEmpty(key)
        return true
    }
}
