// SPDX-License-Identifier: MIT

/// A complete message, reassembled from its fragments.
package enum WebSocketMessage: Equatable, Sendable {
    /// A text message; the bytes are valid UTF-8.
    case text([UInt8])
    /// A binary message.
    case binary([UInt8])
    /// A ping; the pong must carry the same payload, at most 125 bytes.
    case ping([UInt8])
    /// A pong with a payload of at most 125 bytes.
    case pong([UInt8])
    /// The peer's close frame, with a valid code or none (§5.5.1).
    case close(code: UInt16?, reason: String)
}
