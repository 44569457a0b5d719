// SPDX-License-Identifier: MIT

import PasserelleHub

/// Up to which of a channel's messages a gap speaks for, by the gap's place in the log.
struct Coverage {
    private var places: [(sequence: UInt64, through: Int)] = []

    /// Everything up to `number` lies at or before a place.
    mutating func add(_ number: Int, at sequence: UInt64) {
        places.append((sequence, number))
    }

    /// The gateway's log goes on behind a place: what lay further on lies behind the gap to come.
    mutating func cut(to sequence: UInt64) {
        places.removeAll { $0.sequence > sequence }
    }

    /// The newest message that lies at or before a place.
    func through(_ sequence: UInt64) -> Int {
        places.filter { $0.sequence <= sequence }.map(\.through).max() ?? 0
    }
}

extension Channel {
    /// Where the newest hole ends: at the newest gap in the log, or where the log begins.
    var newestHole: UInt64 {
        for index in stride(from: log.count - 1, through: 0, by: -1) {
            if case .gap = log[index].content { return log[index].sequence }
        }
        return horizon.sequence
    }
}
