// SPDX-License-Identifier: MIT

/// One thing that the journal keeps.
///
/// The records of a journal may stand in any order and more than once: an event knows what stood
/// before it on its channel, so that what is missing shows, and copies of one event are equal.
package enum JournalRecord: Equatable, Sendable {
    /// The beginning of a segment: the lives of the log as they were known then.
    ///
    /// Where it `followsHole`, what was said before it may not have been kept.
    case beginning(EpochLine, followsHole: Bool)
    case event(JournalEvent)
    /// A channel was heard from `time` on, or stands so in a copy; nothing of it lies at or before
    /// the horizon. `silence` says since when it is no longer heard.
    case channel(String, Channel.Horizon, silence: WallTime?, time: WallTime)
    /// No channel is heard since then.
    case silence(since: WallTime)
    /// Messages with that key are taken back, up to a sequence number.
    case retraction(Burial)
    /// A user was seen on a channel.
    case member(String, SeenMember)
    /// The gateway had come so far, and was alive then.
    case mark(sequence: UInt64, time: WallTime)
}

/// An entry of a channel's log with what stood before it.
package struct JournalEvent: Equatable, Sendable {
    package let sequence: UInt64
    /// The sequence number of the entry before it on its channel, or of the channel's horizon.
    package let previous: UInt64
    package let time: WallTime
    package let channel: String
    package let key: String?
    package let content: Event.Content

    /// An entry from its parts.
    package init(
        sequence: UInt64, previous: UInt64, time: WallTime, channel: String, key: String? = nil,
        content: Event.Content
    ) {
        self.sequence = sequence
        self.previous = previous
        self.time = time
        self.channel = channel
        self.key = key
        self.content = content
    }

    /// The entry as a hub holds it.
    package init(_ event: Event, previous: UInt64) {
        self.init(
            sequence: event.sequence, previous: previous, time: event.time,
            channel: event.channel, key: event.key, content: event.content)
    }
}

/// Which messages are to be taken out of the journal's bytes.
package struct Burial: Hashable, Sendable {
    package let channel: String
    package let key: String
    /// Messages above this sequence number stay.
    package let through: UInt64

    package init(channel: String, key: String, through: UInt64) {
        self.channel = channel
        self.key = key
        self.through = through
    }

    /// True for a message that is to be taken out.
    package func covers(_ event: JournalEvent) -> Bool {
        guard case .message = event.content else { return false }
        return event.key == key && event.sequence <= through && event.channel == channel
    }

    /// True for a message that is to be taken back, wherever it is still held, or was and is a
    /// tombstone by now.
    package func covers(_ event: Event) -> Bool {
        event.key == key && event.sequence <= through && event.channel == channel
    }
}

extension JournalRecord {
    /// The form of the records that this version writes, and the newest that it reads.
    package static let version: UInt8 = 1
    /// Bytes before a record's payload: marker 3, checksum 4, version 1, length 4, kind 1.
    package static let headBytes = 13
    /// The longest payload; a longer one is damage.
    package static let payloadBytes = 16 * 1_048_576
    /// What every record begins with: bytes that no UTF-8 text has, so that no message can look
    /// like a record.
    package static let marker: (UInt8, UInt8, UInt8) = (0xFF, 0xC1, 0xFE)
}
