// SPDX-License-Identifier: MIT

import PasserelleWire

/// The user data that a client sends with `pusher:signin`.
struct UserData: Equatable {
    /// The maximum number of ids in a watchlist; further ones are dropped.
    static let watchlistLimit = 100
    /// The longest user id, in characters.
    static let idLimit = 200

    /// The user's id.
    let id: String
    /// Raw JSON on one line.
    let userInfo: [UInt8]?
    /// True if `user_info` is an object, null or absent.
    let hasObjectInfo: Bool
    /// The first `watchlistLimit` ids of the list.
    let watchlist: [String]
    /// True if ids were dropped from the watchlist.
    let isTruncated: Bool

    /// Parses the signed string; `nil` if it has no id that is valid in a channel name.
    init?(_ text: String) {
        guard let fields = JSONObject(Array(text.utf8)), let id = fields.text("id"),
            id.count <= Self.idLimit,
            (try? ChannelName(ChannelName.serverToUserPrefix + id, allowsServerToUser: true))
                != nil
        else { return nil }
        self.id = id
        userInfo = fields.raw("user_info")
        hasObjectInfo = [nil, .null, .object].contains(fields["user_info"]?.kind)
        watchlist = fields.texts("watchlist", limit: Self.watchlistLimit) ?? []
        isTruncated = (fields.elements("watchlist")?.count ?? 0) > Self.watchlistLimit
    }
}

/// The frame that reports which users of a watchlist are online.
enum WatchlistFrame {
    /// Returns the frame without empty lists; `nil` if both are empty.
    static func encoded(online: [String], offline: [String]) -> [UInt8]? {
        var events: [[UInt8]] = []
        for (name, ids) in [("online", online), ("offline", offline)] where !ids.isEmpty {
            var event = JSONObjectWriter()
            event.member("name", name)
            event.member("user_ids", json: JSONWriter.array(of: ids))
            events.append(event.finished())
        }
        guard !events.isEmpty else { return nil }
        var data = JSONObjectWriter()
        data.member("events", json: JSONWriter.array(events))
        var frame = JSONObjectWriter()
        frame.member("event", "pusher_internal:watchlist_events")
        frame.member("data", json: data.finished())
        return frame.finished()
    }
}
