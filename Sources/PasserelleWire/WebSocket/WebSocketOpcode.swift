// SPDX-License-Identifier: MIT

/// The type of a frame (RFC 6455 §5.2).
package enum WebSocketOpcode: UInt8, Equatable, Sendable {
    /// Another fragment of the open message.
    case continuation = 0x0
    /// A text message, or its first fragment.
    case text = 0x1
    /// A binary message, or its first fragment.
    case binary = 0x2
    /// The last frame of its sender.
    case close = 0x8
    /// Asks for a pong.
    case ping = 0x9
    /// Answers a ping, or is sent unsolicited as a keep-alive.
    case pong = 0xA

    /// True for control frames: short, unfragmented, and allowed between fragments (§5.5).
    package var isControl: Bool { rawValue >= 0x8 }
}
