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

    /// The JSON that subscribes as this member: `{"user_id":…,"user_info":…}`, the latter where
    /// there is one.
    package var channelData: [UInt8] {
        var json = Array(#"{"user_id":"#.utf8)
        JSONWriter.string(userID, into: &json)
        if let userInfo {
            json += Array(#","user_info":"#.utf8)
            json += userInfo
        }
        json.append(UInt8(ascii: "}"))
        return json
    }
}
