// SPDX-License-Identifier: MIT

/// The reason why entries may be missing in a log.
package enum GapReason: String, CaseIterable, Equatable, Sendable {
    /// The connection to Channels was lost.
    case upstream
    /// The channel had no readers, so it was not subscribed.
    case idle
    /// The gateway was not running.
    case restart
    /// The entries were evicted from the log before the reader received them.
    case evicted
    /// The reader sent a position that this gateway does not know.
    case unknownPosition = "unknown-position"
    /// A number of the application's own sequence did not arrive: an event is certainly missing.
    case sequence
}

/// A point in a log at which entries may be missing.
package struct Gap: Equatable, Sendable {
    package let reason: GapReason
    /// When the gap began, if known.
    package var since: WallTime?
    /// When the gap ended, if known.
    package var until: WallTime?
    /// The position that the reader sent, or the one that it had reached.
    package var from: Position?

    package init(
        _ reason: GapReason, since: WallTime? = nil, until: WallTime? = nil, from: Position? = nil
    ) {
        self.reason = reason
        self.since = since
        self.until = until
        self.from = from
    }
}

/// Numbers of occurrences, by kind.
package struct Counts<Kind: Hashable & Sendable>: Equatable, Sendable {
    private var counts: [Kind: UInt64] = [:]

    package init() {}

    /// The number of occurrences of this kind.
    package subscript(kind: Kind) -> UInt64 {
        get { counts[kind] ?? 0 }
        set { counts[kind] = newValue == 0 ? nil : newValue }
    }

    /// The number of all occurrences.
    package var total: UInt64 { counts.values.reduce(0, +) }

    /// Returns the sums of two sets of counts.
    package static func + (one: Counts, other: Counts) -> Counts {
        var sum = one
        sum.counts.merge(other.counts, uniquingKeysWith: +)
        return sum
    }
}

/// The number of gaps, by reason.
package typealias GapCounts = Counts<GapReason>

/// The hub's counters since its start.
package struct Counters: Equatable, Sendable {
    /// Entries that were appended, except gaps.
    package var events: UInt64 = 0
    /// Gaps that were appended as entries, for all readers of a channel.
    package var gaps = GapCounts()
    package var retractions: UInt64 = 0
    package var evictedByCount: UInt64 = 0
    package var evictedByBytes: UInt64 = 0
    package var evictedByAge: UInt64 = 0
    /// Entries evicted because all data together exceeded `totalBytes`.
    package var evictedByMemory: UInt64 = 0
    /// Entries evicted with a channel that was dropped for others.
    package var evictedWithChannel: UInt64 = 0
    /// Events for a channel that was not wanted, or not subscribed yet; a gap covers them.
    package var unrequested: UInt64 = 0
    /// Members without their `user_info`, because it was too large or the memory limit was reached.
    package var memberInfosDropped: UInt64 = 0
    /// Members ignored: too many, too long an id, or the memory limit was reached.
    package var membersDropped: UInt64 = 0
    /// Member lists deferred to the next second.
    package var listsDeferred: UInt64 = 0
    /// Channels dropped before their time, for others.
    package var channelsEvicted: UInt64 = 0
    /// Events renamed because their name was like one of the gateway's own.
    package var renamed: UInt64 = 0

    package init() {}
}
