// SPDX-License-Identifier: MIT

/// One entry of a channel's log: an event, a member change, a refusal or a gap.
///
/// An event is shared by any number of readers and does not change unless it is retracted. The
/// exception is the encoded form: Downstream fills it in on first use, so that an event is encoded
/// once for all readers.
package final class Event {
    /// The content of an entry.
    package enum Content: Equatable, Sendable {
        /// An application's event; `data` is one JSON value on one line.
        case message(name: String, data: [UInt8], userID: String?)
        case memberAdded(Member)
        case memberRemoved(userID: String)
        /// Channels refuses the subscription.
        case refused(status: Int, message: String)
        case gap(Gap)
        /// A retracted message; only its position is left.
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
    }

    /// The prefix of the gateway's own event names.
    private static let ownPrefix = "passerelle:"
    /// The prefix that is put before an application's event name if it begins with `ownPrefix`.
    package static let renamingPrefix = "application:"

    /// Returns whether a name is, or looks like, the name of one of the gateway's own events.
    package static func hasOwnPrefix(_ name: String) -> Bool {
        name.utf8.starts(with: ownPrefix.utf8)
    }

    /// Returns the name under which an application's event is stored.
    ///
    /// The name is changed if it could be mistaken for an event of the gateway.
    package static func applicationName(_ name: String) -> String {
        hasOwnPrefix(name) ? renamingPrefix + name : name
    }

    package let sequence: UInt64
    package let time: WallTime
    /// When the event came, on the steady clock; determines its age.
    package let receivedAt: Duration
    package let channel: String
    package private(set) var content: Content
    /// The key with which a later event can retract this one.
    package let key: String?
    /// The encoded forms, filled in on first use and read only by Downstream.
    package var form: EncodedForm?

    package init(
        sequence: UInt64, at now: Moment, channel: String, content: Content, key: String? = nil
    ) {
        self.sequence = sequence
        self.time = now.wall
        self.receivedAt = now.steady
        self.channel = channel
        self.content = content
        self.key = key
    }

    /// True for a client event, and for an event of Channels' own about the channel, which are not
    /// replayed once they are stale.
    package var isEphemeral: Bool {
        guard case .message(let name, _, _) = content else { return false }
        return name.utf8.starts(with: "client-".utf8) || name.utf8.starts(with: "pusher:".utf8)
    }

    /// The user that sent a client event, if known; this user's readers do not receive it.
    package var sender: String? {
        if isEphemeral, case .message(_, _, let userID) = content { userID } else { nil }
    }

    /// Replaces a message by a tombstone.
    ///
    /// The payload is overwritten if the event has the only reference to it, then freed.
    func retract() {
        guard case .message(_, var data, _) = content else { return }
        content = .tombstone
        for index in data.indices { data[index] = 0 }
        form?.wipe()
        form = nil
    }

    /// The bytes that the entry counts against the byte limits.
    ///
    /// The content counts twice, as received and encoded, plus a fixed amount. The encoded forms
    /// count even if no reader has needed them yet, so that the cost does not depend on readers.
    package var cost: Int {
        Self.fixedCost + 2 * (content.size + (key?.utf8.count ?? 0)) + channel.utf8.count
    }

    /// The bytes counted for each entry besides its content: objects and encoding overhead.
    package static let fixedCost = 640
}

extension Event.Content {
    /// The event's name on every surface.
    package var name: String {
        switch self {
        case .message(let name, _, _): name
        case .memberAdded: "pusher:member_added"
        case .memberRemoved: "pusher:member_removed"
        case .refused: "pusher:subscription_error"
        case .gap: "passerelle:gap"
        case .tombstone: ""
        }
    }
}
