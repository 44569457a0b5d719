// SPDX-License-Identifier: MIT

/// What happened to what a hub holds, for whoever keeps it: in the order in which it happened.
package enum Change {
    /// An entry came behind the one with the sequence number `previous` on its channel.
    case appended(Event, previous: UInt64)
    /// Messages were taken back, held or not.
    case buried(Burial)
    /// A channel is heard again; it holds nothing at or before its horizon.
    case heard(String, Channel.Horizon, at: WallTime)
    /// A channel is no longer heard.
    case silent(String, Channel.Horizon, at: WallTime)
    /// No channel is heard any more.
    case allSilent(at: WallTime)
    /// A member came or went, or is described anew.
    case seen(String, SeenMember)
}
