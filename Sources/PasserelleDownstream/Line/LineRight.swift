// SPDX-License-Identifier: MIT

/// What a user of this host may do on the Unix socket.
package enum LineRight: String, Sendable {
    /// Hear, and ask.
    case read
    /// That, and send: events of the server's, and what users say.
    case publish
}
