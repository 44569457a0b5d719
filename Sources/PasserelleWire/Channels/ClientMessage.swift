// SPDX-License-Identifier: MIT

/// What a client says to a Channels server.
package enum ClientMessage: Equatable, Sendable {
    /// Wants to hear a channel; `auth` is empty on public ones, `channelData` was signed as it is.
    case subscribe(channel: String, auth: String, channelData: String?)
    /// Wants to hear no more of a channel.
    case unsubscribe(channel: String)
    /// Wants a pong.
    case ping
    /// The answer to a ping.
    case pong
    /// An event for the other subscribers; `data` is a JSON value exactly as it goes over the wire.
    case clientEvent(channel: String, name: String, data: [UInt8])
    /// Wants to be a user; `userData` was signed as it is.
    case signIn(auth: String, userData: String)
    /// Any other message.
    case unknown(name: String)

    /// Reads a text frame.
    package static func parse(_ text: Span<UInt8>) throws(ChannelsMessageError) -> ClientMessage {
        throw .noEvent
    }

    /// The message as pusher-js sends it.
    package func encoded() -> [UInt8] { [] }
}
