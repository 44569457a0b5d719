// SPDX-License-Identifier: MIT

/// One whole message, its fragments joined.
package enum WebSocketMessage: Equatable, Sendable {
    /// Text, which is valid UTF-8.
    case text([UInt8])
    /// Bytes.
    case binary([UInt8])
    /// A ping and what its answer must carry, at most 125 bytes.
    case ping([UInt8])
    /// A pong, at most 125 bytes.
    case pong([UInt8])
    /// The peer's last frame: a code that may stand on the wire, or none (§5.5.1).
    case close(code: UInt16?, reason: String)
}
