// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleWire

/// Callbacks about readers' users, and sending of their client events.
package struct PresenceServices {
    /// A user's reader subscribed to channels.
    package var joined: (_ channels: [String], ReaderIdentity) -> Void = { _, _ in }
    /// A user's reader left channels.
    package var left: (_ channels: [String], _ userID: String) -> Void = { _, _ in }
    /// A user polled channels, or its poll was answered.
    package var polled: (_ channels: [String], ReaderIdentity) -> Void = { _, _ in }
    /// A user was revoked on a channel, or on all, and must no longer be a member there.
    package var revoked: (_ channel: String?, _ userID: String) -> Void = { _, _ in }
    /// Sends a client event as a user.
    ///
    /// The data is one JSON value on one line and names that user. `done` is called once,
    /// immediately or within a few seconds.
    package var send:
        (
            _ event: String, _ data: [UInt8], _ channel: String, _ userID: String,
            _ done: @escaping (ClientEventOutcome) -> Void
        ) -> Void = { $4(.unavailable) }

    /// Creates callbacks that do nothing, and under which sending is unavailable.
    package init() {}
}
