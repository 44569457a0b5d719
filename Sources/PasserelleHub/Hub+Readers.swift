// SPDX-License-Identifier: MIT

/// The operations for Downstream: attaching, detaching, looking up channels.
extension Hub {
    /// Attaches a reader to channels and sets its cursor.
    ///
    /// A channel that was not wanted becomes wanted. The reader must then read with `next` in the
    /// same turn.
    ///
    /// With `wantsSnapshot`, each channel's members come first, and member changes that they
    /// include are left out of the replay. If the channel is not subscribed, the members come once
    /// it is; a reader that `acceptsHeld` receives the last known members instead.
    ///
    /// Client events that `userID` has sent are not delivered to the reader. With a `filter`, only
    /// the events that it names are, besides snapshots, refused subscriptions and gaps. If `start`
    /// is unknown, all held entries follow its gap, unless `skipsReplay` is set.
    @discardableResult
    package func attach(
        _ reader: any Reader, to names: [String], from start: Start, skipsReplay: Bool = false,
        wantsSnapshot: Bool, acceptsHeld: Bool = false, as userID: String? = nil,
        filter: EventFilter? = nil, at now: Moment
    ) -> Resumption {
        var channels: [Channel] = []
        for name in names where !channels.contains(where: { $0.name == name }) {
            channels.append(requestChannel(named: name, at: now))
        }
        var cursor = Cursor(
            on: channels, wantsSnapshot: wantsSnapshot, acceptsHeld: acceptsHeld, userID: userID,
            filter: filter)
        let resumption = place(&cursor, at: start, skipsReplay)
        attach(reader, at: cursor)
        return resumption
    }

    /// Attaches a reader at a cursor that was created in this turn.
    package func attach(_ reader: any Reader, at cursor: Cursor) {
        var cursor = cursor
        for index in cursor.slots.indices {
            let place = cursor.slots[index].channel.readers.count
            cursor.slots[index].index = UInt32(truncatingIfNeeded: place)
            cursor.slots[index].channel.readers.append(reader)
        }
        reader.cursor = cursor
        readerCount += 1
    }

    /// Returns a cursor for reading channels once, each named once; it is placed as for `attach`.
    ///
    /// The cursor receives no updates; to wait for some, attach a reader at it.
    package func cursor(
        on channels: [Channel], from start: Start, skipsReplay: Bool = false, wantsSnapshot: Bool,
        acceptsHeld: Bool = false, as userID: String? = nil, filter: EventFilter? = nil
    ) -> Cursor {
        var cursor = Cursor(
            on: channels, wantsSnapshot: wantsSnapshot, acceptsHeld: acceptsHeld, userID: userID,
            filter: filter)
        place(&cursor, at: start, skipsReplay)
        return cursor
    }

    /// Returns the channel with this name, which counts as read now and becomes wanted.
    package func requestChannel(named name: String, at now: Moment) -> Channel {
        let channel = channel(named: name, now: now.steady)
        channel.lastRead = now.steady
        want(channel)
        return channel
    }

    /// Detaches a reader; a channel without readers stays subscribed for `configuration.linger`.
    package func detach(_ reader: any Reader, at now: Moment) {
        guard !reader.cursor.slots.isEmpty else { return }
        for slot in reader.cursor.slots {
            remove(slot, now: now.steady)
        }
        reader.cursor.slots = CursorSlots()
        readerCount -= 1
    }

    /// Returns the channel with this name, if it is held.
    package func channel(_ name: String) -> Channel? { channels[name] }

    private func remove(_ slot: Cursor.Slot, now: Duration) {
        let channel = slot.channel
        let last = channel.readers.count - 1
        if slot.index != last {
            let moved = channel.readers[last]
            channel.readers[Int(slot.index)] = moved
            for index in moved.cursor.slots.indices
            where moved.cursor.slots[index].channel === channel {
                moved.cursor.slots[index].index = slot.index
            }
        }
        channel.readers.removeLast()
        if channel.readers.isEmpty { channelsLeftWithoutReaders += 1 }
        channel.lastRead = now
    }

