// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleWire

/// A channel as the console lists it; bounded in size.
struct ConsoleChannel: Equatable {
    /// Channels that are listed.
    static let limit = 50
    /// Members of a channel that are listed.
    static let memberLimit = 8
    /// Bytes of a member's `user_info` that are shown if the console shows content.
    static let infoBytes = 256

    let name: String
    let state: String
    let readers: Int
    let events: Int
    let bytes: Int
    let memberCount: Int
    /// The first `memberLimit` members.
    let members: [Member]

    /// Returns the channels with the most readers, and of equals those with the newest event;
    /// examines each channel.
    ///
    /// They are sorted by readers and name, so that the order does not change with every event.
    static func first(in hub: Hub) -> [ConsoleChannel] {
        var first = LargestElements<Channel>(limit) { $0.precedes($1) }
        for channel in hub.channels.values { first.offer(channel) }
        return first.elements.map(ConsoleChannel.init).sorted {
            ($1.readers, $0.name) < ($0.readers, $1.name)
        }
    }

    /// Returns the channel as one JSON object; `user_info` only if `showsContent`.
    func json(showsContent: Bool) -> JSONObjectWriter {
        [
            "channel": name, "state": state, "readers": readers, "events": events, "bytes": bytes,
            "members": memberCount,
            "list": members.map { Self.json($0, showsContent: showsContent) },
        ]
    }

    private static func json(_ member: Member, showsContent: Bool) -> JSONObjectWriter {
        var object = JSONObjectWriter()
        let id = ConsoleText(member.userID, limit: ConsoleEvents.nameBytes)
        object.member("user_id", textOf: id.bytes)
        if showsContent, let info = member.userInfo {
            let text = ConsoleText(info, limit: infoBytes)
            object.member("user_info", textOf: text.bytes)
            if text.isCut { object.member("cut", true) }
        }
        return object
    }
}

extension ConsoleChannel {
    fileprivate init(_ channel: Channel) {
        self.init(
            name: channel.name, state: channel.subscription.word, readers: channel.readers.count,
            events: channel.log.count, bytes: channel.log.bytes,
            memberCount: channel.members.count, members: channel.members.first(Self.memberLimit))
    }
}

extension Channel {
    /// True if the console lists `self` in preference to `other` when there are too many channels.
    fileprivate func precedes(_ other: Channel) -> Bool {
        if readers.count != other.readers.count { return readers.count > other.readers.count }
        let (own, others) = (newest, other.newest)
        return own == others ? name < other.name : own > others
    }

    /// The sequence number of the newest event that is held.
    private var newest: UInt64 {
        max(log.newest?.sequence ?? 0, ephemeralEvents.newest?.sequence ?? 0)
    }
}
