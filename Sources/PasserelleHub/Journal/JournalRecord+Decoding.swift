// SPDX-License-Identifier: MIT

extension JournalRecord {
    /// The result of examining the bytes at an offset.
    enum Found: Equatable {
        /// A record with its length, head included.
        case record(JournalRecord, bytes: Int)
        /// A whole record of this length with invalid content.
        case invalid(bytes: Int)
        /// A whole record in the format of a newer version.
        case newer(version: UInt8)
        /// No record.
        case nothing
        /// Possibly a record; this many bytes are needed to decide.
        case partial(needs: Int)
    }

    /// Returns the record if the bytes are exactly one record, otherwise `nil`.
    package static func decode(_ bytes: [UInt8]) -> JournalRecord? {
        guard case .record(let record, bytes.count) = find(bytes.span, at: 0) else { return nil }
        return record
    }

    /// Examines the bytes at an offset.
    static func find(_ bytes: Span<UInt8>, at start: Int) -> Found {
        guard bytes.count - start >= headBytes else { return .partial(needs: headBytes) }
        guard bytes[start] == marker.0, bytes[start + 1] == marker.1, bytes[start + 2] == marker.2
        else { return .nothing }
        var cursor = JournalCursor(at: start + 3, end: start + headBytes)
        let checksum = cursor.number32(bytes)
        let writer = cursor.byte(bytes)
        let length = Int(cursor.number32(bytes))
        guard length <= payloadBytes else { return .nothing }
        let total = headBytes + length
        guard bytes.count - start >= total else { return .partial(needs: total) }
        guard CRC32C.of(bytes, start + 7..<start + total) == checksum else { return .nothing }
        guard writer == version else {
            return writer > version ? .newer(version: writer) : .invalid(bytes: total)
        }
        guard let kind = Kind(rawValue: bytes[start + 12]) else { return .invalid(bytes: total) }
        cursor = JournalCursor(at: start + headBytes, end: start + total)
        guard let record = payload(kind, bytes, &cursor), !cursor.hasFailed else {
            return .invalid(bytes: total)
        }
        return .record(record, bytes: total)
    }

    private static func payload(
        _ kind: Kind, _ bytes: Span<UInt8>, _ cursor: inout JournalCursor
    ) -> JournalRecord? {
        switch kind {
        case .event: return JournalEvent(bytes, &cursor).map(JournalRecord.event)
        case .beginning:
            let followsGap = cursor.byte(bytes) == 1
            let current = cursor.number64(bytes)
            let count = cursor.number32(bytes)
            guard count <= EpochHistory.remembered else { return nil }
            let past = (0..<count).map { _ in
                EpochHistory.Past(epoch: cursor.number64(bytes), through: cursor.sequence(bytes))
            }
            return .beginning(EpochHistory(current, after: past), followsGap: followsGap)
        case .channel:
            guard let name = cursor.text(bytes) else { return nil }
            let sequence = cursor.sequence(bytes)
            guard let reason = GapReason(code: cursor.byte(bytes)) else { return nil }
            let silence = cursor.time(bytes)
            guard let time = cursor.time(bytes) else { return nil }
            let horizon = Channel.Horizon(sequence: sequence, reason: reason)
            return .channel(name, horizon, silence: silence, time: time)
        case .silence: return cursor.time(bytes).map { .silence(since: $0) }
        case .retraction:
            let through = cursor.sequence(bytes)
            guard let channel = cursor.text(bytes), let key = cursor.text(bytes) else { return nil }
            return .retraction(Retraction(channel: channel, key: key, through: through))
        case .member:
            guard let channel = cursor.text(bytes) else { return nil }
            let isPresent = cursor.byte(bytes) == 1
            guard let time = cursor.time(bytes), let member = cursor.member(bytes) else {
                return nil
            }
            return .member(channel, SeenMember(member, time: time, isPresent: isPresent))
        case .mark:
            let sequence = cursor.sequence(bytes)
            return cursor.time(bytes).map { .mark(sequence: sequence, time: $0) }
        }
    }
}

extension JournalEvent {
    /// Decodes an event's payload; zeros after a tombstone are padding.
    fileprivate init?(_ bytes: Span<UInt8>, _ cursor: inout JournalCursor) {
        let sequence = cursor.sequence(bytes)
        let previous = cursor.sequence(bytes)
        guard let time = cursor.time(bytes), let channel = cursor.text(bytes) else { return nil }
        let key = cursor.text(bytes)
        guard let content = Event.Content(bytes, &cursor), previous < sequence else { return nil }
        self.init(
            sequence: sequence, previous: previous, time: time, channel: channel, key: key,
            content: content)
    }
}

extension Event.Content {
    fileprivate init?(_ bytes: Span<UInt8>, _ cursor: inout JournalCursor) {
        switch JournalEvent.ContentKind(rawValue: cursor.byte(bytes)) {
        case .message:
            guard let name = cursor.text(bytes) else { return nil }
            let userID = cursor.text(bytes)
            guard let data = cursor.run(bytes) else { return nil }
            // An earlier version may have stored the name unchanged.
            self = .message(name: Event.applicationName(name), data: data, userID: userID)
        case .memberAdded:
            guard let member = cursor.member(bytes) else { return nil }
            self = .memberAdded(member)
        case .memberRemoved:
            guard let userID = cursor.text(bytes) else { return nil }
            self = .memberRemoved(userID: userID)
        case .refused:
            let status = Int(Int64(bitPattern: cursor.number64(bytes)))
            guard let message = cursor.text(bytes) else { return nil }
            self = .refused(status: status, message: message)
        case .gap:
            guard let reason = GapReason(code: cursor.byte(bytes)) else { return nil }
            let since = cursor.time(bytes)
            let until = cursor.time(bytes)
            let from = cursor.text(bytes).flatMap { Position($0) }
            self = .gap(Gap(reason, since: since, until: until, from: from))
        case .tombstone: self = .tombstone
        case nil: return nil
        }
    }
}
