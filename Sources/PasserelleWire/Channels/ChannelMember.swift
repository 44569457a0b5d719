// SPDX-License-Identifier: MIT

/// A member of a presence channel.
package struct ChannelMember: Equatable, Sendable {
    /// The maximum nesting depth of `user_info`; the list of members in `data` adds three levels.
    static let infoDepth = EventData.maximumDepth - 3

    /// The user's id; an id that arrived as a number is kept as its digits.
    package var userID: String
    /// The application's description of the user, raw JSON on one line; `nil` if absent or null.
    package var userInfo: [UInt8]?

    /// Creates a member.
    package init(userID: String, userInfo: [UInt8]? = nil) {
        self.userID = userID
        self.userInfo = userInfo
    }

    /// Parses the data that an application signs for a member; `nil` if it names no user.
    ///
    /// An id may be a number, which is kept as its digits; `user_info` may be any JSON value.
    package init?(channelData json: [UInt8]) {
        guard let object = JSONObject(json), let userID = object.identifier("user_id") else {
            return nil
        }
        self.userID = userID
        if object["user_info"]?.kind != .null { userInfo = object.raw("user_info") }
    }

    /// The `channel_data` that subscribes as this member: `{"user_id":…,"user_info":…}`.
    ///
    /// A member without `user_info` gets an empty object: Laravel Reverb refuses every later
    /// subscription to a channel that has a member without one.
    package var channelData: [UInt8] {
        var json = JSONObjectWriter()
        json.member("user_id", userID)
        json.member("user_info", json: userInfo ?? Array("{}".utf8))
        return json.finished()
    }
}
