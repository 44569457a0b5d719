// SPDX-License-Identifier: MIT

/// The bounds and names that a hub is built with.
package struct HubConfiguration: Sendable {
    /// Each channel's log bounds.
    package var log = LogLimits()
    /// Bytes that all logs together may hold, counted as `EventLog.bytes`.
    package var totalBytes = 256 * 1_048_576
    /// How long a channel without readers stays subscribed.
    package var linger: Duration = .seconds(600)
    /// The gateway's own member, hidden from every list and event.
    package var hiddenMember = "passerelle"
    /// Members that are known on one channel at most; Channels itself has a hundred.
    package var membersPerChannel = 10_000
    /// Channels that stay subscribed with no reader.
    package var pinned: [String] = []

    package init() {}
}

/// What the hub has counted since it began.
package struct Counters: Equatable, Sendable {
    /// Entries that were appended, gaps apart.
    package var events: UInt64 = 0
    /// Gaps that were appended, as entries for all readers of a channel.
    package var gaps = GapCounts()
    package var retractions: UInt64 = 0
    package var evictedByCount: UInt64 = 0
    package var evictedByBytes: UInt64 = 0
    package var evictedByAge: UInt64 = 0
    /// Entries that went because all logs together passed their bound.
    package var evictedByMemory: UInt64 = 0
    /// Events that came for a channel that was not asked for, or whose subscription was not yet
    /// answered; a gap speaks for them.
    package var unasked: UInt64 = 0

    package init() {}
}
