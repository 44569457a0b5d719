// SPDX-License-Identifier: MIT

/// What the codes 4000–4099 mean, in words that say what to change.
enum RefusalWords {
    /// One clause for a code, the server's own words behind it where it gave any.
    static func words(code: Int, server: String) -> String {
        let ours =
            switch code {
            case 4000: "the application takes TLS only: set PUSHER_SCHEME=https"
            case 4001: "no such application: check PUSHER_KEY, and PUSHER_CLUSTER or PUSHER_HOST"
            case 4003: "the application is disabled"
            case 4004: "the application is over its number of connections"
            case 4005: "no Channels server answers at this path: check PUSHER_HOST"
            case 4006...4008: "the server does not speak version 7 of the protocol"
            case 4009: "the connection is not authorized: check PUSHER_KEY and PUSHER_SECRET"
            default: "the server says not to come back unchanged"
            }
        return server.isEmpty ? ours : "\(ours) (the server says: \(server))"
    }
}
