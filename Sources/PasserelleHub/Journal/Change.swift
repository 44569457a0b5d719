// SPDX-License-Identifier: MIT

/// A change of the hub's state, for the journal; changes are in the order in which they happened.
package enum Change {
    /// An entry was appended; `previous` is the sequence number before it on its channel.
    case appended(Event, previous: UInt64)
    /// Messages were retracted, held or not.
    case retracted(Retraction)
    /// A channel was subscribed; it holds no entry at or before its horizon.
    case subscribed(String, Channel.Horizon, at: WallTime)
    /// A channel's subscription ended.
    case unsubscribed(String, Channel.Horizon, at: WallTime)
    /// The subscriptions of all channels ended.
    case allUnsubscribed(at: WallTime)
    /// A member arrived, left, or has a new `user_info`.
    case seen(String, SeenMember)
}
