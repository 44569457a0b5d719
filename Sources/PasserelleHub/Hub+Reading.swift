// SPDX-License-Identifier: MIT

/// Reads the entries after a cursor.
extension Hub {
    /// Returns the next item for the reader and moves its cursor past it, or returns `nil` if the
    /// reader is up to date.
    ///
    /// Snapshots and refusals come first, then the gap before each channel's held entries, then the
    /// entries of all channels in the order of their sequence numbers. Gaps come first,
    /// so that a position never precedes an unreported gap, even if a restart restores entries that
    /// had been evicted. A reader with snapshots receives a new one after a gap.
    ///
    /// If other channels have entries before the end of a gap, the position remains before them,
    /// and a reader that returns with it receives the gap again.
    ///
    /// Client events that are stale at `now`, on the steady clock, are skipped, and so are events
    /// that the reader did not ask for. The cursor moves past them.
    package func next(_ cursor: inout Cursor, at now: Duration) -> Entry? {
        if let item = itemBeforeEntries(&cursor) { return item }
        if let slot = slotWithGap(cursor) { return reportGap(of: slot, &cursor) }
        while let (slot, event) = earliestEvent(cursor) {
            cursor.sequence = event.sequence
            if shouldDeliver(event, for: cursor.slots[slot], at: now),
                !cursor.isOwnClientEvent(event), cursor.asksFor(event)
            {
                return .event(event)
            }
        }
        return nil
    }

    /// Returns true if `next` would return `nil`.
    package func isUpToDate(_ cursor: Cursor, at now: Duration) -> Bool {
        var copy = cursor
        return next(&copy, at: now) == nil
    }

    private func shouldDeliver(_ event: Event, for slot: Cursor.Slot, at now: Duration) -> Bool {
        if event.sequence <= slot.startsAfter { return false }
        switch event.content {
        case .tombstone: return false
        case .memberAdded, .memberRemoved:
            // Changes before the snapshot are in it.
            return !slot.awaitsSnapshot && event.sequence > slot.membersThrough
        case .message:
            return !event.isEphemeral || now - event.receivedAt <= Self.ephemeralLimits.age
        case .refused, .gap: return true
        }
    }

    /// Returns a snapshot, refusal or gap that must precede all entries.
    private func itemBeforeEntries(_ cursor: inout Cursor) -> Entry? {
        for index in cursor.slots.indices {
            // Checked first: modifying a slot would copy all slots of a shared cursor.
            if cursor.slots[index].awaitsSnapshot || cursor.slots[index].acceptsHeld,
                let item = takeSnapshotOrRefusal(&cursor.slots[index])
            {
                return item
            }
            // The gap follows the snapshot; earlier it would not cover events up to the
            // subscription.
            guard cursor.slots[index].needsGap, cursor.slots[index].channel.wasSubscribed else {
                continue
            }
            let gap = Gap(.unknownPosition, from: cursor.unknown?.position)
            cursor.slots[index].needsGap = false
            cursor.slots[index].gapsThrough = cursor.slots[index].channel.horizon.sequence
            cursor.advancePastUnknownPosition(newest: sequence)
            return .gap(cursor.slots[index].channel, gap)
        }
        return nil
    }

    private func takeSnapshotOrRefusal(_ slot: inout Cursor.Slot) -> Entry? {
        let channel = slot.channel
        if slot.awaitsSnapshot, channel.isLive || (slot.acceptsHeld && channel.wasSubscribed) {
            slot.awaitsSnapshot = false
            slot.membersThrough = sequence
            return .snapshot(channel)
        }
        guard !slot.refusalDelivered,
            case .refused(let status, let message, _, _) = channel.subscription
        else { return nil }
        slot.refusalDelivered = true
        return .refusal(channel, status: status, message: message)
    }

    /// Returns the first slot with a gap that is not delivered yet.
    ///
    /// If a channel was never subscribed, the end of its gap is not known yet.
    private func slotWithGap(_ cursor: Cursor) -> Int? {
        cursor.slots.firstIndex { slot in
            slot.channel.wasSubscribed
                && max(cursor.sequence, slot.gapsThrough) < slot.channel.horizon.sequence
        }
    }

    private func reportGap(of slot: Int, _ cursor: inout Cursor) -> Entry {
        let channel = cursor.slots[slot].channel
        let end = channel.horizon.sequence
        let gap = Gap(
            channel.horizon.reason, since: channel.horizon.since, until: channel.horizon.until,
            from: position(at: cursor.sequence))
        cursor.slots[slot].gapsThrough = end
        // Member changes may be missing, so a reader with snapshots needs a new one.
        cursor.slots[slot].awaitsSnapshot =
            cursor.slots[slot].wantsSnapshot && cursor.slots[slot].membersThrough < end
        if slotWithGap(cursor) == nil { cursor.advancePastReportedGaps() }
        return .gap(channel, gap)
    }

    /// Returns the slot with the first entry after the cursor, and that entry.
    private func earliestEvent(_ cursor: Cursor) -> (slot: Int, event: Event)? {
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
    fileprivate func isOwnClientEvent(_ event: Event) -> Bool {
        guard let userID, let sender = event.sender else { return false }
        return sender.hasSameBytes(as: userID)
    }

    /// Moves to the end of the gaps that were delivered, but not past an entry before it.
    fileprivate mutating func advancePastReportedGaps() {
        let end = slots.map(\.gapsThrough).max() ?? 0
        let next = slots.compactMap { $0.channel.first(after: sequence)?.sequence }.min()
        sequence = max(sequence, min(end, next.map { $0 - 1 } ?? end))
    }

    /// Moves to just before the entries to deliver, once all gaps of an unknown position are
    /// delivered.
    fileprivate mutating func advancePastUnknownPosition(newest: UInt64) {
        guard !slots.contains(where: \.needsGap) else { return }
        // Entries evicted since a channel's gap was delivered still need another gap.
        let withUnreportedGap = slots.filter { $0.channel.horizon.sequence > $0.gapsThrough }
        let limit = withUnreportedGap.map(\.gapsThrough).min() ?? .max
        let skipped = slots.map(\.startsAfter).min() ?? 0
        sequence = max(sequence, min(max(beginning(newest: newest), skipped), limit))
    }

    /// Returns the last sequence number before all held entries, or the hub's `newest`.
    func beginning(newest: UInt64) -> UInt64 {
        slots.compactMap { $0.channel.first(after: 0)?.sequence }.min().map { $0 - 1 } ?? newest
    }
}

extension Channel {
    /// Returns the first entry above a sequence number, from the log or the live client events.
    fileprivate func first(after sequence: UInt64) -> Event? {
        let inLog = log.index(after: sequence)
        let logged = inLog < log.count ? log[inLog] : nil
        guard ephemeralEvents.count > 0 else { return logged }
        let ephemeralIndex = ephemeralEvents.index(after: sequence)
        guard ephemeralIndex < ephemeralEvents.count else { return logged }
        let passing = ephemeralEvents[ephemeralIndex]
        guard let logged, logged.sequence < passing.sequence else { return passing }
        return logged
    }
}
