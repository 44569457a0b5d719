// SPDX-License-Identifier: MIT

extension Cursor {
    /// The cursor in the form that `Hub.cursor(_:)` reads.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(number: sequence)
        bytes.append(text: userID)
        bytes.append(unknown == nil ? 0 : 1)
        bytes.append(text: unknown?.position?.text)
        bytes.append(number: UInt32(slots.count))
        for slot in slots {
            bytes.append(text: slot.channel.name)
            bytes.append(slot.flags)
            bytes.append(number: slot.membersThrough)
            bytes.append(number: slot.startsAfter)
            bytes.append(number: slot.gapsThrough)
        }
        return bytes
    }
}

extension Cursor.Slot {
    fileprivate var flags: UInt8 {
        let all = [
            wantsSnapshot, awaitsSnapshot, acceptsHeld, isFresh, refusalDelivered, needsGap,
        ]
        return all.indices.reduce(0) { all[$1] ? $0 | 1 << UInt8($1) : $0 }
    }

    fileprivate init(_ channel: Channel, flags: UInt8) {
        func has(_ bit: UInt8) -> Bool { flags & (1 << bit) != 0 }
        self.init(
            channel: channel, wantsSnapshot: has(0), awaitsSnapshot: has(1), acceptsHeld: has(2),
            isFresh: has(3), refusalDelivered: has(4), needsGap: has(5))
    }
}

extension Hub {
    /// Reads the cursor of a reader that another process handed over with the hub.
    ///
    /// The reader's channels become wanted. Returns `nil` if the bytes are not a cursor.
    package func cursor(
        handedOver bytes: [UInt8], filter: EventFilter?, at now: Moment
    ) -> Cursor? {
        let span = bytes.span
        var reader = JournalCursor(at: 0, end: bytes.count)
        let reached = reader.sequence(span)
        let userID = reader.text(span)
        let isUnknown = reader.byte(span) == 1
        let position = reader.text(span).flatMap { Position($0) }
        var slots: [Cursor.Slot] = []
        for _ in 0..<reader.number32(span) {
            guard let name = reader.text(span) else { return nil }
            let channel = requestChannel(named: name, at: now)
            var slot = Cursor.Slot(channel, flags: reader.byte(span))
            slot.membersThrough = reader.sequence(span)
            slot.startsAfter = reader.sequence(span)
            slot.gapsThrough = reader.sequence(span)
            slots.append(slot)
        }
        guard !reader.hasFailed, reader.at == reader.end, reached <= sequence else { return nil }
        var cursor = Cursor(
            on: [], wantsSnapshot: false, acceptsHeld: false, userID: userID, filter: filter)
        cursor.sequence = reached
        cursor.slots = CursorSlots(slots)
        if isUnknown { cursor.unknown = Cursor.Unknown(position) }
        return cursor
    }
}

extension Channel {
    /// Returns the entry with this sequence number, if it is held.
    package func entry(at sequence: UInt64) -> Event? {
        for log in [log, ephemeralEvents] where sequence > 0 {
            let index = log.index(after: sequence - 1)
            if index < log.count, log[index].sequence == sequence { return log[index] }
        }
        return nil
    }
}
