// SPDX-License-Identifier: MIT

/// The bounded log of one channel: entries in ascending order of their sequence numbers.
package struct EventLog {
    private var ring: [Event?] = []
    private var head = 0
    /// The number of held entries.
    package private(set) var count = 0
    private var entryBytes = 0

    /// The bytes counted for a log that is not empty, and for its channel.
    package static let fixedCost = 512
    /// The cost of the log and its entries, in bytes.
    package var bytes: Int { count > 0 ? Self.fixedCost + entryBytes : 0 }

    /// Returns the held entry at an index, from the oldest (0) to the newest.
    package subscript(index: Int) -> Event {
        precondition(index >= 0 && index < count, "index outside the log")
        guard let event = ring[(head + index) & (ring.count - 1)] else {
            preconditionFailure("a held slot is never empty")
        }
        return event
    }

    package var oldest: Event? { count > 0 ? self[0] : nil }
    package var newest: Event? { count > 0 ? self[count - 1] : nil }

    /// Appends an entry; its sequence number must be greater than all others.
    package mutating func append(_ event: Event) {
        if count == ring.count { grow() }
        ring[(head + count) & (ring.count - 1)] = event
        count += 1
        entryBytes += event.cost
    }

    /// Removes the oldest entry and returns it, if there is one.
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

    /// Retracts the entry at an index, and returns the number of bytes by which the cost decreases.
    mutating func retract(at index: Int) -> Int {
        let event = self[index]
        let before = event.cost
        event.retract()
        entryBytes -= before - event.cost
        return before - event.cost
    }

    /// Returns the limit that the log exceeds, if any; the oldest entry must then be removed.
    package func exceeded(_ limits: LogLimits, now: Duration) -> LogLimit? {
        guard let oldest else { return nil }
        if count > limits.events { return .events }
        if bytes > limits.bytes { return .bytes }
        return now - oldest.receivedAt > limits.age ? .age : nil
    }

    /// Returns the index of the first entry above a sequence number, or `count` without one.
    package func index(after sequence: UInt64) -> Int {
        var low = 0
        var high = count
        // Most readers are at the end, or one entry behind it.
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

/// The entries appended to one channel in one turn.
package struct ChannelUpdate {
    /// The sequence number before the update; a reader below it lacks older entries too.
    package let previous: UInt64
    /// The first new entry's sequence number.
    package let first: UInt64
    /// True if the events include a client event with a known sender.
    package internal(set) var hasSender = false
    /// The new entries, in order.
    package internal(set) var events: [Event]
}

/// The next item for a reader.
package enum Entry {
    /// The channel's members; unless the reader accepts held members, it is subscribed.
    case snapshot(Channel)
    /// Channels refuses the subscription.
    case refusal(Channel, status: Int, message: String)
    /// Entries of the channel are missing at this point.
    case gap(Channel, Gap)
    /// An entry of the log.
    case event(Event)
}
