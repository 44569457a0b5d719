// SPDX-License-Identifier: MIT

/// One file of the journal, with the locations of the messages that can be retracted.
package struct JournalSegment {
    /// The location of a message's record.
    private struct Place {
        var sequence: UInt64
        var offset: UInt32
        var bytes: UInt32
    }

    /// The greatest number that a new segment can have.
    ///
    /// A file with a greater number is read too, but counts as damage, so that everything is
    /// rewritten and the file is removed.
    package static let greatestNumber = 1 << 48

    package let number: Int
    /// The length of the file once all operations issued so far are complete.
    package internal(set) var bytes = 0
    /// The length once the batch under way is complete.
    var batchEnd = 0
    /// The length known to be on the disk; the file is truncated to it if a write fails.
    var syncedBytes = 0
    /// Locations by hash, in many small parts: a dictionary that grows is moved, and moving one of
    /// 100,000 locations would block the loop for 8 ms.
    private var places = [[Int: Place]](repeating: [:], count: parts)
    /// Further locations of the same hash.
    private var more: [Int: [Place]] = [:]
    private static let parts = 64

    init(number: Int) {
        self.number = number
    }

    /// Records the location of a message that can be retracted.
    mutating func add(_ event: JournalEvent, at offset: Int, bytes: Int) {
        guard let key = event.key, case .message = event.content else { return }
        let place = Place(
            sequence: event.sequence, offset: UInt32(clamping: offset),
            bytes: UInt32(clamping: bytes))
        let hash = Self.hash(event.channel, key)
        if self[hash] == nil {
            self[hash] = place
        } else {
            more[hash, default: []].append(place)
        }
    }

    /// Returns the operations that retract messages, and removes the locations of these.
    mutating func retract(_ retraction: Retraction) -> [DiskOperation] {
        let hash = Self.hash(retraction.channel, retraction.key)
        let all = [self[hash]].compactMap(\.self) + (more.removeValue(forKey: hash) ?? [])
        let later = all.filter { $0.sequence > retraction.through }
        self[hash] = later.first
        if later.count > 1 { more[hash] = Array(later.dropFirst()) }
        return all.filter { $0.sequence <= retraction.through }.map {
            .retract(segment: number, at: Int($0.offset), bytes: Int($0.bytes), retraction)
        }
    }

    /// Truncates the segment to a length, and removes the locations beyond it.
    mutating func cut(to end: Int) {
        bytes = end
        for part in places.indices {
            places[part] = places[part].filter { Int($0.value.offset) < end }
        }
        for (hash, rest) in more { more[hash] = rest.filter { Int($0.offset) < end } }
    }

    private subscript(hash: Int) -> Place? {
        get { places[hash & (Self.parts - 1)][hash] }
        set { places[hash & (Self.parts - 1)][hash] = newValue }
    }

    /// Equal hashes of different keys are harmless: the record is checked before it is overwritten.
    private static func hash(_ channel: String, _ key: String) -> Int {
        var hasher = Hasher()
        hasher.combine(channel)
        hasher.combine(key)
        return hasher.finalize()
    }
}
