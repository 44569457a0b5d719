// SPDX-License-Identifier: MIT

/// One user on one channel: what is a member there, by however many readers.
package struct Attendee: Hashable, Sendable {
    package let channel: String
    package let userID: String

    package init(_ channel: String, _ userID: String) {
        self.channel = channel
        self.userID = userID
    }
}

extension Attendee: Comparable {
    /// By channel, then by user: an order in which things may be done the same way each time.
    package static func < (left: Attendee, right: Attendee) -> Bool {
        (left.channel, left.userID) < (right.channel, right.userID)
    }
}
