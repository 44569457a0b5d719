// SPDX-License-Identifier: MIT

/// Measures the time for which a peer has read no output.
///
/// Any change of the number of unread bytes is progress: the peer has read some, or there was room
/// for more.
package struct Stall: Equatable, Sendable {
    private var unread: Int
    private var since: Duration

    /// Starts the measurement with the current number of unread bytes.
    package init(unread: Int, at now: Duration) {
        self.unread = unread
        since = now
    }

    /// Records the number of unread bytes; returns true if it has not changed for `limit`.
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
