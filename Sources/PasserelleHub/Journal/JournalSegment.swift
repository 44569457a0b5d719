// SPDX-License-Identifier: MIT

/// One file of the journal, as far as what is in it has to be found again.
package struct JournalSegment {
    /// Where a message's record lies.
    struct Place: Equatable {
        var sequence: UInt64
        var offset: UInt32
        var bytes: UInt32
    }

    package let number: Int
    /// Bytes that it has or will have once all is written that was handed over.
    package internal(set) var bytes = 0
    /// Bytes that are known to be on the disk: where it is cut when a write fails.
    var certain = 0
    /// By hash, in many small parts: one that grows is moved, and that must not take long.
    private var places = [[Int: Place]](repeating: [:], count: parts)
    private var more: [Int: [Place]] = [:]
    private static let parts = 64

    init(number: Int) {
        self.number = number
    }

    /// Notes where the record of a message that can be taken back lies.
    mutating func add(_ event: JournalEvent, at offset: Int, bytes: Int) {
        guard let key = event.key, case .message = event.content else { return }
        let place = Place(
            sequence: event.sequence, offset: UInt32(clamping: offset),
            bytes: UInt32(clamping: bytes))
        let hash = Self.hash(event.channel, key)
        if places[hash & (Self.parts - 1)][hash] == nil {
            places[hash & (Self.parts - 1)][hash] = place
        } else {
            more[hash, default: []].append(place)
        }
    }

    /// Takes out where messages lie that a burial covers.
    mutating func take(_ burial: Burial) -> [Place] {
        let hash = Self.hash(burial.channel, burial.key)
        let first = places[hash & (Self.parts - 1)].removeValue(forKey: hash)
        let all = [first].compactMap(\.self) + (more.removeValue(forKey: hash) ?? [])
        let later = all.filter { $0.sequence > burial.through }
        if let first = later.first { places[hash & (Self.parts - 1)][hash] = first }
        if later.count > 1 { more[hash] = Array(later.dropFirst()) }
        return all.filter { $0.sequence <= burial.through }
    }

    /// Forgets what lies behind so many bytes.
    mutating func cut(to end: Int) {
        bytes = end
        for part in places.indices {
            places[part] = places[part].filter { Int($0.value.offset) < end }
        }
        for (hash, rest) in more { more[hash] = rest.filter { Int($0.offset) < end } }
    }

    /// Equal hashes of different keys do no harm: the record itself is looked at before it goes.
    private static func hash(_ channel: String, _ key: String) -> Int {
        var hasher = Hasher()
        hasher.combine(channel)
        hasher.combine(key)
        return hasher.finalize()
    }
}
