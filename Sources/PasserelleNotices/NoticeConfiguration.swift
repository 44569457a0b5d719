// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Configuration of offline notices, and their limits.
package struct NoticeConfiguration: Sendable, Equatable {
    /// The name of the event that absent recipients are notified about.
    package var message = "new-message"
    /// The name of the event sent to Inngest.
    package var event = "chat/message.offline"
    /// The path of the sender's id in the payload; the object around it is the message.
    package var sender = ["message", "senderId"]
    /// The path of the recipients' ids in the payload; `nil`: every user seen on the channel.
    package var recipients: [String]?
    /// A URL in which `{bail}` is replaced by the text that the channel pattern's `*` matched.
    package var link: String?
    /// The time a reader has to reconnect before a notice is sent.
    package var delay: Duration = .seconds(10)
    /// The minimum time between two notices for the same recipient and channel.
    package var throttle: Duration = .seconds(300)
    /// The channel patterns that define `{bail}`.
    package var channels: ChannelPatterns?
    /// The gateway's own member, which is never a recipient.
    package var memberID = "passerelle"

    package init() {}

    /// How long a notice is retried, counted from the time it was due.
    package static let retriedFor: Duration = .seconds(3600)
    /// The age up to which an answer about present members is used while notices are queued.
    package static let presenceAge: Duration = .seconds(30)
    /// Concurrent calls to Inngest; as many questions to Channels may run beside them.
    package static let calls = 2
    /// Messages pending at once; further ones are dropped.
    package static let messages = 4_096
    /// Notices pending at once; further ones are dropped.
    package static let notices = 10_000
    /// Notices queued behind another one for the same recipient and channel.
    package static let behind = 8
    /// Recipients that one message can name; further ones are ignored.
    package static let recipientsNamed = 1_000
    /// Channels remembered as having messages without recipients; further ones are not logged.
    package static let channelsNoted = 4_096
    /// Bytes of the longest user or message id; longer ones are ignored.
    package static let idBytes = 256
    /// Characters of a preview.
    package static let previewCharacters = 140
    /// Bytes of a preview; needed because a character can have any number of bytes.
    package static let previewBytes = 8_192
    /// Bytes of an event for Inngest: the limit of its smallest plan.
    package static let eventBytes = 262_144
}
