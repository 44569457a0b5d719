// SPDX-License-Identifier: MIT

/// The outcome of publishing an event.
package enum PublishOutcome: Equatable, Sendable {
    case sent
    /// Channels refused the event, with this message.
    case refused(String)
    /// Channels accepts no more events for now, with this message.
    case excess(String)
    /// Channels refused an event of this size, with this message.
    case tooLarge(String)
    /// Channels could not be reached. The event was not sent.
    case unavailable(String)
    /// The event was sent but not answered. It may or may not have been published.
    case unknown(String)
}

/// The outcome of sending a client event.
package enum ClientEventOutcome: Equatable, Sendable {
    /// The event was sent, or merged with an equal state sent a moment ago.
    case sent
    /// The client event quota is used up; the user's next event is possible after this delay.
    case excess(Duration)
    /// Channels is unavailable, or the channel is not subscribed now.
    case unavailable
    /// The user is not a member of the channel yet.
    case notYet
    /// The user was revoked while the event waited.
    case revoked
}
