// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// The content of one report that both connections bring: an event, or a change of a member.
///
/// Two messages of the same content are two occurrences of one value. Everything is compared byte
/// by byte.
struct Occurrence: Hashable {
    private enum Kind { case event, memberAdded, memberRemoved }

    let channel: String
    private let kind: Kind
    /// The event's name, or the member's `user_id`.
    private let key: ByteKey
    private let data: [UInt8]
    private let userID: ByteKey?

    /// Creates the occurrence of an event.
    init(event name: String, data: [UInt8], userID: String?, on channel: String) {
        self.init(.event, name, data, userID, channel)
    }

    /// Creates the occurrence of a report; `nil` if it is neither an event nor a member's change.
    init?(_ report: UpstreamSession.Report) {
        switch report {
        case .event(let channel, let name, let data, let userID):
            self.init(.event, name, data, userID, channel)
        case .memberAdded(let channel, let member):
            self.init(.memberAdded, member.userID, member.userInfo ?? [], nil, channel)
        case .memberRemoved(let channel, let userID):
            self.init(.memberRemoved, userID, [], nil, channel)
        default: return nil
        }
    }

    private init(
        _ kind: Kind, _ name: String, _ data: [UInt8], _ userID: String?, _ channel: String
    ) {
        self.kind = kind
        key = ByteKey(name)
        self.data = data
        self.userID = userID.map { ByteKey($0) }
        self.channel = channel
    }

    /// The event's name, or the member's `user_id`.
    var name: String { key.text }

    /// True if it is an event.
    var isEvent: Bool { kind == .event }

    /// The memory of an occurrence that is kept, in bytes.
    var cost: Int {
        AwaitedCopies.fixedCost + key.text.utf8.count + data.count
            + (userID?.text.utf8.count ?? 0)
    }
}
