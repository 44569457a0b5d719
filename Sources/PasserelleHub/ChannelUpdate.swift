// SPDX-License-Identifier: MIT

/// The entries appended to one channel in one turn.
package struct ChannelUpdate {
    /// The sequence number before the update; a reader below it lacks older entries too.
    package let previous: UInt64
    /// The first new entry's sequence number.
    package let first: UInt64
    /// True if the events include a client event with a known sender.
    package internal(set) var hasSender = false
    /// The new entries, in order.
    package internal(set) var events: [Event]
}
