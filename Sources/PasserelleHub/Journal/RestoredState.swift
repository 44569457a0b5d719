// SPDX-License-Identifier: MIT

/// The state that an earlier run of the gateway left, with which a hub begins.
package struct RestoredState {
    /// The state of one channel.
    package struct Channel {
        package let name: String
        /// True if Channels had confirmed a subscription.
        package let wasSubscribed: Bool
        package let horizon: PasserelleHub.Channel.Horizon
        /// The held entries, in ascending order, with a gap at each place with missing entries.
        package let events: [Event]
        /// When its subscription ended, as far as known; never later than the actual time.
        package let since: WallTime?
    }

    /// The epochs of earlier runs; `nil` if this is the first run.
    package let epochs: EpochHistory?
    /// The last sequence number known to have been issued.
    package let sequence: UInt64
    /// The last time at which the gateway was running, as far as known.
    package let time: WallTime?
    package let channels: [Channel]
    package let seenMembers: SeenMembers
}
