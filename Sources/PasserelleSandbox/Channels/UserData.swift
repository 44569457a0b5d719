// SPDX-License-Identifier: MIT
import PasserelleWire

/// What a client says of its user when it signs in.
struct UserData: Equatable {
    /// How many ids a watch list may hold; the rest are dropped.
    static let watchlistLimit = 100
    /// The longest user id, in characters.
    static let idLimit = 200

    /// The user's id.
    let id: String
    /// Raw JSON, one line.
    let userInfo: [UInt8]?
    /// The first `watchlistLimit` ids of the list.
    let watchlist: [String]
    /// Whether ids were dropped from the watch list.
    let isTruncated: Bool

    /// Reads the signed string; `nil` without an id that could stand in a channel's name.
    init?(_ text: String) {
        guard let fields = JSONFields(Array(text.utf8)), let id = fields.text("id"),
            id.count <= Self.idLimit,
            (try? ChannelName(ChannelName.serverToUserPrefix + id, allowsServerToUser: true))
                != nil
        else { return nil }
        self.id = id
        userInfo = fields.raw("user_info")
        watchlist = fields.texts("watchlist", limit: Self.watchlistLimit) ?? []
        isTruncated = (fields.count("watchlist") ?? 0) > Self.watchlistLimit
    }
}
