// SPDX-License-Identifier: MIT

/// A user who is in a presence channel.
package struct ChannelMember: Equatable, Sendable {
    /// How many containers a `user_info` may hold inside each other: three stand around it in the
    /// data that tells the members.
    static let infoDepth = EventData.maximumDepth - 3

    /// The user's id; one that came as a number is here as its digits.
    package var userID: String
    /// The application's word on the user, raw JSON on one line; nil where none was given, or null.
    package var userInfo: [UInt8]?

    /// Names a member.
    package init(userID: String, userInfo: [UInt8]? = nil) {
        self.userID = userID
        self.userInfo = userInfo
    }

    /// Reads what an application signs for a member; a number as its digits, a `user_info` of any
    /// kind; `nil` for what names no user.
    package init?(channelData json: [UInt8]) {
        guard let root = try? JSONScanner.document(json.span), root.kind == .object,
            let id = JSONScanner.member(json.span, of: root, named: "user_id")
        else { return nil }
        let digits = id.kind == .number ? JSONScanner.token(json.span, id) : nil
        guard let userID = digits ?? JSONScanner.text(json.span, id) else { return nil }
        self.userID = userID
        guard let info = JSONScanner.member(json.span, of: root, named: "user_info"),
            info.kind != .null
        else { return }
        var line: [UInt8] = []
        JSONWriter.oneLine(json.span, info, into: &line)
        userInfo = line
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
