// SPDX-License-Identifier: MIT

import PasserelleWire

/// Determines the user of a presence subscription.
enum PresenceMembership {
    /// The longest `user_id`, in characters.
    static let userIDLimit = 128
    /// The largest `channel_data`, in bytes.
    static let memberLimit = 1024

    /// Returns the member named by `channel_data` or, if that is absent, the signed-in user.
    static func member(
        of channel: String, channelData: String?, user: AppConnection.User?
    ) throws(MembershipError) -> ChannelMember {
        guard let channelData else {
            guard let user else { throw .noUser(channel) }
            guard user.hasObjectInfo else { throw .badInfo(channel) }
            return ChannelMember(userID: user.id, userInfo: user.userInfo)
        }
        let bytes = Array(channelData.utf8)
        guard bytes.count <= memberLimit else {
            throw .badData(channel, "it is over \(memberLimit) bytes")
        }
        guard let fields = JSONObject(bytes), let userID = fields.identifier("user_id"),
            !userID.isEmpty
        else { throw .badData(channel, "expected an object with a user_id") }
        guard userID.count <= userIDLimit else {
            throw .badData(channel, "user_id is over \(userIDLimit) characters")
        }
        guard [nil, .null, .object].contains(fields["user_info"]?.kind) else {
            throw .badInfo(channel)
        }
        return ChannelMember(userID: userID, userInfo: fields.raw("user_info"))
    }
}
