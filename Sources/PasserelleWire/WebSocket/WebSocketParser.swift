// SPDX-License-Identifier: MIT

/// Turns the bytes of one connection into whole messages (RFC 6455 §5 and §6.2).
package struct WebSocketParser: Sendable {
    /// Makes a parser for one end, which holds no message of more than that many bytes.
    package init(role: WebSocketRole, messageBytes: Int) {}
    /// Takes in what the peer has sent.
    package mutating func append(_ bytes: Span<UInt8>) {}
    /// Gives the next whole message, or `nil` when only part has come.
    package mutating func next() throws(WebSocketError) -> WebSocketMessage? { nil }
}
