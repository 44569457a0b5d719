// SPDX-License-Identifier: MIT

/// The state of a client after the WebSocket handshake.
struct AppConnection: Equatable {
    /// A user authenticated by `pusher:signin`.
    struct User: Equatable {
        /// The id, which follows `#server-to-user-` in the user's channel name.
        let id: String
        /// Raw JSON on one line; `nil` if the user data contains none.
        let userInfo: [UInt8]?
        /// True if presence channels accept the `user_info` of the user data.
        let hasObjectInfo: Bool
        /// The ids of the users that this user watches: it receives their online status.
        let watchlist: Set<[UInt8]>
    }

    /// The caller's number for the connection.
    let id: Int
    /// The socket id, which identifies the connection to clients and in REST requests.
    let socketID: String
    /// From 5 to 7.
    let protocolVersion: Int
    /// The `client` and `version` sent by the client; used for the state page only.
    let client: String
    /// The subscribed channels.
    var channels: Set<String> = []
    /// The user that is signed in.
    var user: User?
    /// The time of the last received message or pong.
    var lastActivity: Duration
    /// The time of the server's ping, while it is unanswered.
    var pingedAt: Duration?
    /// The rate limiter of the client's events.
    var clientEvents = EventRate()
}
