// SPDX-License-Identifier: MIT

/// The reason why a client cannot become a member of a presence channel.
struct MembershipError: Error, Equatable {
    /// The message sent to the client; it names the channel because the error frame does not.
    let message: String

    private init(_ message: String) { self.message = message }

    static func noUser(_ channel: String) -> Self {
        Self("Presence channel \(channel) needs channel_data or a signed-in user")
    }
    static func badData(_ channel: String, _ fault: String) -> Self {
        Self("Invalid channel_data for channel \(channel): \(fault)")
    }
    static func badInfo(_ channel: String) -> Self {
        badData(channel, "user_info must be an object")
    }
    static func full(_ channel: String, limit: Int) -> Self {
        Self("Presence channel \(channel) has reached its limit of \(limit) members")
    }
}
