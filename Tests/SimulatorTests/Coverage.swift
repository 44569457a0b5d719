// SPDX-License-Identifier: MIT

import PasserelleHub

/// The newest message of a channel that a gap covers, by the gap's place in the log.
struct Coverage {
    private var places: [(sequence: UInt64, through: Int)] = []

    /// Records that all messages up to `number` are at or before a place.
    mutating func add(_ number: Int, at sequence: UInt64) {
        places.append((sequence, number))
    }

    /// Removes the places after `sequence`, because the log continues there after a restart.
    mutating func cut(to sequence: UInt64) {
        places.removeAll { $0.sequence > sequence }
    }

    /// Returns the newest message at or before a place.
    func through(_ sequence: UInt64) -> Int {
        places.filter { $0.sequence <= sequence }.map(\.through).max() ?? 0
    }
}

extension Channel {
    /// The end of the newest gap: its entry in the log, or the beginning of the log.
    var newestGapEnd: UInt64 {
        for index in stride(from: log.count - 1, through: 0, by: -1) {
            if case .gap = log[index].content { return log[index].sequence }
        }
        return horizon.sequence
    }
}
