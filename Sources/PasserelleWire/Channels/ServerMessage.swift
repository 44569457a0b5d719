// SPDX-License-Identifier: MIT

/// A message from a Channels server to a client.
package enum ServerMessage: Equatable, Sendable {
    /// The first message; `activityTimeout` in seconds, `nil` if the server sends none above zero.
    case connectionEstablished(socketID: String, activityTimeout: Int?)
    /// An error; before the first message its code has the meaning of a close code.
    case error(code: Int?, message: String)
    /// Asks for a pong.
    case ping
    /// The answer to a ping.
    case pong
    /// A subscription succeeded; `members` is `nil` if the message has no list of members.
    case subscriptionSucceeded(channel: String, members: [ChannelMember]?)
    /// A user joined a presence channel.
    case memberAdded(channel: String, ChannelMember)
    /// A user left a presence channel.
    case memberRemoved(channel: String, userID: String)
    /// A subscription was refused; `status` is 0 if the server sends none.
    case subscriptionError(channel: String, status: Int, message: String)
    /// The number of connections subscribed to a channel.
    case subscriptionCount(channel: String, Int)
    /// A cache channel has no event to replay.
    case cacheMiss(channel: String)
    /// The user is signed in; `userData` is the string that was signed.
    case signInSucceeded(userData: String)
    /// An event of the application or of another client; `data` is JSON on one line.
    case event(channel: String?, name: String, data: [UInt8], userID: String?)
    /// A message of Channels' own that has no meaning for the gateway.
    case ignored(name: String)
}

extension ServerMessage {
    /// The message in hosted Channels' form: payloads as JSON strings, an error's as an object.
    package func encoded() -> [UInt8] {
        switch self {
        case .connectionEstablished(let socketID, let activityTimeout):
            return Self.message(
                "pusher:connection_established",
                textOf: ["socket_id": socketID, "activity_timeout": activityTimeout])
        case .error(let code, let message):
            return Self.message("pusher:error", ["code": code.orNull, "message": message])
        case .ping: return Self.message("pusher:ping", JSONObjectWriter())
        case .pong: return Self.message("pusher:pong", JSONObjectWriter())
        case .signInSucceeded(let userData):
            return Self.message("pusher:signin_success", textOf: ["user_data": userData])
        case .event(let channel, let name, let data, let userID):
            return Self.encodedEvent(
                channel: channel, name: name, wireData: EventData.wireForm(data), userID: userID)
        case .ignored(let name): return Self.message(name, nil)
        default: return encodedOfChannel()
        }
    }

    /// Returns an event with `data` that is already encoded as a JSON value.
    ///
    /// A string sent by a publisher, or a value sent by a client, passes byte for byte.
    package static func encodedEvent(
        channel: String?, name: String, wireData: [UInt8], userID: String?
    ) -> [UInt8] {
        let message: JSONObjectWriter = [
            "event": name, "channel": channel, "data": RawJSON(wireData), "user_id": userID,
        ]
        return message.finished()
    }

    /// Encodes Channels' own messages that name a channel.
    private func encodedOfChannel() -> [UInt8] {
        switch self {
        case .subscriptionSucceeded(let channel, let members):
            return Self.message(
                "pusher_internal:subscription_succeeded", channel: channel,
                textOf: ["presence": members.map(Self.presence)])
        case .memberAdded(let channel, let member):
            return Self.message(
                "pusher_internal:member_added", channel: channel,
                textOf: ["user_id": member.userID, "user_info": member.userInfo.map(RawJSON.init)])
        case .memberRemoved(let channel, let userID):
            return Self.message(
                "pusher_internal:member_removed", channel: channel, textOf: ["user_id": userID])
        case .subscriptionCount(let channel, let count):
            return Self.message(
                "pusher_internal:subscription_count", channel: channel,
                textOf: ["subscription_count": count])
        case .subscriptionError(let channel, let status, let message):
            let status = status == 0 ? nil : status
            return Self.message(
                "pusher:subscription_error", channel: channel,
                ["type": "AuthError", "error": message, "status": status])
        case .cacheMiss(let channel):
            return Self.message("pusher:cache_miss", channel: channel, nil)
        default: return []
        }
    }

    private static func presence(_ members: [ChannelMember]) -> JSONObjectWriter {
        var hash = JSONObjectWriter()
        for member in members { hash.member(member.userID, json: member.userInfo) }
        return ["ids": members.map(\.userID), "hash": hash, "count": members.count]
    }

