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

/// Lets one note of a kind through in a while, and counts the others.
struct NoticeNoteBrake {
    /// Notes of one kind are this far apart.
    static let distance: Duration = .seconds(60)

    private var last: [Int: Duration] = [:]
    private var held: [Int: Int] = [:]

    /// Whether to tell it, and how many alike were not told before; nil: not now.
    mutating func pass(_ note: NoticeNote, at now: Duration) -> Int? {
        if let time = last[note.kind], now - time < Self.distance {
            held[note.kind, default: 0] += 1
            return nil
        }
        last[note.kind] = now
        return held.removeValue(forKey: note.kind) ?? 0
    }
}
