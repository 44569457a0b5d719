// SPDX-License-Identifier: MIT

/// Decides what one end of a WebSocket does, from its handshake to its end (RFC 6455 §5–§7).
package struct WebSocketSession {
    /// Says what the link's owner must do next, in order.
    package enum Action: Equatable, Sendable {
        /// Send these bytes.
        case send([UInt8])
        /// Hand on a text, binary, ping or pong; a ping's answer is already among the actions.
        case deliver(WebSocketMessage)
        /// The connection is over for its user: 1005 no code given, 1006 no close frame seen.
        case closed(code: UInt16, reason: String)
        /// Write out what is queued, then end the link.
        case endLink
    }

    /// Makes a session after its handshake; a client needs a source of unforeseeable masks.
    package init(
        role: WebSocketRole, messageBytes: Int, maskSource: (() -> UInt32)? = nil
    ) {}

    /// Tells whether messages may still be sent.
    package var isOpen: Bool { true }

    /// Notes what the peer has sent.
    package mutating func received(_ bytes: Span<UInt8>) -> [Action] { [] }
    /// Sends text, which must be valid UTF-8.
    package mutating func send(text: [UInt8]) -> [Action] { [] }
    /// Sends text.
    package mutating func send(text: String) -> [Action] { send(text: Array(text.utf8)) }
    /// Sends bytes.
    package mutating func send(binary: [UInt8]) -> [Action] { [] }
    /// Sends a ping; beyond 125 bytes the payload is cut.
    package mutating func ping(_ payload: [UInt8] = []) -> [Action] { [] }
    /// Begins the closing handshake.
    package mutating func close(code: UInt16? = 1000, reason: String = "") -> [Action] { [] }
    /// Notes that the peer did not answer our close in time.
    package mutating func closeTimedOut() -> [Action] { [] }
    /// Notes that the link has ended.
    package mutating func lost() -> [Action] { [] }
}
