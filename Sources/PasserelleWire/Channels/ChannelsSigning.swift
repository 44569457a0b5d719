// SPDX-License-Identifier: MIT

/// The strings that Channels signs; the HMAC-SHA256 over them is the caller's.
package enum ChannelsSigning {
    /// What is signed for a subscription; `channelData` only for presence.
    package static func subscription(
        socketID: String, channel: String, channelData: String?
    ) -> [UInt8] { [] }

    /// What is signed for a user's sign-in.
    package static func signIn(socketID: String, userData: String) -> [UInt8] { [] }

    /// What is signed for a REST request: parameters sorted by name, unescaped, without `auth_signature`.
    package static func request(
        method: String, path: String, query: [(name: String, value: String)]
    ) -> [UInt8] { [] }
}
