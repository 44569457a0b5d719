// SPDX-License-Identifier: MIT

/// A reader's progress on each of its channels: the only state that the hub keeps for a reader.
package struct Cursor {
    /// The state of one channel of a reader.
    struct Slot {
        let channel: Channel
        /// The reader's index in the channel's list of readers, set when the reader is attached.
        var index: UInt32 = 0
        /// True if the reader wants a snapshot of the members.
        let wantsSnapshot: Bool
        /// True until the wanted snapshot is delivered.
        var awaitsSnapshot: Bool
        /// True if the last known members can serve as the snapshot during an outage.
        var acceptsHeld: Bool
        /// True while the snapshot is also the start: the reader did not ask for earlier entries.
        var isFresh: Bool
        /// True once the current refusal was delivered.
        var refusalDelivered = false
        /// True until the gap for an unknown position is delivered, which precedes all entries.
        var needsGap = false
        /// Member changes up to this sequence number are in the reader's snapshot.
        var membersThrough: UInt64 = 0
        /// Entries up to this sequence number are not delivered to this reader.
        var startsAfter: UInt64 = 0
        /// Gaps up to this sequence number were delivered or are not needed.
        var gapsThrough: UInt64 = 0
    }

    /// The unknown position from which a reader starts; an object, because few cursors have one.
    final class Unknown: Sendable {
        let position: Position?

        init(_ position: Position?) {
            self.position = position
        }
    }

    /// The last sequence number that was delivered to the reader or that it does not need.
    package internal(set) var sequence: UInt64
    var slots: CursorSlots
    /// The reader's user, if known; client events of the same user are not delivered to the reader.
    package let userID: String?
    /// The events that the reader asked for; `nil` if it receives all.
    package let filter: EventFilter?
    /// The position from which the reader starts, if it is unknown.
    var unknown: Unknown?

    /// Creates a cursor without channels.
    package init() {
        sequence = 0
        slots = CursorSlots()
        userID = nil
        filter = nil
    }

    /// Creates a cursor that is not placed yet.
    init(
        on channels: [Channel], wantsSnapshot: Bool, acceptsHeld: Bool, userID: String?,
        filter: EventFilter?
    ) {
        sequence = 0
        self.userID = userID
        self.filter = filter
        slots = CursorSlots(
            channels.lazy.map {
                Slot(
                    channel: $0, wantsSnapshot: wantsSnapshot, awaitsSnapshot: wantsSnapshot,
                    acceptsHeld: acceptsHeld, isFresh: false)
            })
    }

    /// The reader's channels, in the order in which it named them.
    package var channels: [Channel] { slots.map(\.channel) }

    /// Returns whether the reader reads the channel with this name.
    package func reads(_ name: String) -> Bool { slots.contains { $0.channel.name == name } }

    /// True if neither a snapshot nor a gap is due for one of the channels.
    package var isSettled: Bool {
        slots.allSatisfy { !$0.needsGap && !$0.awaitsSnapshot && !$0.isFresh }
    }

    /// Returns whether the reader asked for an entry, by its name.
    package func asksFor(_ event: Event) -> Bool { filter?.passes(event.content) ?? true }

    /// Moves past entries that were delivered directly, without `Hub.next`.
    package mutating func advance(to sequence: UInt64) {
        self.sequence = max(self.sequence, sequence)
    }

    /// Returns whether the reader can take this turn's update as one batch.
    ///
    /// True if it has one channel, lacks only this update, receives all of its events that it asked
    /// for, and has no snapshot or gap due.
    package func takes(_ update: ChannelUpdate) -> Bool {
        guard slots.count == 1, sequence >= update.previous, sequence < update.first else {
            return false
        }
        if update.hasSender, let userID,
            update.events.contains(where: { $0.sender?.hasSameBytes(as: userID) == true })
        {
            return false
        }
        return !slots[0].awaitsSnapshot && !slots[0].needsGap
            && slots[0].membersThrough < update.first && slots[0].startsAfter < update.first
    }
}

/// The slots of one cursor, in the order in which its channels were named.
///
/// The first slot is stored inline: nearly every reader has one channel, and there can be many
/// thousands of readers.
struct CursorSlots: RandomAccessCollection, MutableCollection {
    private var first: Cursor.Slot?
    private var others: [Cursor.Slot] = []

    /// Creates an empty collection.
    init() {}

    /// Creates a collection from slots, in their order.
    init(_ slots: some Sequence<Cursor.Slot>) {
        for slot in slots {
            if first == nil { first = slot } else { others.append(slot) }
        }
    }

    var startIndex: Int { 0 }
    var endIndex: Int { first == nil ? 0 : others.count + 1 }

    subscript(index: Int) -> Cursor.Slot {
        get {
            guard index == 0, let first else { return others[index - 1] }
            return first
        }
        _modify {
            if index == 0, var slot = first.take() {
                defer { first = slot }
                yield &slot
            } else {
                yield &others[index - 1]
            }
        }
    }
}
