// SPDX-License-Identifier: MIT

/// Says which rules of connection and framing a message follows (RFC 9112 §2.3).
package enum HTTPVersion: Equatable, Sendable {
    /// HTTP/1.0: one exchange a connection unless both ask for more, no chunks.
    case http10
    /// HTTP/1.1, and any later minor version, which must be understood as 1.1.
    case http11
}
