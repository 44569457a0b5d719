// SPDX-License-Identifier: MIT
import PasserelleWire

/// Why somebody cannot be a member of a presence channel.
enum MembershipError: Error, Equatable {
    /// No `channel_data`, and nobody is signed in.
    case noUser
    /// `channel_data` is no object, or has no `user_id`.
    case badChannelData
    /// The `user_id` has more characters than that.
    case userIDTooLong(limit: Int)
    /// `channel_data` has more bytes than that.
    case memberTooLarge(limit: Int)
    /// So many users are there already.
    case full(limit: Int)

    /// The words that the client reads; they name the channel, for the error frame does not.
    func message(channel: String) -> String {
        switch self {
        case .noUser:
            "Presence channel \(channel) needs channel_data or a signed-in user"
        case .badChannelData:
            "Invalid channel_data for channel \(channel): expected an object with a user_id"
        case .userIDTooLong(let limit):
            "Invalid channel_data for channel \(channel): user_id is over \(limit) characters"
        case .memberTooLarge(let limit):
            "Invalid channel_data for channel \(channel): it is over \(limit) bytes"
        case .full(let limit):
            "Presence channel \(channel) has reached its limit of \(limit) members"
        }
    }
}

/// Reads who a subscriber of a presence channel is.
enum PresenceMembership {
    /// The longest `user_id`, in characters.
    static let userIDLimit = 128
    /// The largest `channel_data`, in bytes.
    static let memberLimit = 1024

    /// Gives the member that `channel_data` names, or, without it, the signed-in user.
    static func member(
        channelData: String?, of user: AppConnection.User?
    ) throws(MembershipError) -> ChannelMember {
        guard let channelData else {
            guard let user else { throw .noUser }
            return ChannelMember(userID: user.id, userInfo: user.userInfo)
        }
        let bytes = Array(channelData.utf8)
        guard bytes.count <= memberLimit else { throw .memberTooLarge(limit: memberLimit) }
        guard let fields = JSONFields(bytes), let userID = fields.identity("user_id"),
            !userID.isEmpty
        else { throw .badChannelData }
        guard userID.count <= userIDLimit else { throw .userIDTooLong(limit: userIDLimit) }
        return ChannelMember(userID: userID, userInfo: fields.raw("user_info"))
    }
}
