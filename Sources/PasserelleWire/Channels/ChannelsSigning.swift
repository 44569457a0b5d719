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

/// The rules for socket ids.
package enum SocketID {
    /// The maximum length of a server's socket id in bytes: the id is part of every signature.
    package static let maximumLength = 256

    /// Returns true if a server's socket id has 1 to `maximumLength` bytes and no control
    /// characters.
    ///
    /// pusher-js accepts any text, and servers send numbers, UUIDs and other forms.
    package static func isUsable(_ text: String) -> Bool {
        1...maximumLength ~= text.utf8.count
            && text.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && !(0x7F..<0xA0).contains($0.value)
            }
    }

    /// Returns true if a text is two runs of digits joined by a dot, the form that hosted Channels
    /// uses and requires in REST requests.
    package static func isHosted(_ text: String) -> Bool {
        let parts = text.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            }
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

/// The ranges of Channels' close codes.
package enum ClosePolicy {
    /// The application is over its connection quota.
    package static let overQuota = 4004

    /// Returns the action for a close code; `nil` means that the connection was lost without one.
    package static func action(code: UInt16?) -> CloseAction {
        switch code {
        case .some(4000...4099): .stop
        case .some(4100...4199): .backOff
        case .some(4200...4299): .reconnectAtOnce
        default: .exponential
        }
    }

    /// Returns the action for a `pusher:error` received before the connection was established.
    package static func action(errorCode: Int?) -> CloseAction {
        action(code: errorCode.flatMap { UInt16(exactly: $0) })
    }
}
