// SPDX-License-Identifier: MIT

package import PasserelleNet

/// The users that read here, if the gateway does not make users members.
///
/// `PresenceDelegate` tracks them otherwise.
///
/// A departure has no side effect, so no timer is needed: expired entries are removed on each call.
package final class LocalPresence {
    private let loop: EventLoop
    private var tracker = PresenceTracker()

    /// Creates a tracker without users.
    package init(loop: EventLoop) {
        self.loop = loop
    }

    /// Records that a user's reader joined.
    package func joined(_ channels: [String], as userID: String) {
        removeExpiredUsers()
        for channel in channels { _ = tracker.joined(ChannelUser(channel, userID), now: loop.now) }
    }

    /// Records that a user's reader left.
    package func left(_ channels: [String], as userID: String) {
        for channel in channels { tracker.left(ChannelUser(channel, userID), now: loop.now) }
        removeExpiredUsers()
    }

    /// Removes a user that was revoked on a channel, or on all channels.
    package func revoked(_ userID: String, on channel: String?) {
        _ = tracker.revoked(userID, on: channel)
    }

    /// Records that a user's poll began or was answered.
    package func polled(_ channels: [String], as userID: String) {
        removeExpiredUsers()
        for channel in channels { _ = tracker.polled(ChannelUser(channel, userID), now: loop.now) }
    }

    /// Returns true if the user reads the channel here, or did within the grace period.
    package func contains(_ user: ChannelUser) -> Bool {
        removeExpiredUsers()
        return tracker.contains(user)
    }

    private func removeExpiredUsers() {
        _ = tracker.timePassed(now: loop.now)
    }
}
