// SPDX-License-Identifier: MIT

extension ServerMessage {
    /// Reads a text frame, with every tolerance that real servers ask for.
    ///
    /// `data` may be a JSON string, any other value, or absent; a user's id may be a number; white
    /// space and a line feed may stand behind the object. Whatever carries a name that starts with
    /// `pusher:` or `pusher_internal:` and is not known is `ignored`.
    package static func parse(_ text: Span<UInt8>) throws(ChannelsMessageError) -> ServerMessage {
        let fields = try MessageFields(text)
        guard let name = JSONScanner.text(text, fields.event) else { throw .noEvent }
        guard name.utf8.starts(with: "pusher".utf8) else {
            return event(text, fields, name: name)
        }
        if name.utf8.starts(with: "pusher_internal:".utf8) {
            return try own(text, fields, name: name, verb: name.utf8.dropFirst(16))
        }
        if name.utf8.starts(with: "pusher:".utf8) {
            return try own(text, fields, name: name, verb: name.utf8.dropFirst(7))
        }
        return event(text, fields, name: name)
    }

    private static func event(
        _ text: Span<UInt8>, _ fields: MessageFields, name: String
    ) -> ServerMessage {
        .event(
            channel: JSONScanner.text(text, fields.channel), name: name,
            data: fields.payload(text), userID: userID(text, fields.userID))
    }

    private static func userID(_ text: Span<UInt8>, _ slice: JSONSlice?) -> String? {
        guard let slice, slice.kind == .number else { return JSONScanner.text(text, slice) }
        return JSONScanner.token(text, slice)
    }

    /// Reads a message of Channels' own, whichever of the two prefixes it came with.
    private static func own(
        _ text: Span<UInt8>, _ fields: MessageFields, name: String, verb: Substring.UTF8View
    ) throws(ChannelsMessageError) -> ServerMessage {
        let data = MessagePayload(text, fields)
        switch String(verb) {
        case "connection_established": return try connectionEstablished(data)
        case "error": return error(data)
        case "ping": return .ping
        case "pong": return .pong
        case "signin_success":
            guard let userData = data.text("user_data") else { return .ignored(name: name) }
            return .signInSucceeded(userData: userData)
        case "subscription_succeeded":
            return try subscriptionSucceeded(try fields.requiredChannel(text), data)
        case "subscription_error":
            return subscriptionError(try fields.requiredChannel(text), data)
        case "subscription_count":
            guard let count = data.integer("subscription_count") else {
                return .ignored(name: name)
            }
            return .subscriptionCount(channel: try fields.requiredChannel(text), count)
        case "cache_miss": return .cacheMiss(channel: try fields.requiredChannel(text))
        case "member_added":
            guard let userID = data.userID("user_id") else { return .ignored(name: name) }
            return .memberAdded(
                channel: try fields.requiredChannel(text),
                ChannelMember(userID: userID, userInfo: data.json("user_info")))
        case "member_removed":
            guard let userID = data.userID("user_id") else { return .ignored(name: name) }
            return .memberRemoved(channel: try fields.requiredChannel(text), userID: userID)
        default: return .ignored(name: name)
        }
    }

    private static func connectionEstablished(
        _ data: MessagePayload
    ) throws(ChannelsMessageError) -> ServerMessage {
        guard let socketID = data.text("socket_id"), SocketID.isValid(socketID) else {
            throw .missing(field: "socket_id")
        }
        let timeout = data.integer("activity_timeout").flatMap { $0 > 0 ? $0 : nil }
        return .connectionEstablished(socketID: socketID, activityTimeout: timeout)
    }

    private static func error(_ data: MessagePayload) -> ServerMessage {
        .error(
            code: data.integer("code"), message: data.text("message") ?? data.text ?? "")
    }

    private static func subscriptionSucceeded(
        _ channel: String, _ data: MessagePayload
    ) throws(ChannelsMessageError) -> ServerMessage {
        if data.hasObject("presence") {
            return .subscriptionSucceeded(channel: channel, members: data.members())
        }
        guard channel.utf8.starts(with: "presence-".utf8) else {
            return .subscriptionSucceeded(channel: channel, members: nil)
        }
        // To say "nobody is there" of a list that cannot be read would be a lie.
        guard data.kind != .string else { throw .missing(field: "presence") }
        return .subscriptionSucceeded(channel: channel, members: [])
    }

    private static func subscriptionError(
        _ channel: String, _ data: MessagePayload
    ) -> ServerMessage {
        .subscriptionError(
            channel: channel, status: data.integer("status") ?? data.integer ?? 0,
            message: data.text("error") ?? data.text("message") ?? data.text("type")
                ?? data.text ?? "")
    }
}
