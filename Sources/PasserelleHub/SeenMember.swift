// SPDX-License-Identifier: MIT

/// A user whom the gateway has seen on a channel.
package struct SeenMember: Equatable, Sendable {
    package var member: Member
    /// When they were there last, as far as is known: for who is present, when they came.
    package var time: WallTime
    package var isPresent: Bool

    package init(_ member: Member, time: WallTime, isPresent: Bool) {
        self.member = member
        self.time = time
        self.isPresent = isPresent
    }
}
