// SPDX-License-Identifier: MIT

package import PasserelleHub

/// Counts of the entries and gaps delivered to the readers of one surface.
package struct Deliveries: Equatable, Sendable {
    /// Entries delivered: events, members, refusals and gaps; an entry counts once per reader.
    package private(set) var entries: UInt64 = 0
    /// Gaps that are in no log: each was reported to one reader, because of its start position or
    /// because it fell behind.
    package private(set) var gaps = GapCounts()

    package init() {}

    /// Counts an entry that was delivered to a reader.
    mutating func delivered(_ entry: Entry) {
        entries &+= 1
        if case .gap(_, let gap) = entry { gaps[gap.reason] += 1 }
    }

    /// Counts events of a log that were delivered to a reader.
    mutating func delivered(events count: Int) {
        entries &+= UInt64(count)
    }

    /// Adds the counts of other readers.
    mutating func add(_ others: Deliveries) {
        entries &+= others.entries
        gaps = gaps + others.gaps
    }
}
