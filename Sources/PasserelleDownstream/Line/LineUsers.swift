// SPDX-License-Identifier: MIT

/// Counts the connections to the Unix socket by user, and decides if one more is allowed.
struct LineUsers {
    private var count = 0
    private var readOnly = 0
    private var byUser: [UInt32: Int] = [:]

    /// Counts a new connection, or returns the limit that it exceeds.
    mutating func connected(
        _ user: UInt32?, right: LineRight, limits: ClientLimits
    ) -> Limit? {
        if let user, byUser[user] ?? 0 >= limits.userLineConnections {
            return .userLineConnections
        }
        if count >= limits.lineConnections { return .lineConnections }
        if right == .read, readOnly >= limits.readOnlyLineConnections { return .lineConnections }
        count += 1
        if right == .read { readOnly += 1 }
        if let user { byUser[user, default: 0] += 1 }
        return nil
    }

    /// Removes a counted connection that has ended.
    mutating func disconnected(_ user: UInt32?, right: LineRight) {
        count -= 1
        if right == .read { readOnly -= 1 }
        guard let user, let before = byUser[user] else { return }
        byUser[user] = before > 1 ? before - 1 : nil
    }
}

/// The rights of a user of this host on the Unix socket.
package enum LineRight: String, Sendable {
    /// Subscribe and query.
    case read
    /// Also send: server events, client events for users, and revocations.
    case publish
}
