// SPDX-License-Identifier: MIT

/// One thing that the app wants done about its clients, in the order in which it wants it done.
package enum ChannelsAction: Equatable, Sendable {
    /// The frame is one JSON text message for that connection.
    case send(to: Int, [UInt8])
    /// The connection ends with a WebSocket close frame; the app has already forgotten it.
    case close(Int, code: UInt16, reason: String)
    /// The application's web hook is to hear of this.
    case webhook(WebhookEvent)
}
