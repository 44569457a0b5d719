// SPDX-License-Identifier: MIT

/// Why entries may be missing at a place in a log.
package enum GapReason: String, CaseIterable, Equatable, Sendable {
    /// The connection to Channels was away.
    case upstream
    /// Nobody read the channel, so it was not subscribed.
    case idle
    /// The gateway itself was away.
    case restart
    /// The entries fell off the log before the reader came.
    case evicted
    /// The reader named a position that this gateway does not know.
    case unknownPosition = "unknown-position"
}

/// A place where entries may be missing, and what is known of it.
package struct Gap: Equatable, Sendable {
    package let reason: GapReason
    /// When the hole began, where that is known.
    package var since: WallTime?
    /// When it ended, where that is known.
    package var until: WallTime?
    /// The position that the reader named, as it wrote it, or had reached.
    package var from: Position?

    package init(
        _ reason: GapReason, since: WallTime? = nil, until: WallTime? = nil, from: Position? = nil
    ) {
        self.reason = reason
        self.since = since
        self.until = until
        self.from = from
    }
}

/// One entry of a channel's log: something that was said there, or a gap.
///
/// An event never changes, so any number of readers share it. The form is the one exception: bytes
/// that Downstream fills on first use, so that an event is encoded once for all readers.
package final class Event {
    /// What an entry says.
    package enum Content: Equatable, Sendable {
        /// An application's event; `data` is one JSON value on one line.
        case message(name: String, data: [UInt8], userID: String?)
        case memberAdded(Member)
        case memberRemoved(userID: String)
        /// Channels refuses the subscription.
        case refused(status: Int, message: String)
        case gap(Gap)
        /// A message stood here that was retracted: nothing of it is left but its position.
        case tombstone

        /// Bytes of names and payload.
        fileprivate var size: Int {
            switch self {
            case .message(let name, let data, let userID):
                name.utf8.count + data.count + (userID?.utf8.count ?? 0)
            case .memberAdded(let member):
                member.userID.utf8.count + (member.userInfo?.count ?? 0)
            case .memberRemoved(let userID): userID.utf8.count
            case .refused(_, let message): message.utf8.count
            case .gap, .tombstone: 0
            }
        }

        /// True for member changes, which a snapshot of the members stands for.
        package var isMemberChange: Bool {
            switch self {
            case .memberAdded, .memberRemoved: true
            case .message, .refused, .gap, .tombstone: false
            }
        }
    }

    package let sequence: UInt64
    package let time: WallTime
    /// When it came on the steady clock, for its age.
    package let heardAt: Duration
    package let channel: String
    package private(set) var content: Content
    /// What a later event may name it by to retract it.
    package let key: String?
    /// The encoded forms, filled on first use and read by Downstream alone.
    package var form: EncodedForm?

    package init(
        sequence: UInt64, at now: Moment, channel: String, content: Content, key: String? = nil
    ) {
        self.sequence = sequence
        self.time = now.wall
        self.heardAt = now.steady
        self.channel = channel
        self.content = content
        self.key = key
    }

    /// True for a client event: told to those who listen, never replayed once it is stale.
    package var isEphemeral: Bool {
        if case .message(let name, _, _) = content { name.hasPrefix("client-") } else { false }
    }

    /// Who sent a client event, where that is known: their own readers do not hear it.
    package var sender: String? {
        if isEphemeral, case .message(_, _, let userID) = content { userID } else { nil }
    }

    /// Takes back what was said: the bytes are overwritten where nobody else holds them, and freed.
    func retract() {
        guard case .message(_, var data, _) = content else { return }
        content = .tombstone
        for index in data.indices { data[index] = 0 }
        form?.wipe()
        form = nil
    }

    /// What the entry counts against the byte bounds: what it says twice, once as it came and once
    /// in its encoded forms, and a fixed share for the rest.
    ///
    /// The forms count from the start, whether or not a reader has had them made: what an entry
    /// costs never changes.
    package var cost: Int {
        Self.fixedCost + 2 * (content.size + (key?.utf8.count ?? 0)) + channel.utf8.count
    }

    /// Bytes counted for an entry besides what it says: the objects, and what the forms add.
    package static let fixedCost = 640
}

/// One event's bytes in every form that readers ask for, laid out so that each is a slice.
package struct EncodedForm: Sendable {
    /// The event-stream frame inside one chunk of HTTP's chunked coding; empty for a tombstone.
    package private(set) var bytes: [UInt8]
    /// The event-stream frame alone.
    package let frame: Range<Int>
    /// The JSON object inside the frame.
    package let json: Range<Int>

    package init(bytes: [UInt8], frame: Range<Int>, json: Range<Int>) {
        self.bytes = bytes
        self.frame = frame
        self.json = json
    }

    fileprivate mutating func wipe() {
        for index in bytes.indices { bytes[index] = 0 }
    }
}
