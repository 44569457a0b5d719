// SPDX-License-Identifier: MIT

/// The next item for a reader.
package enum Entry {
    /// The channel's members; unless the reader accepts held members, it is subscribed.
    case snapshot(Channel)
    /// Channels refuses the subscription.
    case refusal(Channel, status: Int, message: String)
    /// Entries of the channel are missing at this point.
    case gap(Channel, Gap)
    /// An entry of the log.
    case event(Event)
}