    private static func message(
        _ name: String, channel: String? = nil, textOf data: JSONObjectWriter
    ) -> [UInt8] {
        let text = JSONWriter.quoted(bytes: data.finished().span)
        return encodedEvent(channel: channel, name: name, wireData: text, userID: nil)
    }

    private static func message(
        _ name: String, channel: String? = nil, _ data: JSONObjectWriter?
    ) -> [UInt8] {
        let message: JSONObjectWriter = ["event": name, "channel": channel, "data": data]
        return message.finished()
    }
}

extension ServerMessage {
    /// Parses a text frame, with the tolerance that existing servers require.
    ///
    /// `data` may be a JSON string, any other value, or absent; a user's id may be a number; white
    /// space and a line feed may follow the object. A message with the prefix `pusher:` or
    /// `pusher_internal:` counts only if it has the exact name that the protocol defines: as in
    /// pusher-js, `pusher:member_removed` and `pusher:subscription_succeeded` have no effect. Every
    /// other message with one of the two prefixes is `ignored`.
    package static func parse(_ text: Span<UInt8>) throws(ChannelsMessageError) -> ServerMessage {
        let fields = try MessageFields(text)
        guard let name = JSONScanner.text(text, fields.event) else { throw .noEvent }
        guard name.utf8.starts(with: "pusher".utf8) else {
            return event(text, fields, name: name)
        }
        if name.utf8.starts(with: "pusher_internal:".utf8) {
            return try ofChannel(text, fields, name: name)
        }
        if name.utf8.starts(with: "pusher:".utf8) {
            return try ofConnection(text, fields, name: name)
        }
        return event(text, fields, name: name)
    }

    private static func event(
        _ text: Span<UInt8>, _ fields: MessageFields, name: String
    ) -> ServerMessage {
        .event(
            channel: JSONScanner.text(text, fields.channel), name: name,
            data: fields.payload(text), userID: JSONScanner.identifier(text, fields.userID))
    }

    /// Parses a message with the prefix `pusher:`.
    private static func ofConnection(
        _ text: Span<UInt8>, _ fields: MessageFields, name: String
    ) throws(ChannelsMessageError) -> ServerMessage {
        let data = MessagePayload(text, fields)
        switch name {
        case "pusher:connection_established": return try connectionEstablished(data)
        case "pusher:error": return error(data)
        case "pusher:ping": return .ping
        case "pusher:pong": return .pong
        case "pusher:signin_success":
            guard let userData = data.text("user_data") else { return .ignored(name: name) }
            return .signInSucceeded(userData: userData)
        default: break
        }
        guard let channel = JSONScanner.text(text, fields.channel) else {
            return .ignored(name: name)
        }
        switch name {
        case "pusher:subscription_error": return subscriptionError(channel, data)
        case "pusher:cache_miss": return .cacheMiss(channel: channel)
        default: return .ignored(name: name)
        }
    }

    /// Parses a message with the prefix `pusher_internal:`; it is ignored if it has no channel.
    private static func ofChannel(
        _ text: Span<UInt8>, _ fields: MessageFields, name: String
    ) throws(ChannelsMessageError) -> ServerMessage {
        guard let channel = JSONScanner.text(text, fields.channel) else {
            return .ignored(name: name)
        }
        let data = MessagePayload(text, fields)
        switch name {
        case "pusher_internal:subscription_succeeded":
            return try subscriptionSucceeded(channel, data)
        // Some servers use this name when they refuse a subscription.
        case "pusher_internal:subscription_error": return subscriptionError(channel, data)
        case "pusher_internal:subscription_count":
            guard let count = data.integer("subscription_count") else { break }
            return .subscriptionCount(channel: channel, count)
        case "pusher_internal:member_added":
            guard let userID = data.identifier("user_id") else { break }
            let member = ChannelMember(userID: userID, userInfo: data.json("user_info"))
            return .memberAdded(channel: channel, member)
        case "pusher_internal:member_removed":
            guard let userID = data.identifier("user_id") else { break }
            return .memberRemoved(channel: channel, userID: userID)
        default: break
        }
        return .ignored(name: name)
    }

    private static func connectionEstablished(
        _ data: MessagePayload
    ) throws(ChannelsMessageError) -> ServerMessage {
        guard let socketID = data.identifier("socket_id"), SocketID.isUsable(socketID) else {
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
        // An unreadable list of members must not be taken for an empty one.
        if channel.utf8.starts(with: "presence-".utf8), data.isUnreadableText {
            throw .missing(field: "presence")
        }
        return .subscriptionSucceeded(channel: channel, members: nil)
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
