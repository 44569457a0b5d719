// SPDX-License-Identifier: MIT

/// Reading on from a cursor.
extension Hub {
    /// Gives what the reader is to be told next and moves its cursor past it, or `nil` when the
    /// reader is up to date.
    ///
    /// Snapshots and refusals come first, then every hole in front of a channel's held entries, then
    /// entries of all channels in the order of their sequence numbers. A hole comes before whatever
    /// else is told, so that a position speaks for all that lies before it, also after a restart
    /// that holds more than was held before; a reader that is given members is given them anew
    /// behind a hole.
    ///
    /// Where other channels have entries in front of a hole's end, the position stays before them,
    /// and whoever comes back with it is told the hole again.
    ///
    /// Client events that are stale at `now`, on the steady clock, are passed over.
    package func next(_ cursor: inout Cursor, at now: Duration) -> Entry? {
        if let notice = notice(&cursor) { return notice }
        if let slot = hole(cursor) { return tellHole(of: slot, &cursor) }
        while let (slot, event) = nearest(cursor) {
            cursor.sequence = event.sequence
            if isMeant(event, for: cursor.slots[slot], at: now), !cursor.hasSent(event) {
                return .event(event)
            }
        }
        return nil
    }

    /// True when `next` would give nothing.
    package func isUpToDate(_ cursor: Cursor, at now: Duration) -> Bool {
        var copy = cursor
        return next(&copy, at: now) == nil
    }

    private func isMeant(_ event: Event, for slot: Cursor.Slot, at now: Duration) -> Bool {
        if event.sequence <= slot.startsAfter { return false }
        switch event.content {
        case .tombstone: return false
        case .memberAdded, .memberRemoved:
            // What comes before the snapshot is in it.
            return !slot.awaitsSnapshot && event.sequence > slot.membersThrough
        case .message: return !event.isEphemeral || now - event.heardAt <= Self.ephemeralLimits.age
        case .refused, .gap: return true
        }
    }

    /// Snapshots, refusals and gaps that are due before any entry.
    private func notice(_ cursor: inout Cursor) -> Entry? {
        for index in cursor.slots.indices {
            // Asked first: to hand a slot out for change would copy all of a shared cursor.
            if cursor.slots[index].awaitsSnapshot || cursor.slots[index].acceptsHeld,
                let opening = opening(&cursor.slots[index])
            {
                return opening
            }
            // Told once the channel is heard, behind its members: told before, it would not speak
            // for what is said until then.
            guard cursor.slots[index].owesGap, cursor.slots[index].channel.wasHeard else {
                continue
            }
            let gap = Gap(.unknownPosition, from: cursor.unknown?.position)
            cursor.slots[index].owesGap = false
            cursor.slots[index].gapsThrough = cursor.slots[index].channel.horizon.sequence
            cursor.gapWasTold(newest: sequence)
            return .gap(cursor.slots[index].channel, gap)
        }
        return nil
    }

    private func opening(_ slot: inout Cursor.Slot) -> Entry? {
        let channel = slot.channel
        if slot.awaitsSnapshot, channel.isLive || (slot.acceptsHeld && channel.wasHeard) {
            slot.awaitsSnapshot = false
            slot.membersThrough = sequence
            return .snapshot(channel)
        }
        guard !slot.knowsRefusal,
            case .refused(let status, let message, _, _) = channel.subscription
        else { return nil }
        slot.knowsRefusal = true
        return .refusal(channel, status: status, message: message)
    }

    /// The first slot with a hole that is not told yet.
    ///
    /// Before a channel was heard at all, nobody knows yet where its hole ends.
    private func hole(_ cursor: Cursor) -> Int? {
        cursor.slots.firstIndex { slot in
            slot.channel.wasHeard
                && max(cursor.sequence, slot.gapsThrough) < slot.channel.horizon.sequence
        }
    }

    private func tellHole(of slot: Int, _ cursor: inout Cursor) -> Entry {
        let channel = cursor.slots[slot].channel
        let end = channel.horizon.sequence
        let gap = Gap(channel.horizon.reason, from: position(at: cursor.sequence))
        cursor.slots[slot].gapsThrough = end
        // Member changes may be among what is missing: who is told members is told anew.
        cursor.slots[slot].awaitsSnapshot =
            cursor.slots[slot].wantsSnapshot && cursor.slots[slot].membersThrough < end
        if hole(cursor) == nil { cursor.holesWereTold() }
        return .gap(channel, gap)
    }

    /// The slot with the first entry behind the cursor, and that entry.
    private func nearest(_ cursor: Cursor) -> (slot: Int, event: Event)? {
        var best: (slot: Int, event: Event)?
        for index in cursor.slots.indices {
            guard let event = cursor.slots[index].channel.first(after: cursor.sequence) else {
                continue
            }
            if best.map({ event.sequence < $0.event.sequence }) ?? true { best = (index, event) }
        }
        return best
    }
}

extension Cursor {
    /// True for a client event of the reader's own user.
    fileprivate func hasSent(_ event: Event) -> Bool {
        guard let userID else { return false }
        return event.sender == userID
    }

    /// Behind the last hole, the cursor stands where the holes end, or before what comes earlier.
    fileprivate mutating func holesWereTold() {
        let end = slots.map(\.gapsThrough).max() ?? 0
        let next = slots.compactMap { $0.channel.first(after: sequence)?.sequence }.min()
        sequence = max(sequence, min(end, next.map { $0 - 1 } ?? end))
    }

    /// Behind the last gap of an unknown position, the cursor stands before all that is held.
    fileprivate mutating func gapWasTold(newest: UInt64) {
        guard !slots.contains(where: \.owesGap) else { return }
        // What fell off a log since its own gap was told is still to be told.
        let untold = slots.filter { $0.channel.horizon.sequence > $0.gapsThrough }
        let limit = untold.map(\.gapsThrough).min() ?? .max
        sequence = max(sequence, min(beginning(newest: newest), limit))
    }

    /// The last sequence number before everything that the channels hold; `newest` is the hub's.
    func beginning(newest: UInt64) -> UInt64 {
        slots.compactMap { $0.channel.first(after: 0)?.sequence }.min().map { $0 - 1 } ?? newest
    }
}

extension Channel {
    /// The first entry above a sequence number, of the log or of the client events beside it.
    fileprivate func first(after sequence: UInt64) -> Event? {
        let inLog = log.index(after: sequence)
        let logged = inLog < log.count ? log[inLog] : nil
        guard ephemera.count > 0 else { return logged }
        let inEphemera = ephemera.index(after: sequence)
        guard inEphemera < ephemera.count else { return logged }
        let passing = ephemera[inEphemera]
        guard let logged, logged.sequence < passing.sequence else { return passing }
        return logged
    }
}
