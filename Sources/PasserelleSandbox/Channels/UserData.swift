// SPDX-License-Identifier: MIT

import PasserelleWire

/// The user data that a client sends with `pusher:signin`; it names the user to sign in.
struct UserData: Equatable {
    /// The maximum number of ids in a watchlist; further ones are dropped.
    static let watchlistLimit = 100
    /// The longest user id, in characters.
    static let idLimit = 200

    /// The id, which follows `#server-to-user-` in the user's channel name.
    let id: String
    /// Raw JSON on one line; `nil` if there is none.
    let userInfo: [UInt8]?
    /// True if `user_info` is an object, null or absent, so that presence channels accept it.
    let hasObjectInfo: Bool
    /// The ids of the users that this user watches, at most `watchlistLimit`: it receives their
    /// online status.
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
        let lists = [("online", online), ("offline", offline)].filter { !$0.1.isEmpty }
        guard !lists.isEmpty else { return nil }
        let data: JSONObjectWriter = [
            "events": lists.map { ["name": $0, "user_ids": $1] as JSONObjectWriter }
        ]
        let frame: JSONObjectWriter = ["event": "pusher_internal:watchlist_events", "data": data]
        return frame.finished()
    }
}
