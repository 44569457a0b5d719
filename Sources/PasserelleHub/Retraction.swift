// SPDX-License-Identifier: MIT

/// The messages that a deletion retracts: those with a key on a channel, up to a sequence number.
package struct Retraction: Hashable, Sendable {
    package let channel: String
    package let key: String
    /// Messages above this sequence number are kept.
    package let through: UInt64

    package static func == (left: Retraction, right: Retraction) -> Bool {
        left.through == right.through && left.key.hasSameBytes(as: right.key)
            && left.channel == right.channel
    }

    package func hash(into hasher: inout Hasher) {
        key.hashBytes(into: &hasher)
        hasher.combine(through)
    }

    /// True for a message that the retraction covers.
    package func covers(_ event: JournalEvent) -> Bool {
        guard case .message = event.content else { return false }
        return isKey(event.key) && event.sequence <= through && event.channel == channel
    }

    /// True for a message that the retraction covers, even if it is already a tombstone.
    package func covers(_ event: Event) -> Bool {
        isKey(event.key) && event.sequence <= through && event.channel == channel
    }

    private func isKey(_ other: String?) -> Bool { other?.hasSameBytes(as: key) == true }
}

/// The sequence numbers of held messages, by key; nearly every key has one.
struct MessageIndex {
    private var newest: [ByteKey: UInt64] = [:]
    private var older: [ByteKey: [UInt64]] = [:]

    /// Adds the sequence number of a message with a key.
    mutating func add(_ key: String, at sequence: UInt64) {
        let key = ByteKey(key)
        if let before = newest.updateValue(sequence, forKey: key) {
            older[key, default: []].append(before)
        }
    }

    /// Removes and returns all sequence numbers of a key.
    mutating func take(_ key: String) -> [UInt64] {
        let key = ByteKey(key)
        guard let sequence = newest.removeValue(forKey: key) else { return [] }
        return (older.removeValue(forKey: key) ?? []) + [sequence]
    }

    /// Removes one sequence number of a key, if present.
    mutating func remove(_ key: String, at sequence: UInt64) {
        let key = ByteKey(key)
        if newest[key] == sequence {
            newest[key] = older[key]?.popLast()
        } else {
            older[key]?.removeAll { $0 == sequence }
        }
        if older[key]?.isEmpty == true { older[key] = nil }
    }
}
