// SPDX-License-Identifier: MIT

/// One member of a channel, as described by Channels.
///
/// Wire's `ChannelMember` has the same fields and its JSON form. Hub and Wire do not import each
/// other, so Upstream converts, in `Hub+Report.swift` only.
package struct Member: Equatable, Sendable {
    package let userID: String
    /// The application's JSON for this user, on one line; `nil` if Channels sent no `user_info`.
    package let userInfo: [UInt8]?

    package init(userID: String, userInfo: [UInt8]?) {
        self.userID = userID
        self.userInfo = userInfo
    }

    package static func == (left: Member, right: Member) -> Bool {
        left.userID.hasSameBytes(as: right.userID) && left.userInfo == right.userInfo
    }

    /// Bytes counted for a member besides the id and the `user_info`.
    package static let fixedCost = 256

    /// The bytes that a member counts against the byte limits.
    ///
    /// The id and the `user_info` count as held, and once more for each of the two encoded forms of
    /// the list.
    package var cost: Int { Self.fixedCost + 4 * userID.utf8.count + 3 * (userInfo?.count ?? 0) }

    /// The same user without a `user_info`.
    var withoutInfo: Member { Member(userID: userID, userInfo: nil) }
}
