// SPDX-License-Identifier: MIT

/// Why a line is refused; its words never hold what the peer wrote.
package enum LineError: Error, Equatable, Sendable {
    /// The line is longer than `limit` bytes.
    case tooLong(limit: Int)
    /// The bytes are not UTF-8.
    case notUTF8
    /// The line has no word.
    case empty
    /// The first word is no verb.
    case unknownVerb
    /// A word that the verb needs is not there.
    case missing(word: String)
    /// There are more words than the verb takes.
    case tooManyWords
    /// A word starts with a quote and is no JSON string.
    case badString
    /// A word of the form `name=value` or a choice has a value that it does not take.
    case badValue(word: String)
    /// The channel's name is none.
    case badChannel(ChannelNameError)
    /// The event's name is none, or is Channels' own.
    case badEvent
    /// The last part is no JSON value.
    case badJSON

    /// The protocol's word for it.
    package var code: String { "bad-command" }

    /// One sentence for people.
    package var message: String { "" }
}
