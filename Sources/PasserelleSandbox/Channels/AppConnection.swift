// SPDX-License-Identifier: MIT

/// What the app knows of one client that has shaken hands.
struct AppConnection: Equatable {
    /// A user who proved who they are with `pusher:signin`.
    struct User: Equatable {
        /// The id, with which `#server-to-user-` makes a channel name.
        let id: String
        /// Raw JSON, one line; `nil` when the user data holds none.
        let userInfo: [UInt8]?
        /// Whose coming and going it wants to hear of.
        let watchlist: Set<String>
    }

    /// The caller's number for it.
    let id: Int
    /// What clients and REST know it by.
    let socketID: String
    /// From 5 to 7.
    let protocolVersion: Int
    /// The `client` and `version` that the client gave of itself, for the state page only.
    let client: String
    /// What it is subscribed to.
    var channels: Set<String> = []
    /// Who it is signed in as.
    var user: User?
    /// When it last gave any sign of life.
    var lastHeard: Duration
    /// When the server's unanswered ping went out.
    var pingedAt: Duration?
    /// What it sent to others in the last second.
    var clientEvents = EventRate()
}

/// Counts what one connection sent in the last second, and says when that is too much.
struct EventRate: Equatable {
    /// How many events a connection may send in any second.
    static let limit = 10

    private var recent: [Duration] = []

    /// Decides whether one more event at `now` is within the limit, and counts it when it is.
    mutating func admits(at now: Duration) -> Bool {
        recent.removeAll { now - $0 >= .seconds(1) }
        guard recent.count < Self.limit else { return false }
        recent.append(now)
        return true
    }
}
