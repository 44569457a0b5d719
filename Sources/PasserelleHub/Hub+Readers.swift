// SPDX-License-Identifier: MIT

/// What Downstream asks: to attach, to detach, to look.
extension Hub {
    /// Attaches a reader to channels and sets its cursor.
    ///
    /// A channel that nobody had asked for is asked for now. The reader then reads with `next` in
    /// the same turn.
    ///
    /// With `wantsSnapshot`, each channel's members come first, and member changes that they stand
    /// for are left out of the replay. Where the channel is not heard now they come once it is; a
    /// reader that `acceptsHeld` is content with the members as they were heard last.
    ///
    /// Client events that `userID` has sent are not told to it.
    @discardableResult
    package func attach(
        _ reader: any Reader, to names: [String], from start: Start, wantsSnapshot: Bool,
        acceptsHeld: Bool = false, as userID: String? = nil, at now: Moment
    ) -> Resumption {
        var channels: [Channel] = []
        for name in names where !channels.contains(where: { $0.name == name }) {
            channels.append(asked(for: name, at: now))
        }
        var cursor = Cursor(
            on: channels, wantsSnapshot: wantsSnapshot, acceptsHeld: acceptsHeld, userID: userID)
        let resumption = place(&cursor, at: start)
        attach(reader, at: cursor)
        return resumption
    }

    /// Attaches a reader where a cursor stands that was made in this turn.
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

    /// Gives a cursor for one look at channels, each named once; all as for `attach`.
    ///
    /// Nobody is told of news for it: who waits for some attaches a reader there.
    package func cursor(
        on channels: [Channel], from start: Start, wantsSnapshot: Bool, acceptsHeld: Bool = false,
        as userID: String? = nil
    ) -> Cursor {
        var cursor = Cursor(
            on: channels, wantsSnapshot: wantsSnapshot, acceptsHeld: acceptsHeld, userID: userID)
        place(&cursor, at: start)
        return cursor
    }

    /// The channel of a name, which is read and wanted from here on.
    package func asked(for name: String, at now: Moment) -> Channel {
        let channel = channel(named: name, now: now.steady)
        channel.lastRead = now.steady
        want(channel)
        return channel
    }

    /// Lets a reader go; a channel without readers is kept for the time it lingers.
    package func detach(_ reader: any Reader, at now: Moment) {
        guard !reader.cursor.slots.isEmpty else { return }
        for slot in reader.cursor.slots {
            remove(slot, now: now.steady)
        }
        reader.cursor.slots = CursorSlots()
        readerCount -= 1
    }

    /// The channel, where anybody has asked for it.
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
        channel.lastRead = now
    }

    @discardableResult
    private func place(_ cursor: inout Cursor, at start: Start) -> Resumption {
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
        case .unknown:
            cursor.startUnknown(from: nil)
            return .unknownEpoch
        case .after(let position):
            switch epochs.place(of: position, newest: sequence) {
            case .known: return cursor.resume(after: position.sequence)
            case .unknown:
                cursor.startUnknown(from: position)
                return .unknownEpoch
            case .ahead:
                cursor.startUnknown(from: position)
                return .ahead
            }
        }
    }

    /// The sequence number behind which the last `count` messages of the cursor's channels lie.
    private func beginning(of cursor: Cursor, last count: Int) -> UInt64 {
        guard count > 0 else { return sequence }
        var found: [UInt64] = []
        for channel in cursor.channels {
            var taken = 0
            for index in stride(from: channel.log.count - 1, through: 0, by: -1)
            where taken < count && channel.log[index].content.isMessage {
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
    /// True for what an application said, as opposed to member changes and gaps.
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
            // A snapshot to come speaks for what was not heard; without one, the gap has to.
            let isAway =
                !channel.isLive && slots[index].awaitsSnapshot && !slots[index].acceptsHeld
            slots[index].isFresh = !channel.wasHeard || (isAway && skippingPast)
            // What was evicted before was not asked for.
            slots[index].gapsThrough = channel.horizon.sequence
        }
    }

    fileprivate mutating func startUnknown(from position: Position?) {
        // Until every channel's gap is told, whoever comes back must be told them again.
        sequence = 0
        unknown = Unknown(position)
        for index in slots.indices {
            slots[index].gapsThrough = slots[index].channel.horizon.sequence
            slots[index].owesGap = true
            // That gap covers all that was before a channel is heard for the first time.
            slots[index].isFresh = !slots[index].channel.wasHeard
        }
    }

    fileprivate mutating func resume(after sequence: UInt64) -> Resumption {
        self.sequence = sequence
        if slots.contains(where: { $0.channel.horizon.sequence > sequence }) { return .evicted }
        let hasNewer = slots.contains { ($0.channel.log.newest?.sequence ?? 0) > sequence }
        return hasNewer ? .entries : .upToDate
    }
}
