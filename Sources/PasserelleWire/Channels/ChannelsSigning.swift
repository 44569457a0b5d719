// SPDX-License-Identifier: MIT

/// The strings that Channels signs; the caller computes the HMAC-SHA256 over them.
package enum ChannelsSigning {
    /// Returns the string to sign for a subscription; presence needs `channelData` exactly as sent.
    package static func subscription(
        socketID: String, channel: String, channelData: String?
    ) -> [UInt8] {
        var text = "\(socketID):\(channel)"
        if let channelData { text += ":" + channelData }
        return Array(text.utf8)
    }

    /// Returns the string to sign for a user's sign-in.
    package static func signIn(socketID: String, userData: String) -> [UInt8] {
        Array("\(socketID)::user::\(userData)".utf8)
    }

    /// Returns the string to sign for a REST request; `path` must be exactly as sent.
    ///
    /// Parameters are sorted by lower-case name and not escaped, without `auth_signature`.
    package static func request(
        method: String, path: String, query: [(name: String, value: String)]
    ) -> [UInt8] {
        let parameters = query.map { (name: $0.name.lowercased(), value: $0.value) }
            .filter { $0.name != "auth_signature" }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
            .map { "\($0.name)=\($0.value)" }
        let lines = [method.uppercased(), path, parameters.joined(separator: "&")]
        return Array(lines.joined(separator: "\n").utf8)
    }
}

/// The action of a client after a connection has ended.
package enum CloseAction: Equatable, Sendable {
    /// Does not reconnect with the same credentials (4000–4099).
    case stop
    /// Reconnects at once (4200–4299).
    case reconnectAtOnce
    /// Reconnects after at least one second (4100–4199).
    case backOff
    /// Reconnects with exponential backoff (all other codes, and no code).
    case exponential
}
