// SPDX-License-Identifier: MIT

/// Says what a frame carries (RFC 6455 §5.2).
package enum WebSocketOpcode: UInt8, Equatable, Sendable {
    /// A further fragment of the message begun before.
    case continuation = 0x0
    /// UTF-8 text, or its first fragment.
    case text = 0x1
    /// Bytes, or their first fragment.
    case binary = 0x2
    /// The last frame of its sender.
    case close = 0x8
    /// Asks for a pong.
    case ping = 0x9
    /// Answers a ping, or says unasked that its sender lives.
    case pong = 0xA

    /// Tells whether frames of this kind stand between fragments, short and whole (§5.5).
    package var isControl: Bool { rawValue >= 0x8 }
}
