// SPDX-License-Identifier: MIT

/// One record of the journal.
///
/// The records of a journal may be in any order and may be repeated: an event names its predecessor
/// on its channel, so that missing entries are found, and copies of one event are equal.
package enum JournalRecord: Equatable, Sendable {
    /// The first record of a segment: the epochs of the log at that time.
    ///
    /// If it `followsGap`, earlier entries may not have been stored.
    case beginning(EpochHistory, followsGap: Bool)
    case event(JournalEvent)
    /// A channel was subscribed at `time`, or is in this state in a copy; it has no entries at or
    /// before the horizon.
    ///
    /// `silence` is when the subscription ended, or `nil` if it has not.
    case channel(String, Channel.Horizon, silence: WallTime?, time: WallTime)
    /// The subscriptions of all channels ended at this time.
    case silence(since: WallTime)
    /// Messages with a key are retracted, up to a sequence number.
    case retraction(Retraction)
    /// A user was seen on a channel.
    case member(String, SeenMember)
    /// The gateway was running at this time, and had reached this sequence number.
    case mark(sequence: UInt64, time: WallTime)
}

extension JournalRecord {
    /// The record format that this version writes, and the newest that it can read.
    package static let version: UInt8 = 1
    /// Bytes before a record's payload: marker 3, checksum 4, version 1, length 4, kind 1.
    package static let headBytes = 13
    /// The longest payload; a longer one is damage.
    package static let payloadBytes = 16 * 1_048_576
    /// The greatest sequence number that can be read; a record with a greater one is damage.
    package static let greatestSequence: UInt64 = 1 << 62
    /// The greatest sequence number from which a hub continues.
    ///
    /// No gateway can issue enough numbers to get from here to `greatestSequence`, so that all
    /// records that it writes can be read again.
    package static let greatestContinued: UInt64 = 1 << 61
    /// The first bytes of every record; no UTF-8 text has them, so that no message can look like a
    /// record.
    package static let marker: (UInt8, UInt8, UInt8) = (0xFF, 0xC1, 0xFE)
}

/// An entry of a channel's log, with the sequence number of its predecessor.
package struct JournalEvent: Equatable, Sendable {
    package let sequence: UInt64
    /// The sequence number of the entry before it on its channel, or of the channel's horizon.
    package let previous: UInt64
    package let time: WallTime
    package let channel: String
    package var key: String?
    package let content: Event.Content
}

extension JournalEvent {
    /// Creates an entry from an event of the hub.
    package init(_ event: Event, previous: UInt64) {
        self.init(
            sequence: event.sequence, previous: previous, time: event.time,
            channel: event.channel, key: event.key, content: event.content)
    }
}

extension JournalRecord {
    /// Appends the record's bytes.
    ///
    /// The format is `FF C1 FE`, the CRC-32C of all following bytes, version, payload length, kind
    /// and payload. Numbers are little-endian. Texts follow their length, which has all bits set
    /// for `nil`.
    package func append(to bytes: inout [UInt8]) {
        switch self {
        case .event(let event): event.append(to: &bytes)
        case .beginning(let line, let followsGap):
            Self.append(line, followsGap: followsGap, to: &bytes)
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
        case .retraction(let retraction):
            let start = Self.open(.retraction, &bytes)
            bytes.append(number: retraction.through)
            bytes.append(text: retraction.channel)
            bytes.append(text: retraction.key)
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

    private static func append(
        _ line: EpochHistory, followsGap: Bool, to bytes: inout [UInt8]
    ) {
        let start = Self.open(.beginning, &bytes)
        bytes.append(followsGap ? 1 : 0)
        bytes.append(number: line.current)
        bytes.append(number: UInt32(line.past.count))
        for past in line.past {
            bytes.append(number: past.epoch)
            bytes.append(number: past.through)
        }
        Self.close(start, &bytes)
    }

    /// The record's bytes.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    /// Writes the head with room for length and checksum; returns the record's start index.
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

    /// Returns the record of a message as a tombstone of the same length.
    ///
    /// Returns `nil` if the bytes are not one whole record of a message that the retraction covers.
    package static func retracted(_ bytes: [UInt8], _ retraction: Retraction) -> [UInt8]? {
        guard case .event(let event)? = decode(bytes), retraction.covers(event) else { return nil }
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
    /// Appends the event's record; a shorter record is padded with zeros to `padding` bytes.
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

    /// The first byte of an encoded content.
    enum ContentKind: UInt8 {
        case message = 1
        case memberAdded, memberRemoved, refused, gap, tombstone
    }
}

extension JournalRecord {
    /// The last byte of a record's head.
    enum Kind: UInt8 {
        case beginning = 1
        case event, channel, silence, retraction, member, mark
    }
}

extension GapReason {
    /// The reasons in the order of their codes, which begin at 1.
    private static let coded: [GapReason] = [
        .upstream, .idle, .restart, .evicted, .unknownPosition, .sequence,
    ]

    /// The reason encoded as one byte.
    var code: UInt8 { UInt8((Self.coded.firstIndex(of: self) ?? 0) + 1) }

    /// Decodes a reason; returns `nil` if the byte is unknown.
    init?(code: UInt8) {
        guard Self.coded.indices.contains(Int(code) - 1) else { return nil }
        self = Self.coded[Int(code) - 1]
    }
}

extension [UInt8] {
    mutating func append(number: some FixedWidthInteger) {
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    fileprivate mutating func put(_ number: UInt32, at index: Int) {
        for place in 0..<4 {
            self[index + place] = UInt8(truncatingIfNeeded: number >> UInt32(8 * place))
        }
    }

    mutating func append(time: WallTime?) {
        append(number: UInt64(bitPattern: time?.milliseconds ?? .min))
    }

    mutating func append(text: String?) {
        guard let text else { return append(number: UInt32.max) }
        append(number: UInt32(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    mutating func append(run: [UInt8]?) {
        guard let run else { return append(number: UInt32.max) }
        append(number: UInt32(run.count))
        append(contentsOf: run)
    }

    mutating func append(member: Member) {
        append(text: member.userID)
        append(run: member.userInfo)
    }

    mutating func append(gap: Gap) {
        append(gap.reason.code)
        append(time: gap.since)
        append(time: gap.until)
        append(text: gap.from?.text)
    }
}
