// SPDX-License-Identifier: MIT

/// How long a peer has taken nothing of what lies unread on its way.
///
/// Any change of what lies there is progress: the peer took some, or more could be put there.
package struct Stall: Equatable, Sendable {
    private var unread: Int
    private var since: Duration

    /// Begins with so many bytes unread.
    package init(unread: Int, at now: Duration) {
        self.unread = unread
        since = now
    }

    /// Notes how many bytes are unread now; true once they have not changed for `limit`.
    package mutating func exceeds(
        _ limit: Duration, unread: Int, at now: Duration
    ) -> Bool {
        guard unread == self.unread else {
            self = Stall(unread: unread, at: now)
            return false
        }
        return now - since >= limit
    }
}
