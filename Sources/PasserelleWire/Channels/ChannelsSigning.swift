// SPDX-License-Identifier: MIT

/// The strings that Channels signs; the HMAC-SHA256 over them is the caller's.
package enum ChannelsSigning {
    /// What is signed for a subscription; `channelData`, byte for byte as sent, only for presence.
    package static func subscription(
        socketID: String, channel: String, channelData: String?
    ) -> [UInt8] {
        var text = "\(socketID):\(channel)"
        if let channelData { text += ":" + channelData }
        return Array(text.utf8)
    }

    /// What is signed for a user's sign-in.
    package static func signIn(socketID: String, userData: String) -> [UInt8] {
        Array("\(socketID)::user::\(userData)".utf8)
    }

    /// What is signed for a REST request: the method, the path exactly as sent, and the parameters
    /// sorted by name in lower case, values not escaped, `auth_signature` left out.
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
