// SPDX-License-Identifier: MIT

/// How much of a channel's past is held: the first bound that is reached evicts the oldest.
package struct LogLimits: Equatable, Sendable {
    /// Entries a channel.
    package var events: Int
    /// Bytes a channel, counted as `EventLog.bytes`.
    package var bytes: Int
    /// The age at which an entry goes.
    package var age: Duration

    package init(events: Int = 512, bytes: Int = 1_048_576, age: Duration = .seconds(3600)) {
        self.events = events
        self.bytes = bytes
        self.age = age
    }
}

/// Which bound evicted an entry.
package enum LogBound: Sendable {
    case events, bytes, age
}

/// The bounded past of one channel: entries in rising order of their sequence numbers.
package struct EventLog {
    private var ring: [Event?] = []
    private var head = 0
    /// How many entries are held.
    package private(set) var count = 0
    private var entryBytes = 0

    /// Bytes counted for a log that holds anything, and for the channel that it is of.
    package static let fixedCost = 512
    /// What the log and the entries that it holds cost, in bytes.
    package var bytes: Int { count > 0 ? Self.fixedCost + entryBytes : 0 }

    package init() {}

    /// The held entry at an index from the oldest (0) to the newest.
    package subscript(index: Int) -> Event {
        precondition(index >= 0 && index < count, "index outside the log")
        guard let event = ring[(head + index) & (ring.count - 1)] else {
            preconditionFailure("a held slot is never empty")
        }
        return event
    }

    package var oldest: Event? { count > 0 ? self[0] : nil }
    package var newest: Event? { count > 0 ? self[count - 1] : nil }

    /// Adds the newest entry; its sequence lies above all others.
    package mutating func append(_ event: Event) {
        if count == ring.count { grow() }
        ring[(head + count) & (ring.count - 1)] = event
        count += 1
        entryBytes += event.cost
    }

    /// Takes the oldest entry out, if there is one.
    package mutating func removeOldest() -> Event? {
        guard count > 0 else { return nil }
        let event = self[0]
        ring[head] = nil
        head = (head + 1) & (ring.count - 1)
        count -= 1
        entryBytes -= event.cost
        if count == 0 { self = EventLog() }
        return event
    }

    /// Takes back the entry at an index, and answers how many bytes less that costs.
    mutating func retract(at index: Int) -> Int {
        let event = self[index]
        let before = event.cost
        event.retract()
        entryBytes -= before - event.cost
        return before - event.cost
    }

    /// The bound that the log exceeds, if any: then its oldest entry has to go.
    package func exceeded(_ limits: LogLimits, now: Duration) -> LogBound? {
        guard let oldest else { return nil }
        if count > limits.events { return .events }
        if bytes > limits.bytes { return .bytes }
        return now - oldest.heardAt > limits.age ? .age : nil
    }

    /// The index of the first entry above a sequence number; `count` where there is none.
    package func index(after sequence: UInt64) -> Int {
        var low = 0
        var high = count
        // Most readers are at the end, or one behind it.
        if high > 0, self[high - 1].sequence <= sequence { return high }
        if high > 1, self[high - 2].sequence <= sequence { return high - 1 }
        while low < high {
            let middle = (low + high) / 2
            if self[middle].sequence <= sequence { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func grow() {
        var larger: [Event?] = []
        let capacity = max(4, ring.count * 2)
        larger.reserveCapacity(capacity)
        for index in 0..<count { larger.append(self[index]) }
        larger.append(contentsOf: repeatElement(nil, count: capacity - count))
        ring = larger
        head = 0
    }
}
