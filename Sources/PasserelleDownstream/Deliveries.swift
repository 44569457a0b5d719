// SPDX-License-Identifier: MIT

package import PasserelleHub

/// What the readers of one surface were told.
package struct Deliveries: Equatable, Sendable {
    /// Entries: events, members, refusals and gaps, each once a reader.
    package private(set) var entries: UInt64 = 0
    /// Gaps that stand in no log: told to one reader, for where it began or how far it fell behind.
    package private(set) var gaps = GapCounts()

    package init() {}

    /// Notes an entry that a reader was told.
    mutating func told(_ entry: Entry) {
        entries &+= 1
        if case .gap(_, let gap) = entry { gaps[gap.reason] += 1 }
    }

    /// Notes events of a log that a reader was told.
    mutating func told(events count: Int) {
        entries &+= UInt64(count)
    }

    /// Adds what others were told.
    mutating func add(_ others: Deliveries) {
        entries &+= others.entries
        gaps = gaps + others.gaps
    }
}
