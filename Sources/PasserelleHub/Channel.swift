// SPDX-License-Identifier: MIT

/// One channel: its subscription, its log, its members, and who reads it.
package final class Channel {
    /// How the gateway stands with Channels about this channel.
    package enum Subscription: Equatable, Sendable {
        /// Not wanted, so not subscribed; since when it is not heard and why, where it ever was.
        case idle(since: WallTime?, reason: GapReason = .idle)
        /// Wanted, and never heard since it was last idle; since when it was not heard before that.
        case pending(idleSince: WallTime?, reason: GapReason = .idle)
        /// Heard.
        case live
        /// Wanted and heard before, but the connection is away since then.
        case away(since: WallTime)
        /// Channels says no; `since` is when it was last heard, where it ever was.
        case refused(status: Int, message: String, since: WallTime?, reason: GapReason)
    }

    /// From where on a cursor finds everything, and why what lies before is missing.
    package struct Horizon: Equatable, Sendable {
        package var sequence: UInt64
        package var reason: GapReason

        package init(sequence: UInt64, reason: GapReason) {
            self.sequence = sequence
            self.reason = reason
        }
    }

    package let name: String
    package internal(set) var subscription: Subscription = .idle(since: nil)
    package internal(set) var log = EventLog()
    /// Client events that are not stale yet: beside the log, so that they push nothing out of it.
    package internal(set) var ephemera = EventLog()
    package internal(set) var members = Members()
    /// Users who are to be members by the gateway's own doing, by their ids.
    package internal(set) var delegated: [String: Delegated] = [:]
    package internal(set) var horizon: Horizon
    /// True once Channels has answered a subscription, so that there is a cache to speak of.
    package internal(set) var wasHeard = false
    /// True while the members are those of an earlier life of the gateway, so that who came or went
    /// meanwhile is for the gap to tell.
    var hasFormerMembers = false
    /// True for a channel that stays subscribed with no reader.
    package internal(set) var isPinned = false
    /// Every reader that is attached.
    package internal(set) var readers: [any Reader] = []
    /// When somebody last read it, on the steady clock.
    package internal(set) var lastRead: Duration
    /// What came since readers were last told; `nil` when nothing did.
    package internal(set) var news: News?
    /// Where the held messages with a key are.
    var keys = KeyedPlaces()
    /// True while the channel stands in the hub's list of channels to tell of.
    var isToBeTold = false

    init(name: String, after sequence: UInt64, now: Duration) {
        self.name = name
        self.horizon = Horizon(sequence: sequence, reason: .idle)
        self.lastRead = now
    }

    /// When the newest entry came, client events included, on the steady clock; `nil` where none is
    /// held.
    package var newestHeardAt: Duration? {
        [log.newest, ephemera.newest].compactMap { $0?.heardAt }.max()
    }

    /// True when the gateway hears the channel now.
    package var isLive: Bool { subscription == .live }
}
