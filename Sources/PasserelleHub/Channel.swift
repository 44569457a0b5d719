// SPDX-License-Identifier: MIT

/// One channel: its subscription, log, members and readers.
package final class Channel {
    /// The state of the channel's subscription at Channels.
    package enum Subscription: Equatable, Sendable {
        /// Not wanted, so not subscribed; its last subscription ended at `since`, if known.
        case idle(since: WallTime?, reason: GapReason = .idle)
        /// Wanted, but not subscribed since it was last idle; the values are those of `idle`.
        case pending(idleSince: WallTime?, reason: GapReason = .idle)
        /// Subscribed.
        case live
        /// Wanted and subscribed before; the connection to Channels was lost at `since`.
        case away(since: WallTime)
        /// Channels refuses the subscription; the last one ended at `since`, if known.
        case refused(status: Int, message: String, since: WallTime?, reason: GapReason)
    }

    /// The sequence number after which all entries are available, and why earlier ones are missing.
    package struct Horizon: Equatable, Sendable {
        package var sequence: UInt64
        package var reason: GapReason
        /// When the missing period began and ended, if known; the journal does not store them.
        var since: WallTime?
        var until: WallTime?

        package init(sequence: UInt64, reason: GapReason) {
            self.sequence = sequence
            self.reason = reason
        }
    }

    package let name: String
    package internal(set) var subscription: Subscription = .idle(since: nil)
    package internal(set) var log = EventLog()
    /// Client events that are still live, kept outside the log so that they evict no messages.
    package internal(set) var ephemeralEvents = EventLog()
    package internal(set) var members = Members() { didSet { memberForms = MemberForms() } }
    /// The encoded member list; it is encoded once per change.
    package var memberForms = MemberForms()
    /// A member list that is deferred to the next second, as received, and its cost.
    var pendingList: (members: [Member], cost: Int)?
    /// A deferred member list in the form in which the channel holds it.
    var pendingMembers: Members?
    /// Users with delegated membership, by user id.
    package internal(set) var delegated: [ByteKey: Delegated] = [:] {
        didSet { memberForms.list = nil }
    }
    package internal(set) var horizon: Horizon
    /// True once Channels has confirmed a subscription, after which gaps are reported.
    package internal(set) var wasSubscribed = false
    /// True while the members are those of an earlier run of the gateway; changes since then are
    /// covered by the gap and add no entries.
    var hasFormerMembers = false
    /// True if the channel stays subscribed without readers.
    package internal(set) var isPinned = false
    /// The attached readers.
    package internal(set) var readers: [any Reader] = []
    /// When the channel last had a reader, on the steady clock.
    package internal(set) var lastRead: Duration
    /// The entries appended since readers were last notified; `nil` if there are no new entries.
    package internal(set) var update: ChannelUpdate?
    /// The sequence numbers of held messages, by key.
    var keys = MessageIndex()
    /// True while the channel is in the hub's list of pending updates.
    var hasPendingUpdates = false

    init(name: String, after sequence: UInt64, now: Duration) {
        self.name = name
        self.horizon = Horizon(sequence: sequence, reason: .idle)
        self.lastRead = now
    }

    /// When the newest entry came, client events included, on the steady clock, if any is held.
    package var newestReceivedAt: Duration? {
        [log.newest, ephemeralEvents.newest].compactMap { $0?.receivedAt }.max()
    }

    /// True for a public channel, which any client can read if the gateway serves it.
    package var isPublic: Bool { Self.isPublic(name) }

    package static func isPublic(_ name: String) -> Bool {
        !name.utf8.starts(with: "private-".utf8) && !name.utf8.starts(with: "presence-".utf8)
    }

    /// True while the channel is subscribed.
    package var isLive: Bool { subscription == .live }
}
