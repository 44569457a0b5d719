// SPDX-License-Identifier: MIT

/// Says which end of a connection we are (RFC 6455 §5.1).
package enum WebSocketRole: Equatable, Sendable {
    /// We connected: we mask what we send, and refuse what comes masked.
    case client
    /// We accepted: we send unmasked, and refuse what comes unmasked.
    case server
}
