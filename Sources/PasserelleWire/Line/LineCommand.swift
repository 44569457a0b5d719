// SPDX-License-Identifier: MIT

/// What a client of the Unix socket asks for.
package enum LineCommand: Equatable, Sendable {
    /// Wants a channel's events, from a position on or the last few first.
    case subscribe(channel: String, after: String?, last: Int?)
    /// Wants no more of a channel.
    case unsubscribe(channel: String)
    /// Wants events of the past.
    case history(channel: String, after: String?, limit: Int?)
    /// Wants to know who is in a channel.
    case members(channel: String)
    /// Wants to know the channels.
    case channels
    /// Wants to know how the gateway is.
    case status
    /// Wants a server event sent; `data` is a JSON value on one line.
    case publish(channel: String, event: String, data: [UInt8])
    /// Says that a user types, or no longer does.
    case typing(channel: String, user: String, isTyping: Bool)
    /// Wants an answer.
    case ping
    /// Wants to end.
    case quit

    /// Reads a line without its LF.
    package static func parse(_ line: Span<UInt8>) throws(LineError) -> LineCommand {
        throw .unknownVerb
    }

    /// The line with its LF.
    package func encoded() -> [UInt8] { [] }
}
