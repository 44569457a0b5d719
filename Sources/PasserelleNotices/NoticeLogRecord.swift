// SPDX-License-Identifier: MIT

/// A loggable event of notices, without any part of a message.
package enum NoticeLogRecord: Equatable, Sendable {
    /// A notice is given up.
    case givenUp(id: String, channel: String, cause: NoticeCause)
    /// A notice is retried; logged for the first failure and when the cause changes.
    case failing(cause: NoticeCause)
    /// Inngest accepts notices again.
    case recovered
    /// Channels did not answer which users are present.
    case unchecked(channel: String)
    /// A limit of pending messages or notices was exceeded.
    case overflow(limit: Int)
    /// The recipients are neither an id nor a list of ids.
    case badRecipients(channel: String)
    /// A message has no value at the recipients' path; logged once per channel.
    case noRecipients(channel: String)

    /// The key of the log throttle: records of the same kind are throttled together.
    package var kind: Int {
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
