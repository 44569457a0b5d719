// SPDX-License-Identifier: MIT

/// The limits and names of a hub.
package struct HubConfiguration: Sendable {
    /// The limits of each channel's log.
    package var log = LogLimits()
    /// Bytes of all logs and all member data together, counted as `EventLog.bytes`, `Member.cost`
    /// and `SeenMember.cost`.
    package var totalBytes = 256 * 1_048_576
    /// Bytes of one member's `user_info`; a larger one is left out.
    package var memberInfoBytes = 16_384
    /// The time for which a channel without readers stays subscribed.
    package var linger: Duration = .seconds(600)
    /// The user id of the gateway's own member, which is hidden from every list and event.
    package var hiddenMember = "passerelle"
    /// Members per channel; Channels itself allows a hundred.
    package var membersPerChannel = 10_000
    /// Channels that stay subscribed without readers.
    package var pinned: [String] = []

    package init() {}

    /// Bytes of a member's id; a member with a longer id is ignored.
    ///
    /// Channels allows 128 characters.
    package static let memberIDBytes = 512
    /// Bytes of the members of all channels: a quarter of `totalBytes`.
    package var memberBytes: Int { totalBytes / 4 }
    /// Bytes of the members of one channel: half of `memberBytes`.
    package var channelMemberBytes: Int { memberBytes / 2 }
    /// Bytes of the users that are remembered: an eighth of `totalBytes`.
    package var seenBytes: Int { totalBytes / 8 }
}

/// The limits of a channel's log; if one is exceeded, the oldest entry is evicted.
package struct LogLimits: Equatable, Sendable {
    /// The number of entries per channel.
    package var events: Int
    /// The number of bytes per channel, counted as `EventLog.bytes`.
    package var bytes: Int
    /// The age at which an entry is evicted.
    package var age: Duration

    package init(events: Int = 512, bytes: Int = 1_048_576, age: Duration = .seconds(3600)) {
        self.events = events
        self.bytes = bytes
        self.age = age
    }
}

/// The limit that evicted an entry.
package enum LogLimit: Sendable {
    case events, bytes, age
}
