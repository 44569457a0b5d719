// SPDX-License-Identifier: MIT

/// Where a reader begins.
package enum Start: Equatable, Sendable {
    /// With what is said from now on.
    case now
    /// With the oldest entry that is held.
    case earliest
    /// With the last so many messages that are held.
    case last(Int)
    /// Behind a position that some surface has told.
    case after(Position)
    /// Behind something that is no position at all: all that is held, and a gap before it.
    case unknown
}

/// What became of the position that a reader began with.
package enum Resumption: Equatable, Sendable {
    /// None was given.
    case fresh
    /// Nothing was said since.
    case upToDate
    /// What was said since is held.
    case entries
    /// Part of what was said since fell off the log, or was not heard.
    case evicted
    /// The position is of another epoch.
    case unknownEpoch
    /// The position lies ahead of everything that this gateway has said.
    case ahead
}

/// How far a reader has read, on each of its channels: all that a reader is to the hub.
package struct Cursor {
    /// One channel of a reader.
    struct Slot {
        let channel: Channel
        /// The reader's index in the channel's list, once it is attached.
        var index: UInt32 = 0
        /// True where the reader wants to be given the members.
        let wantsSnapshot: Bool
        /// True until the reader was given the members, where it wants them.
        var awaitsSnapshot: Bool
        /// True where the members as they were heard last will do, while the channel is away.
        var acceptsHeld: Bool
        /// True while the snapshot is also the start: the reader asked for nothing before it.
        var isFresh: Bool
        /// True once a refusal was told that still stands.
        var knowsRefusal = false
        /// True until it was told that its position is unknown, before anything else.
        var owesGap = false
        /// Member changes up to here are in the snapshot that the reader has.
        var membersThrough: UInt64 = 0
        /// Entries up to here are not for this reader.
        var startsAfter: UInt64 = 0
        /// Holes up to here were told or need not be.
        var gapsThrough: UInt64 = 0
    }

    /// What a reader began with that is no position we know; an object, since few have one.
    final class Unknown: Sendable {
        let position: Position?

        init(_ position: Position?) {
            self.position = position
        }
    }

    /// The last sequence number that the reader has been told or has no need of.
    package internal(set) var sequence: UInt64
    var slots: CursorSlots
    /// The user who reads, where known: their own client events are not told to them.
    package let userID: String?
    /// Where the reader began, if that is unknown.
    var unknown: Unknown?

    /// A cursor on nothing.
    package init() {
        sequence = 0
        slots = CursorSlots()
        userID = nil
    }

    /// A cursor that stands nowhere yet.
    init(on channels: [Channel], wantsSnapshot: Bool, acceptsHeld: Bool, userID: String?) {
        sequence = 0
        self.userID = userID
        slots = CursorSlots(
            channels.lazy.map {
                Slot(
                    channel: $0, wantsSnapshot: wantsSnapshot, awaitsSnapshot: wantsSnapshot,
                    acceptsHeld: acceptsHeld, isFresh: false)
            })
    }

    /// The channels that the reader reads, in the order in which it named them.
    package var channels: [Channel] { slots.map(\.channel) }

    /// Says whether the reader reads the channel of that name.
    package func reads(_ name: String) -> Bool { slots.contains { $0.channel.name == name } }

    /// Moves past entries that were told on the direct way, without `Hub.next`.
    package mutating func advance(to sequence: UInt64) {
        self.sequence = max(self.sequence, sequence)
    }

    /// True when all that the reader lacks of its one channel is this turn's news, with nothing to
    /// add and nothing to leave out: then one batch serves it as it is.
    package func takes(_ news: News) -> Bool {
        guard slots.count == 1, sequence >= news.previous, sequence < news.first else {
            return false
        }
        if news.hasSender, let userID, news.events.contains(where: { $0.sender == userID }) {
            return false
        }
        return !slots[0].awaitsSnapshot && !slots[0].owesGap
            && slots[0].membersThrough < news.first && slots[0].startsAfter < news.first
    }
}

/// What came on one channel in one turn.
package struct News {
    /// The sequence number of what the log held before it; a reader below it lacks more.
    package let previous: UInt64
    /// The first new entry's sequence number.
    package let first: UInt64
    /// True where a client event is among them that somebody known has sent.
    package internal(set) var hasSender = false
    /// The new entries, in order.
    package internal(set) var events: [Event]
}

/// What a reader is told next.
package enum Entry {
    /// The members of a channel at this point, and that it is subscribed.
    case snapshot(Channel)
    /// Channels refuses the subscription.
    case refusal(Channel, status: Int, message: String)
    /// Entries of the channel are missing here.
    case gap(Channel, Gap)
    /// An entry of the log.
    case event(Event)
}
