// SPDX-License-Identifier: MIT
package import PasserelleWire

/// What the sandbox does wrong on purpose; as it stands, nothing.
package struct Misbehaviour: Equatable, Sendable {
    /// What is heard but never answered.
    package enum Silence: String, Sendable, CaseIterable {
        /// All is answered.
        case nothing
        /// Subscriptions alone.
        case subscriptions
        /// Everything on a WebSocket once it is open, the handshake message too.
        case messages
        /// HTTP requests and upgrades as well, but those under `/sandbox`.
        case everything
    }

    /// How a new connection is told that it is not wanted.
    package enum RefusalForm: String, Sendable, CaseIterable {
        /// A close frame with the code.
        case close
        /// An error frame, then a close frame.
        case error
        /// An error frame on a socket that stays open.
        case open
        /// An error frame, then the end of TCP without a close frame.
        case drop
        /// No error frame, only the end of TCP.
        case cut
        /// The status 503 instead of the upgrade.
        case http
    }

    /// Why and how new connections are turned away.
    package struct Refusal: Equatable, Sendable {
        /// The close code, which is also the code of the error frame.
        package var code: UInt16
        /// The reason, and the words of the error frame.
        package var message: String
        /// Which of the two there are, and what follows.
        package var form: RefusalForm
    }

    /// Which subscriptions are refused, whatever their signature.
    package struct Denial: Equatable, Sendable {
        /// The channels that it is about.
        package var pattern: ChannelPattern
        /// With a status the channel is named in a `pusher:subscription_error`; without one the
        /// error has neither code nor channel, as on the hosted service.
        package var status: Int?
    }

    /// What becomes of REST requests.
    package enum REST: Equatable, Sendable {
        /// They are answered.
        case answered
        /// They are read and never answered.
        case ignored
        /// They do nothing and get that status.
        case failing(status: Int)
    }

    /// What is not answered.
    package var silence = Silence.nothing
    /// How late every answer and every event is.
    package var delay = Duration.zero
    /// Whether every frame is sent twice.
    package var duplicates = false
    /// Whether, and how, new connections are turned away.
    package var refusal: Refusal?
    /// The first that covers a channel decides.
    package var denials: [Denial] = []
    /// What becomes of REST requests.
    package var rest = REST.answered
    /// Whether client events are passed on, where the application has them.
    package var passesClientEvents = true
    /// How far its clock is ahead of this host's, in seconds.
    package var clockSeconds = 0

    /// Nothing is done wrong.
    package init() {}

    /// The mode in words, for the state page.
    var facts: JSONObject {
        var facts = JSONObject()
        facts.add("swallow", silence.rawValue)
        let (seconds, attoseconds) = delay.components
        facts.add("delay_ms", number: Int(seconds * 1000 + attoseconds / 1_000_000_000_000_000))
        facts.add("duplicate", fact: duplicates)
        facts.add("refuse", number: refusal.map { Int($0.code) })
        facts.add("deny", raw: JSONObject.array(of: denials.map(\.pattern.text)))
        switch rest {
        case .answered: facts.add("rest", "answer")
        case .ignored: facts.add("rest", "ignore")
        case .failing(let status): facts.add("rest", number: status)
        }
        facts.add("client_events", fact: passesClientEvents)
        facts.add("clock_s", number: clockSeconds)
        return facts
    }
}
