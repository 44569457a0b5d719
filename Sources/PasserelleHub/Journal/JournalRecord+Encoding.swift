// SPDX-License-Identifier: MIT

extension JournalRecord {
    /// Appends the record's bytes.
    ///
    /// `FF C1 FE`, CRC-32C of all that follows it, version, payload length, kind, payload; numbers
    /// are little-endian, texts have their length before them (all ones: there is none).
    package func append(to bytes: inout [UInt8]) {
        switch self {
        case .event(let event): event.append(to: &bytes)
        case .beginning(let line, let followsHole):
            let start = Self.open(.beginning, &bytes)
            bytes.append(followsHole ? 1 : 0)
            bytes.append(number: line.current)
            bytes.append(number: UInt32(line.past.count))
            for past in line.past {
                bytes.append(number: past.epoch)
                bytes.append(number: past.through)
            }
            Self.close(start, &bytes)
        case .channel(let name, let horizon, let silence, let time):
            let start = Self.open(.channel, &bytes)
            bytes.append(text: name)
            bytes.append(number: horizon.sequence)
            bytes.append(horizon.reason.code)
            bytes.append(time: silence)
            bytes.append(time: time)
            Self.close(start, &bytes)
        case .silence(let since):
            let start = Self.open(.silence, &bytes)
            bytes.append(time: since)
            Self.close(start, &bytes)
        case .retraction(let burial):
            let start = Self.open(.retraction, &bytes)
            bytes.append(number: burial.through)
            bytes.append(text: burial.channel)
            bytes.append(text: burial.key)
            Self.close(start, &bytes)
        case .member(let channel, let seen):
            let start = Self.open(.member, &bytes)
            bytes.append(text: channel)
            bytes.append(seen.isPresent ? 1 : 0)
            bytes.append(time: seen.time)
            bytes.append(member: seen.member)
            Self.close(start, &bytes)
        case .mark(let sequence, let time):
            let start = Self.open(.mark, &bytes)
            bytes.append(number: sequence)
            bytes.append(time: time)
            Self.close(start, &bytes)
        }
    }

    /// The record's bytes.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// Writes the head with room for what is known at the end; gives where the record begins.
    fileprivate static func open(_ kind: Kind, _ bytes: inout [UInt8]) -> Int {
        let start = bytes.count
        bytes.append(marker.0)
        bytes.append(marker.1)
        bytes.append(marker.2)
        bytes.append(number: UInt32(0))
        bytes.append(version)
        bytes.append(number: UInt32(0))
        bytes.append(kind.rawValue)
        return start
    }

    /// Fills in length and checksum.
    fileprivate static func close(_ start: Int, _ bytes: inout [UInt8]) {
        bytes.put(UInt32(bytes.count - start - headBytes), at: start + 8)
        bytes.put(CRC32C.of(bytes.span, start + 7..<bytes.count), at: start + 3)
    }

    /// The record of a message without anything that was said in it, at the same length.
    ///
    /// Gives `nil` where the bytes are not a whole record of a message that the burial covers.
    package static func buried(_ bytes: [UInt8], _ burial: Burial) -> [UInt8]? {
        guard case .event(let event)? = decode(bytes), burial.covers(event) else { return nil }
        var tombstone: [UInt8] = []
        tombstone.reserveCapacity(bytes.count)
        JournalEvent(
            sequence: event.sequence, previous: event.previous, time: event.time,
            channel: event.channel, content: .tombstone
        ).append(to: &tombstone, padding: bytes.count)
        return tombstone.count == bytes.count ? tombstone : nil
    }
}

extension JournalEvent {
    /// Appends the event's record; a shorter one is filled up with zeros to `padding` bytes.
    func append(to bytes: inout [UInt8], padding: Int = 0) {
        let start = JournalRecord.open(.event, &bytes)
        bytes.append(number: sequence)
        bytes.append(number: previous)
        bytes.append(time: time)
        bytes.append(text: channel)
        bytes.append(text: key)
        switch content {
        case .message(let name, let data, let userID):
            bytes.append(ContentKind.message.rawValue)
            bytes.append(text: name)
            bytes.append(text: userID)
            bytes.append(run: data)
        case .memberAdded(let member):
            bytes.append(ContentKind.memberAdded.rawValue)
            bytes.append(member: member)
        case .memberRemoved(let userID):
            bytes.append(ContentKind.memberRemoved.rawValue)
            bytes.append(text: userID)
        case .refused(let status, let message):
            bytes.append(ContentKind.refused.rawValue)
            bytes.append(number: UInt64(bitPattern: Int64(status)))
            bytes.append(text: message)
        case .gap(let gap):
            bytes.append(ContentKind.gap.rawValue)
            bytes.append(gap: gap)
        case .tombstone: bytes.append(ContentKind.tombstone.rawValue)
        }
        let missing = start + padding - bytes.count
        if missing > 0 { bytes.append(contentsOf: repeatElement(0, count: missing)) }
        JournalRecord.close(start, &bytes)
    }

    /// What a content's first byte says.
    enum ContentKind: UInt8 {
        case message = 1
        case memberAdded, memberRemoved, refused, gap, tombstone
    }
}

extension JournalRecord {
    /// What the last byte of a record's head says.
    enum Kind: UInt8 {
        case beginning = 1
        case event, channel, silence, retraction, member, mark
    }
}

extension GapReason {
    /// The reason as one byte.
    var code: UInt8 {
        switch self {
        case .upstream: 1
        case .idle: 2
        case .restart: 3
        case .evicted: 4
        case .unknownPosition: 5
        }
    }

    /// The reason that a byte stands for.
    init?(code: UInt8) {
        switch code {
        case 1: self = .upstream
        case 2: self = .idle
        case 3: self = .restart
        case 4: self = .evicted
        case 5: self = .unknownPosition
        default: return nil
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(number: UInt32) {
        for shift in stride(from: 0, to: 32, by: 8) {
            append(UInt8(truncatingIfNeeded: number >> UInt32(shift)))
        }
    }

    fileprivate mutating func append(number: UInt64) {
        append(number: UInt32(truncatingIfNeeded: number))
        append(number: UInt32(truncatingIfNeeded: number >> 32))
    }

    fileprivate mutating func put(_ number: UInt32, at index: Int) {
        for place in 0..<4 {
            self[index + place] = UInt8(truncatingIfNeeded: number >> UInt32(8 * place))
        }
    }

    fileprivate mutating func append(time: WallTime?) {
        append(number: UInt64(bitPattern: time?.milliseconds ?? .min))
    }

    fileprivate mutating func append(text: String?) {
        guard let text else { return append(number: UInt32.max) }
        append(number: UInt32(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    fileprivate mutating func append(run: [UInt8]?) {
        guard let run else { return append(number: UInt32.max) }
        append(number: UInt32(run.count))
        append(contentsOf: run)
    }

    fileprivate mutating func append(member: Member) {
        append(text: member.userID)
        append(run: member.userInfo)
    }

    fileprivate mutating func append(gap: Gap) {
        append(gap.reason.code)
        append(time: gap.since)
        append(time: gap.until)
        append(text: gap.from?.text)
    }
}
