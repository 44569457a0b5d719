// SPDX-License-Identifier: MIT

/// A command from a client of the Unix socket.
package enum LineCommand: Equatable, Sendable {
    /// Subscribes to a channel's events, after a position or with the last few first; to those with
    /// the names in `events`, if there are any, and as a user, if one is given. With `skipsReplay`,
    /// only new events follow an unknown position's gap.
    case subscribe(
        channel: String, after: String?, last: Int?, events: EventNames = EventNames(),
        user: String? = nil, skipsReplay: Bool = false)
    /// Ends a subscription.
    case unsubscribe(channel: String)
    /// Asks for past events; for those with the names in `events`, if there are any.
    case history(
        channel: String, after: String?, limit: Int?, events: EventNames = EventNames(),
        skipsReplay: Bool = false)
    /// Asks for the members of a channel.
    case members(channel: String)
    /// Asks for the list of channels.
    case channels
    /// Asks for the gateway's status.
    case status
    /// Publishes a server event; `data` is a JSON value on one line.
    case publish(channel: String, event: String, data: [UInt8])
    /// Reports that a user has started or stopped typing.
    case typing(channel: String, user: String, isTyping: Bool)
    /// Revokes a user's authorization, for one channel or for all.
    case revoke(user: String, channel: String?)
    /// Replaces the running process by the program on disk; answered by the new one.
    case upgrade
    /// Asks for a reply.
    case ping
    /// Ends the connection.
    case quit

    /// Parses a line without its LF; the verb is case-insensitive.
    package static func parse(_ line: Span<UInt8>) throws(LineError) -> LineCommand {
        var words = LineWords()
        guard let verb = try words.next(line) else { throw .empty }
        let command: LineCommand
        switch verb.uppercased() {
        case "SUBSCRIBE":
            let channel = try channel(&words, line)
            let options = try LineOptions(&words, line, count: "last", takesUser: true)
            command = .subscribe(
                channel: channel, after: options.after, last: options.count,
                events: options.events, user: options.user, skipsReplay: options.skipsReplay)
        case "HISTORY":
            let channel = try channel(&words, line)
            let options = try LineOptions(&words, line, count: "limit")
            command = .history(
                channel: channel, after: options.after, limit: options.count,
                events: options.events, skipsReplay: options.skipsReplay)
        case "UNSUBSCRIBE": command = .unsubscribe(channel: try channel(&words, line))
        case "MEMBERS": command = .members(channel: try channel(&words, line))
        case "CHANNELS": command = .channels
        case "STATUS": command = .status
        case "PUBLISH": command = try publish(&words, line)
        case "TYPING": command = try typing(&words, line)
        case "REVOKE":
            let user = try words.required("the user", line)
            let channel = try words.isAtEnd(line) ? nil : channel(&words, line)
            command = .revoke(user: user, channel: channel)
        case "UPGRADE": command = .upgrade
        case "PING": command = .ping
        case "QUIT": command = .quit
        default: throw .unknownVerb
        }
        guard words.isAtEnd(line) else { throw .tooManyWords }
        return command
    }

    /// All verbs, for error messages.
    static let verbs =
        "SUBSCRIBE, UNSUBSCRIBE, HISTORY, MEMBERS, CHANNELS, STATUS, PUBLISH, TYPING, REVOKE,"
        + " UPGRADE, PING, QUIT"

    /// The verb, as in the line and in the reply.
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
        case .revoke: "REVOKE"
        case .upgrade: "UPGRADE"
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
        case .subscribe(let channel, let after, let last, let events, let user, let skipsReplay):
            [channel]
                + LineOptions.words(
                    after: after, name: "last", count: last, events: events, user: user,
                    skipsReplay: skipsReplay)
        case .history(let channel, let after, let limit, let events, let skipsReplay):
            [channel]
                + LineOptions.words(
                    after: after, name: "limit", count: limit, events: events,
                    skipsReplay: skipsReplay)
        case .unsubscribe(let channel), .members(let channel): [channel]
        case .publish(let channel, let event, _): [channel, event]
        case .typing(let channel, let user, let isTyping):
            [channel, user, isTyping ? "on" : "off"]
        case .revoke(let user, let channel): [user] + (channel.map { [$0] } ?? [])
        case .channels, .status, .upgrade, .ping, .quit: []
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

/// The options of a command in any order: `after=POSITION`, `replay=none`, a count (`last=N` or
/// `limit=N`), `event=NAME`, which may be repeated, and for some commands `user=ID`.
struct LineOptions {
    private(set) var after: String?
    private(set) var count: Int?
    private(set) var events = EventNames()
    private(set) var user: String?
    private(set) var skipsReplay = false

    /// Parses all remaining words; each option but `event` may occur once.
    init(
        _ words: inout LineWords, _ line: Span<UInt8>, count name: String, takesUser: Bool = false
    ) throws(LineError) {
        while let word = try words.next(line) {
            guard let equals = word.utf8.firstIndex(of: UInt8(ascii: "=")) else {
                throw .tooManyWords
            }
            let value = String(Substring(word.utf8[equals...].dropFirst()))
            switch String(word[..<equals]) {
            case "after":
                guard after == nil, !value.isEmpty else {
                    throw .badValue(word: "after", takes: "a position, earliest or now")
                }
                after = value
            case name:
                let isDigits = value.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
                guard count == nil, isDigits, let number = Int(value) else {
                    throw .badValue(word: name, takes: "a whole number")
                }
                count = number
            case "event": try add(event: value)
            case "replay":
                guard !skipsReplay, value == "none" else {
                    throw .badValue(word: "replay", takes: "none")
                }
                skipsReplay = true
            case "user" where takesUser:
                guard user == nil, !value.isEmpty else {
                    throw .badValue(word: "user", takes: "a user's id")
                }
                user = value
            default: throw .tooManyWords
            }
        }
    }

    private mutating func add(event name: String) throws(LineError) {
        do throws(EventNames.Fault) {
            try events.add(name)
        } catch {
            switch error {
            case .badName: throw .badEvent
            case .tooMany: throw .tooManyEvents(limit: EventNames.limit)
            }
        }
    }

    /// Returns the options as words.
    static func words(
        after: String?, name: String, count: Int?, events: EventNames, user: String? = nil,
        skipsReplay: Bool
    ) -> [String] {
        (after.map { ["after=\($0)"] } ?? []) + (count.map { ["\(name)=\($0)"] } ?? [])
            + events.list.map { "event=\($0)" } + (user.map { ["user=\($0)"] } ?? [])
            + (skipsReplay ? ["replay=none"] : [])
    }
}

/// The reason why a line is refused; its texts never contain bytes of the peer.
package struct LineError: Error, Equatable, Sendable {
    /// The protocol's code for the error.
    package let code: String
    /// One sentence for a human reader.
    package let message: String

    private init(_ message: String, code: String = "bad-command") {
        self.code = code
        self.message = message
    }
}

extension LineError {
    package static func tooLong(limit: Int) -> LineError {
        LineError("The line is longer than \(limit) bytes.", code: "too-large")
    }
    package static let notText = LineError("A line must be UTF-8 text without control characters.")
    package static let empty = LineError("A line must start with a verb.")
    package static let unknownVerb = LineError(
        "The verb is unknown; the verbs are \(LineCommand.verbs).")
    package static func missing(word: String) -> LineError {
        LineError("The line is missing \(word).")
    }
    package static let tooManyWords = LineError(
        "The line has too many words for its verb; quote a word with spaces as in JSON.")
    package static let badString = LineError(
        "A word that starts with a quote must be a JSON string.")
    /// An option `name=value` or a choice has an invalid value, or occurs twice.
    package static func badValue(word: String, takes: String) -> LineError {
        LineError("\(word) must be \(takes), and be given once.")
    }
    package static func badChannel(_ error: ChannelNameError) -> LineError {
        let rule =
            switch error {
            case .empty: "must not be empty"
            case .tooLong(let limit): "can have at most \(limit) characters"
            case .badCharacter: "can have letters, digits and _-=@,.; only"
            }
        return LineError("A channel name \(rule).", code: "bad-channel")
    }
    package static let badEvent = LineError(
        "An event name must have 1 to \(EventName.maximumLength) characters, no controls.")
    /// The command names more than `limit` events.
    package static func tooManyEvents(limit: Int) -> LineError {
        LineError("A command can name at most \(limit) events.")
    }
    package static let badJSON = LineError(
        "The last part of the line must be a JSON value; put a text in quotes.")
}