    @discardableResult
    private func place(_ cursor: inout Cursor, at start: Start, _ skipsReplay: Bool) -> Resumption {
        var position: Position?
        switch start {
        case .now:
            cursor.startFresh(after: sequence, newest: sequence, skippingPast: true)
            return .fresh
        case .earliest:
            cursor.startFresh(after: 0, newest: sequence, skippingPast: false)
            return .fresh
        case .last(let count):
            cursor.startFresh(
                after: beginning(of: cursor, last: count), newest: sequence, skippingPast: false)
            return .fresh
        case .unknown: break
        case .after(let asked):
            if let known = epochs.resumption(at: asked, newest: sequence) {
                return cursor.resume(after: known)
            }
            position = asked
        }
        cursor.startUnknown(from: position, skippingThrough: skipsReplay ? sequence : 0)
        return .unknown
    }

    /// Returns the sequence number before the last `count` messages of the cursor's channels; only
    /// those that the reader asked for count.
    private func beginning(of cursor: Cursor, last count: Int) -> UInt64 {
        guard count > 0 else { return sequence }
        var found: [UInt64] = []
        for channel in cursor.channels {
            var taken = 0
            for index in stride(from: channel.log.count - 1, through: 0, by: -1)
            where taken < count && channel.log[index].content.isMessage {
                guard cursor.asksFor(channel.log[index]) else { continue }
                found.append(channel.log[index].sequence)
                taken += 1
            }
        }
        guard found.count >= count else { return 0 }
        found.sort(by: >)
        return found[count - 1] - 1
    }
}

extension Event.Content {
    /// True for an application's event, as opposed to member changes and gaps.
    fileprivate var isMessage: Bool {
        if case .message = self { true } else { false }
    }
}

extension Cursor {
    fileprivate mutating func startFresh(
        after sequence: UInt64, newest: UInt64, skippingPast: Bool
    ) {
        self.sequence = max(sequence, beginning(newest: newest))
        for index in slots.indices {
            let channel = slots[index].channel
            // A snapshot to come covers the time without subscription; without one, a gap must.
            let isAway =
                !channel.isLive && slots[index].awaitsSnapshot && !slots[index].acceptsHeld
            slots[index].isFresh = !channel.wasSubscribed || (isAway && skippingPast)
            // Entries that were evicted before were not asked for.
            slots[index].gapsThrough = channel.horizon.sequence
        }
    }

    fileprivate mutating func startUnknown(
        from position: Position?, skippingThrough skipped: UInt64
    ) {
        // If a reader returns before all gaps were delivered, it must receive all of them again.
        sequence = 0
        unknown = Unknown(position)
        for index in slots.indices {
            slots[index].gapsThrough = slots[index].channel.horizon.sequence
            slots[index].needsGap = true
            slots[index].startsAfter = skipped
            // If the channel was never subscribed, that gap covers all events until it is.
            slots[index].isFresh = !slots[index].channel.wasSubscribed
        }
    }

    fileprivate mutating func resume(after sequence: UInt64) -> Resumption {
        self.sequence = sequence
        if slots.contains(where: { $0.channel.horizon.sequence > sequence }) { return .evicted }
        let hasNewer = slots.contains { ($0.channel.log.newest?.sequence ?? 0) > sequence }
        return hasNewer ? .entries : .upToDate
    }
}

/// The outcome of resuming at the position from which a reader starts.
package enum Resumption: Equatable, Sendable {
    /// No position was given.
    case fresh
    /// No entry was appended after the position.
    case upToDate
    /// All entries after the position are held.
    case entries
    /// Some entries after the position were evicted, or came while the channel was not subscribed.
    case evicted
    /// This log has not issued the position.
    case unknown
}
