// SPDX-License-Identifier: MIT

/// Why a line is refused; its words never hold what the peer wrote.
package enum LineError: Error, Equatable, Sendable {
    /// The line is longer than `limit` bytes.
    case tooLong(limit: Int)
    /// The bytes are not UTF-8, or hold a control character.
    case notText
    /// The line has no word.
    case empty
    /// The first word is no verb.
    case unknownVerb
    /// A word that the verb needs is not there.
    case missing(word: String)
    /// There is more on the line than the verb takes.
    case tooMuch
    /// A word starts with a quote and is no JSON string.
    case badString
    /// A word of the form `name=value`, or a choice, has another value than it takes, or is given
    /// twice.
    case badValue(word: String, takes: String)
    /// The channel's name is none.
    case badChannel(ChannelNameError)
    /// The event's name is empty, too long, or has control characters.
    case badEvent
    /// The last part of the line is no JSON value.
    case badJSON

    /// The protocol's word for it.
    package var code: String {
        switch self {
        case .tooLong: "too-large"
        case .badChannel: "bad-channel"
        default: "bad-command"
        }
    }

    /// One sentence for people.
    package var message: String {
        switch self {
        case .tooLong(let limit): "A line has at most \(limit) bytes."
        case .notText: "A line is UTF-8 text without control characters."
        case .empty: "A line starts with a verb."
        case .unknownVerb: "The verbs are \(LineCommand.verbs)."
        case .missing(let word): "The line lacks \(word)."
        case .tooMuch:
            "The line has more words than its verb takes; one with a space is a JSON string."
        case .badString: "A word that starts with a quote is a JSON string."
        case .badValue(let word, let takes): "\(word) is \(takes), and stands once."
        case .badChannel(.empty): "A channel's name is not empty."
        case .badChannel(.tooLong(let limit)):
            "A channel's name has at most \(limit) characters."
        case .badChannel(.badCharacter): "A channel's name has letters, digits and _-=@,.; only."
        case .badEvent:
            "An event's name has 1 to \(EventName.maximumLength) characters, none of control."
        case .badJSON: "The last part of the line is no JSON value; a text stands in quotes."
        }
    }
}
