// SPDX-License-Identifier: MIT

extension ServerMessage {
    /// The message as hosted Channels sends it: payloads as JSON strings, an error's as an object.
    package func encoded() -> [UInt8] {
        switch self {
        case .connectionEstablished(let socketID, let activityTimeout):
            var data = JSONObjectWriter()
            data.member("socket_id", socketID)
            if let activityTimeout { data.member("activity_timeout", activityTimeout) }
            return Self.message("pusher:connection_established", textOf: data)
        case .error(let code, let message):
            var data = JSONObjectWriter()
            if let code { data.member("code", code) } else { data.member("code", json: Self.null) }
            data.member("message", message)
            return Self.message("pusher:error", json: data.finished())
        case .ping: return Self.message("pusher:ping", json: Array("{}".utf8))
        case .pong: return Self.message("pusher:pong", json: Array("{}".utf8))
        case .signInSucceeded(let userData):
            var data = JSONObjectWriter()
            data.member("user_data", userData)
            return Self.message("pusher:signin_success", textOf: data)
        case .event(let channel, let name, let data, let userID):
            return Self.encodedEvent(
                channel: channel, name: name, wireData: EventData.wireForm(data), userID: userID)
        case .ignored(let name): return Self.message(name, json: nil)
        default: return encodedOfChannel()
        }
    }

    /// An event whose `data` is already in the form that goes over the wire (a JSON value).
    ///
    /// So a string that a publisher sent, or the value that a client sent, passes byte for byte.
    package static func encodedEvent(
        channel: String?, name: String, wireData: [UInt8], userID: String?
    ) -> [UInt8] {
        var message = JSONObjectWriter()
        message.member("event", name)
        if let channel { message.member("channel", channel) }
        message.member("data", json: wireData)
        if let userID { message.member("user_id", userID) }
        return message.finished()
    }

    private static let null = Array("null".utf8)

    /// The messages of Channels' own that name a channel.
    private func encodedOfChannel() -> [UInt8] {
        var data = JSONObjectWriter()
        switch self {
        case .subscriptionSucceeded(let channel, let members):
            if let members { data.member("presence", json: Self.presence(members)) }
            return Self.message(
                "pusher_internal:subscription_succeeded", channel: channel, textOf: data)
        case .memberAdded(let channel, let member):
            data.member("user_id", member.userID)
            if let info = member.userInfo { data.member("user_info", json: info) }
            return Self.message("pusher_internal:member_added", channel: channel, textOf: data)
        case .memberRemoved(let channel, let userID):
            data.member("user_id", userID)
            return Self.message("pusher_internal:member_removed", channel: channel, textOf: data)
        case .subscriptionCount(let channel, let count):
            data.member("subscription_count", count)
            return Self.message(
                "pusher_internal:subscription_count", channel: channel, textOf: data)
        case .subscriptionError(let channel, let status, let message):
            data.member("type", "AuthError")
            data.member("error", message)
            if status != 0 { data.member("status", status) }
            return Self.message(
                "pusher:subscription_error", channel: channel, json: data.finished())
        case .cacheMiss(let channel):
            return Self.message("pusher:cache_miss", channel: channel, json: nil)
        default: return []
        }
    }

    private static func presence(_ members: [ChannelMember]) -> [UInt8] {
        var ids = [UInt8(ascii: "[")]
        var hash = JSONObjectWriter()
        for member in members {
            if ids.count > 1 { ids.append(UInt8(ascii: ",")) }
            JSONWriter.string(member.userID, into: &ids)
            hash.member(member.userID, json: member.userInfo ?? null)
        }
        ids.append(UInt8(ascii: "]"))
        var presence = JSONObjectWriter()
        presence.member("ids", json: ids)
        presence.member("hash", json: hash.finished())
        presence.member("count", members.count)
        return presence.finished()
    }

    private static func message(
        _ name: String, channel: String? = nil, textOf data: JSONObjectWriter
    ) -> [UInt8] {
        var text: [UInt8] = []
        JSONWriter.string(bytes: data.finished().span, into: &text)
        return message(name, channel: channel, json: text)
    }

    private static func message(
        _ name: String, channel: String? = nil, json data: [UInt8]?
    ) -> [UInt8] {
        var message = JSONObjectWriter()
        message.member("event", name)
        if let channel { message.member("channel", channel) }
        if let data { message.member("data", json: data) }
        return message.finished()
    }
}
