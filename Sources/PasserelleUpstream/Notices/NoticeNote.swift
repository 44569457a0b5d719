// SPDX-License-Identifier: MIT

/// What is worth a log line about notices; nothing of a message's content is in it.
package enum NoticeNote: Equatable, Sendable {
    /// A notice will not go out any more.
    case givenUp(id: String, channel: String, cause: NoticeCause)
    /// A notice is tried again; told for the first failure after a success, and for another cause.
    case failing(cause: NoticeCause)
    /// Inngest takes notices again.
    case recovered
    /// Channels does not say who is present.
    case unchecked(channel: String)
    /// There were too many messages or notices at once.
    case overflow(limit: Int)
    /// Recipients are something other than an id or a list of ids.
    case badRecipients(channel: String)
    /// A channel's message has nothing at the recipients' path; told once a channel.
    case noRecipients(channel: String)

    /// Which notes are alike, so that one of them is told for many.
    var kind: Int {
        switch self {
        case .givenUp: 0
        case .failing: 1
        case .recovered: 2
        case .unchecked: 3
        case .overflow: 4
        case .badRecipients: 5
        case .noRecipients: 6
        }
    }
}
