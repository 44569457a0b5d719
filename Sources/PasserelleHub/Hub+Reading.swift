// SPDX-License-Identifier: MIT

/// Reading on from a cursor.
extension Hub {
    /// Gives what the reader is to be told next and moves its cursor past it, or `nil` when the
    /// reader is up to date.
    ///
    /// Snapshots and refusals come first, then entries of all channels in the order of their
    /// sequence numbers; a hole in front of a channel's held entries is told where it ends, and a
    /// reader that is given members is given them anew behind it.
    ///
    /// Client events that are stale at `now`, on the steady clock, are passed over.
    package func next(_ cursor: inout Cursor, at now: Duration) -> Entry? {
        if let notice = notice(&cursor) { return notice }
        while let (slot, sequence, event) = nearest(cursor) {
            let from = cursor.sequence
            cursor.sequence = sequence
            guard let event else {
                cursor.slots[slot].gapsThrough = sequence
                // Member changes may be among what is missing: who is told members is told anew.
                cursor.slots[slot].awaitsSnapshot =
                    cursor.slots[slot].wantsSnapshot
                    && cursor.slots[slot].membersThrough < sequence
                let channel = cursor.slots[slot].channel
                return .gap(channel, Gap(channel.horizon.reason, from: position(at: from)))
            }
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
            guard let gap = cursor.slots[index].gap, cursor.slots[index].channel.wasHeard else {
                continue
            }
            cursor.slots[index].gap = nil
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

    /// The slot with the lowest sequence number above the cursor's, and the entry there: `nil`
    /// where a hole ends.
    private func nearest(_ cursor: Cursor) -> (slot: Int, sequence: UInt64, event: Event?)? {
        var best: (slot: Int, sequence: UInt64, event: Event?)?
        for index in cursor.slots.indices {
            let channel = cursor.slots[index].channel
            let horizon = channel.horizon.sequence
            let told = max(cursor.sequence, cursor.slots[index].gapsThrough)
            var event: Event?
            // Before a channel was heard at all, nobody knows yet where its hole ends.
            let isHole = told < horizon && channel.wasHeard
            if !isHole {
                event = channel.first(after: cursor.sequence)
                if event == nil { continue }
            }
            let sequence = event?.sequence ?? horizon
            if best.map({ sequence < $0.sequence }) ?? true { best = (index, sequence, event) }
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

    /// Behind the last gap of an unknown position, the cursor stands before all that is held.
    fileprivate mutating func gapWasTold(newest: UInt64) {
        guard slots.allSatisfy({ $0.gap == nil }) else { return }
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
