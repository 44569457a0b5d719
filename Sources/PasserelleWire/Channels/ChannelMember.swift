// SPDX-License-Identifier: MIT

/// A user who is in a presence channel.
package struct ChannelMember: Equatable, Sendable {
    /// The user's id; one that came as a number is here as its digits.
    package var userID: String
    /// The application's word on the user, raw JSON on one line; nil where none was given, or null.
    package var userInfo: [UInt8]?

    /// Names a member.
    package init(userID: String, userInfo: [UInt8]? = nil) {
        self.userID = userID
        self.userInfo = userInfo
    }
}
