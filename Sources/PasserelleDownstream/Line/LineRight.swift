// SPDX-License-Identifier: MIT

/// The rights of a user of this host on the Unix socket.
package enum LineRight: String, Sendable {
    /// Subscribe and query.
    case read
    /// Also send: server events, client events for users, and revocations.
    case publish
}
