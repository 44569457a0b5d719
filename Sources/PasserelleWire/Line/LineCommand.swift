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

    /// Reads a line without its LF; the verb may be in small letters, as people type it.
    package static func parse(_ line: Span<UInt8>) throws(LineError) -> LineCommand {
        var words = LineWords()
        guard let verb = try words.next(line) else { throw .empty }
        let command: LineCommand
        switch verb.uppercased() {
        case "SUBSCRIBE":
            let channel = try channel(&words, line)
            let options = try LineOptions(&words, line, count: "last")
            command = .subscribe(channel: channel, after: options.after, last: options.count)
        case "HISTORY":
            let channel = try channel(&words, line)
            let options = try LineOptions(&words, line, count: "limit")
            command = .history(channel: channel, after: options.after, limit: options.count)
        case "UNSUBSCRIBE": command = .unsubscribe(channel: try channel(&words, line))
        case "MEMBERS": command = .members(channel: try channel(&words, line))
        case "CHANNELS": command = .channels
        case "STATUS": command = .status
        case "PUBLISH": command = try publish(&words, line)
        case "TYPING": command = try typing(&words, line)
        case "PING": command = .ping
        case "QUIT": command = .quit
        default: throw .unknownVerb
        }
        guard words.isAtEnd(line) else { throw .tooMuch }
        return command
    }

    /// All verbs, for people.
    static let verbs =
        "SUBSCRIBE, UNSUBSCRIBE, HISTORY, MEMBERS, CHANNELS, STATUS, PUBLISH, TYPING, PING, QUIT"

    /// The verb, as it stands on the line and in the answer.
    package var verb: String {
        switch self {
        case .subscribe: "SUBSCRIBE"
        case .unsubscribe: "UNSUBSCRIBE"
        case .history: "HISTORY"
        case .members: "MEMBERS"
        case .channels: "CHANNELS"
        case .status: "STATUS"
        case .publish: "PUBLISH"
        case .typing: "TYPING"
        case .ping: "PING"
        case .quit: "QUIT"
        }
    }

    /// The line with its LF.
    package func encoded() -> [UInt8] {
        var out = Array(verb.utf8)
        for word in words {
            out.append(UInt8(ascii: " "))
            LineWords.append(word, into: &out)
        }
        if case .publish(_, _, let data) = self {
            out.append(UInt8(ascii: " "))
            out.append(contentsOf: data)
        }
        out.append(UInt8(ascii: "\n"))
        return out
    }

    private var words: [String] {
        switch self {
        case .subscribe(let channel, let after, let last):
            [channel] + LineOptions.words(after: after, name: "last", count: last)
        case .history(let channel, let after, let limit):
            [channel] + LineOptions.words(after: after, name: "limit", count: limit)
        case .unsubscribe(let channel), .members(let channel): [channel]
        case .publish(let channel, let event, _): [channel, event]
        case .typing(let channel, let user, let isTyping):
            [channel, user, isTyping ? "on" : "off"]
        case .channels, .status, .ping, .quit: []
        }
    }

    private static func channel(
        _ words: inout LineWords, _ line: Span<UInt8>
    ) throws(LineError) -> String {
        let word = try words.required("the channel", line)
        do throws(ChannelNameError) {
            return try ChannelName(word).text
        } catch {
            throw .badChannel(error)
        }
    }

    private static func publish(
        _ words: inout LineWords, _ line: Span<UInt8>
    ) throws(LineError) -> LineCommand {
        let channel = try channel(&words, line)
        let event = try words.required("the event", line)
        guard EventName.isValid(event) else { throw .badEvent }
        guard let data = try words.json(line) else { throw .missing(word: "the data") }
        return .publish(channel: channel, event: event, data: data)
    }

    private static func typing(
        _ words: inout LineWords, _ line: Span<UInt8>
    ) throws(LineError) -> LineCommand {
        let channel = try channel(&words, line)
        let user = try words.required("the user", line)
        switch try words.required("on or off", line) {
        case "on": return .typing(channel: channel, user: user, isTyping: true)
        case "off": return .typing(channel: channel, user: user, isTyping: false)
        default: throw .badValue(word: "The last word", takes: "on or off")
        }
    }
}
