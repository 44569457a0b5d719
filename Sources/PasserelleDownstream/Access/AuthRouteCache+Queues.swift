// SPDX-License-Identifier: MIT

import PasserelleNet

/// Waiting requests and calls in progress.
extension AuthRouteCache {
    /// The maximum number of queue places per entry.
    static let placesPerEntry = 32

    /// The reason why a request cannot wait for a call.
    enum QueueRefusal {
        /// The queue is full.
        case overloaded
        /// The client has the maximum number of places in it.
        case tooManyFromClient
    }

    /// Returns the reason why a client's request cannot wait in a queue; `nil` if it can.
    ///
    /// `joins` is true if the request waits for a call that other requests wait for.
    func refusal(to client: PeerAddress?, in queue: Queue, joins: Bool) -> QueueRefusal? {
        if let client,
            waitingOfClient[queue.rawValue][client] ?? 0 >= limits.queuePerClient
        {
            return .tooManyFromClient
        }
        return !joins && queues[queue.rawValue].count >= limits.queue ? .overloaded : nil
    }

    mutating func refuse(_ refusal: QueueRefusal) -> Verdict {
        switch refusal {
        case .overloaded:
            tally.overloaded += 1
            return .overloaded(retryAfter: nextSpread())
        case .tooManyFromClient:
            tally.tooManyFromClient += 1
            return .tooManyFromClient(retryAfter: nextSpread())
        }
    }

    /// Queues a recheck of a key's streams; the call counts for the client of the last one.
    mutating func enqueueCheck(_ key: Key, _ entry: Entry) {
        var entry = entry
        dequeue(&entry)
        addPlace(for: entry.client, in: .rechecks, of: key, &entry)
        entry.phase = .queuedForRecheck
        entries[key] = entry
    }

    /// Queues a call for the requests that wait for a key's answer, in the line of each client, as
    /// if that client were the only one.
    mutating func enqueueRequests(_ key: Key, _ entry: inout Entry) {
        dequeue(&entry)
        entry.phase = .waiting
        for waiting in entry.waiting {
            addPlace(for: waiting.client, in: entry.queue, of: key, &entry)
            if entry.places.count >= Self.placesPerEntry { break }
        }
    }

    /// Adds a place for a client without one; the first place is always added, others if there is
    /// room.
    mutating func addPlace(
        for client: PeerAddress?, in queue: Queue, of key: Key, _ entry: inout Entry
    ) {
        guard !entry.places.contains(where: { $0.client == client }) else { return }
        let hasRoom =
            entry.places.count < Self.placesPerEntry && queues[queue.rawValue].count < limits.queue
        guard entry.places.isEmpty || hasRoom else { return }
        let number = queues[queue.rawValue].add((key, client), of: client)
        entry.places.append(Place(queue: queue, client: client, number: number))
    }

    /// Removes an entry from its queue, if any.
    mutating func dequeue(_ entry: inout Entry) {
        guard !entry.places.isEmpty else { return }
        for place in entry.places {
            queues[place.queue.rawValue].remove(place.number, of: place.client)
        }
        entry.places = []
        entry.phase = .idle
    }

    /// Removes an entry from one client's line; places of other clients remain.
    mutating func dequeue(_ entry: inout Entry, of client: PeerAddress?) {
        guard let index = entry.places.firstIndex(where: { $0.client == client }) else { return }
        let place = entry.places.remove(at: index)
        queues[place.queue.rawValue].remove(place.number, of: client)
    }

    /// Starts as many calls as the limit allows; the queues take turns, and the clients in each
    /// queue.
    mutating func startCalls() -> [Action] {
        var actions: [Action] = []
        while calls < limits.concurrency, let (key, client) = takeNext() {
            guard var entry = entries[key] else { continue }
            calls += 1
            tally.calls += 1
            if let client { callsOfClient[client, default: 0] += 1 }
            dequeue(&entry)
            entry.phase = .asking
            entry.client = client
            entry.call = nextID()
            if let index = entry.waiting.firstIndex(where: { $0.client == client }) {
                release(&entry.waiting[index])
            }
            entries[key] = entry
            actions.append(.ask(key, entry.fields))
        }
        return actions
    }

    mutating func callEnded(for client: PeerAddress?) {
        calls -= 1
        guard let client, let count = callsOfClient[client] else { return }
        callsOfClient[client] = count > 1 ? count - 1 : nil
    }

    private mutating func takeNext() -> (key: Key, client: PeerAddress?)? {
        let bound = limits.callsPerClient
        let counts = callsOfClient
        let count = Queue.allCases.count
        for step in 1...count {
            let index = (lastQueue.rawValue + step) % count
            let next = queues[index].popFirst { client in
                client.map { counts[$0] ?? 0 < bound } ?? true
            }
            guard let next else { continue }
            lastQueue = Queue.allCases[index]
            return next
        }
        return nil
    }

    mutating func schedule(
        _ key: Key, _ queue: WritableKeyPath<AuthRouteCache, DelayQueue<(key: Key, turn: UInt64)>>,
        at now: Duration
    ) {
        lastTurn += 1
        entries[key]?.turn = lastTurn
        self[keyPath: queue].add((key, lastTurn), at: now)
    }

    /// Returns the seconds until a retry; consecutive values differ, so that requests refused
    /// together do not retry together.
    mutating func nextSpread() -> Int {
        spread = (spread + 1) % limits.spread
        return spread + 1
    }
}
