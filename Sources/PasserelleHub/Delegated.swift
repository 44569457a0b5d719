// SPDX-License-Identifier: MIT

/// The state of a user with delegated membership on a channel.
package struct Delegated: Equatable, Sendable {
    /// True if the user was also present through another connection when that was last observable.
    ///
    /// While the delegated membership exists, Channels does not report other connections of the
    /// same user.
    package internal(set) var isKnownElsewhere: Bool
    /// When Channels reported the user absent, on the steady clock, until the user is back.
    var absentSince: Duration?
}
