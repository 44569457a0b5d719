// SPDX-License-Identifier: MIT

/// A message from a client to a Channels server.
package enum ClientMessage: Equatable, Sendable {
    /// Subscribes to a channel; `auth` is empty if public, `channelData` is the signed string.
    case subscribe(channel: String, auth: String, channelData: String?)
    /// Unsubscribes from a channel.
    case unsubscribe(channel: String)
    /// Asks for a pong.
    case ping
    /// The answer to a ping.
    case pong
    /// An event for the other subscribers; `data` is a JSON value exactly as it is sent.
    case clientEvent(channel: String, name: String, data: [UInt8])
    /// Signs in as a user; `userData` is the string that was signed.
    case signIn(auth: String, userData: String)
    /// Any other message.
    case unknown(name: String)

    /// Parses a text frame; the payload of Channels' own messages may be an object or a string.
    package static func parse(_ text: Span<UInt8>) throws(ChannelsMessageError) -> ClientMessage {
        let fields = try MessageFields(text)
        guard let name = JSONScanner.text(text, fields.event) else { throw .noEvent }
        if EventName.isClientEvent(name) {
            let data = fields.data.map { JSONWriter.oneLine(text, $0) } ?? Array("null".utf8)
            return .clientEvent(
                channel: try fields.requiredChannel(text), name: name, data: data)
        }
        switch name {
        case "pusher:ping": return .ping
        case "pusher:pong": return .pong
        case "pusher:subscribe", "pusher:unsubscribe", "pusher:signin": break
        default: return .unknown(name: name)
        }
        let data = MessagePayload(text, fields)
        if name == "pusher:signin" {
            guard let auth = data.text("auth") else { throw .missing(field: "auth") }
            guard let userData = data.text("user_data") else {
                throw .missing(field: "user_data")
            }
            return .signIn(auth: auth, userData: userData)
        }
        guard let channel = data.text("channel") else { throw .missing(field: "channel") }
        if name == "pusher:unsubscribe" { return .unsubscribe(channel: channel) }
        return .subscribe(
            channel: channel, auth: data.text("auth") ?? "",
            channelData: data.text("channel_data"))
    }

    /// The message in the form that pusher-js sends.
    package func encoded() -> [UInt8] {
        let message: JSONObjectWriter =
            switch self {
            case .subscribe(let channel, let auth, let channelData):
                Self.message(
                    "pusher:subscribe",
                    ["auth": auth, "channel_data": channelData, "channel": channel])
            case .unsubscribe(let channel):
                Self.message("pusher:unsubscribe", ["channel": channel])
            case .ping: Self.message("pusher:ping")
            case .pong: Self.message("pusher:pong")
            case .signIn(let auth, let userData):
                Self.message("pusher:signin", ["auth": auth, "user_data": userData])
            case .clientEvent(let channel, let name, let data):
                ["event": name, "data": RawJSON(data), "channel": channel]
            case .unknown(let name): ["event": name]
            }
        return message.finished()
    }

    private static func message(_ name: String, _ data: JSONObjectWriter = [:]) -> JSONObjectWriter
    {
        ["event": name, "data": data]
    }
}
