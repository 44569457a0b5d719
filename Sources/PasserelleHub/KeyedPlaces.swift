// SPDX-License-Identifier: MIT

/// Where the held messages with a key are: nearly always one a key, more where it was said again.
struct KeyedPlaces {
    private var newest: [String: UInt64] = [:]
    private var older: [String: [UInt64]] = [:]

    /// Notes where a message with a key is.
    mutating func add(_ key: String, at sequence: UInt64) {
        if let before = newest.updateValue(sequence, forKey: key) {
            older[key, default: []].append(before)
        }
    }

    /// Takes out every place of a key.
    mutating func take(_ key: String) -> [UInt64] {
        guard let sequence = newest.removeValue(forKey: key) else { return [] }
        return (older.removeValue(forKey: key) ?? []) + [sequence]
    }

    /// Takes out one place of a key, if it is there.
    mutating func remove(_ key: String, at sequence: UInt64) {
        if newest[key] == sequence {
            newest[key] = older[key]?.popLast()
        } else {
            older[key]?.removeAll { $0 == sequence }
        }
        if older[key]?.isEmpty == true { older[key] = nil }
    }
}
