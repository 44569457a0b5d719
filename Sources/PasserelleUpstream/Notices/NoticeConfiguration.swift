// SPDX-License-Identifier: MIT

package import PasserelleWire

/// What offline notices are about, when they go out, and their bounds.
package struct NoticeConfiguration: Sendable, Equatable {
    /// The event that is announced to those who are absent.
    package var message = "new-message"
    /// The name of the event that Inngest gets.
    package var event = "chat/message.offline"
    /// Where a message names its sender; the object around that is the message itself.
    package var sender = ["message", "senderId"]
    /// Where a message names its recipients; `nil`: everyone seen on the channel.
    package var recipients: [String]?
    /// A URL in which `{bail}` stands for what the channel pattern's `*` matched.
    package var link: String?
    /// How long a reader who reconnects has to come back first.
    package var delay: Duration = .seconds(10)
    /// A recipient hears of a channel at most once in this time.
    package var throttle: Duration = .seconds(300)
    /// The channels whose pattern gives `{bail}`.
    package var channels: ChannelPatterns?
    /// The gateway's own member, who is nobody's recipient.
    package var memberID = "passerelle"

    package init() {}

    /// For how long a notice is tried again, from when it was first due.
    package static let retriedFor: Duration = .seconds(3600)
    /// How long an answer about who is present stays good while notices wait for their turn.
    package static let presenceAge: Duration = .seconds(30)
    /// Calls to Inngest at once; as many questions to Channels may run beside them.
    package static let calls = 2
    /// Messages that wait at once; more are not announced.
    package static let messages = 4_096
    /// Notices that wait at once; more are not sent.
    package static let notices = 10_000
    /// Notices that wait behind another one for the same recipient and channel.
    package static let behind = 8
    /// Recipients that one message may name; more are passed over.
    package static let recipientsNamed = 1_000
    /// Channels of which is remembered that their messages name no recipients; of more, nothing is
    /// said.
    package static let channelsNoted = 4_096
    /// Bytes of the longest id of a user or a message; a longer one names nobody and nothing.
    package static let idBytes = 256
    /// Characters of a preview.
    package static let previewCharacters = 140
    /// Bytes of a preview, since a character may have any number.
    package static let previewBytes = 8_192
    /// Bytes of an event for Inngest: what its smallest plan takes.
    package static let eventBytes = 262_144
}
