// SPDX-License-Identifier: MIT

/// What became of a client event.
package enum ClientEventOutcome: Equatable, Sendable {
    /// It went out, or said what had just been said.
    case sent
    /// Too many; come back after so long.
    case excess(Duration)
    /// Channels is away, or does not tell us this channel now.
    case unavailable
    /// The user is still becoming a member of the channel.
    case notYet
}

/// What Downstream tells of its users, and has sent in their name.
package struct PresenceServices {
    /// A reader of a user came to channels.
    package var joined: (_ channels: [String], ReaderIdentity) -> Void
    /// A reader of a user left channels.
    package var left: (_ channels: [String], _ userID: String) -> Void
    /// A user polled channels, or was answered.
    package var polled: (_ channels: [String], ReaderIdentity) -> Void
    /// Sends a client event as a user; the data is one JSON value on one line, the user's own.
    ///
    /// `done` is called once, at once or within a few seconds.
    package var send:
        (
            _ event: String, _ data: [UInt8], _ channel: String, _ userID: String,
            _ done: @escaping (ClientEventOutcome) -> Void
        ) -> Void

    /// Nobody is told of anybody, and nothing can be sent.
    package init() {
        joined = { _, _ in }
        left = { _, _ in }
        polled = { _, _ in }
        send = { $4(.unavailable) }
    }
}
