// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// What became of an event that was to be published.
package enum PublishOutcome: Equatable, Sendable {
    case sent
    /// Channels says no; its words.
    case refused(String)
    /// Channels takes no more for now; its words.
    case excess(String)
    /// Channels takes no event of this size; its words.
    case tooLarge(String)
    /// Channels could not be reached; nothing was sent.
    case unavailable(String)
    /// Sent, and not answered: it may or may not have taken effect.
    case unknown(String)
}

/// What is done for who holds a pass of `passerelle check`; without any, there are no passes.
package struct CheckServices {
    /// Says what came of a request, and `nil` to who has no pass; `isBelieved` is whether the peer is
    /// a trusted proxy.
    package var echo: (_ request: HTTPRequest, _ isBelieved: Bool) -> HTTPResponse? = { _, _ in nil
    }
    /// Whether a pass opens these channels to an anonymous reader.
    package var opens: (_ pass: String, _ channels: [String]) -> Bool = { _, _ in false }

    /// Without passes.
    package init() {}
}

/// What Downstream needs of the rest of the house.
package struct DownstreamServices {
    /// Sends a server event through Channels, once.
    package var publish:
        (
            _ channel: String, _ event: String, _ data: [UInt8],
            _ done: @escaping (PublishOutcome) -> Void
        ) -> Void
    /// The gateway's state as one JSON object, for `STATUS`.
    package var status: () -> [UInt8]
    /// What the gateway counts, in Prometheus' text format.
    package var metrics: () -> [UInt8]
    /// What the console tells of the rest of the house.
    package var facts: () -> GatewayFacts = { GatewayFacts() }
    /// Whether the gateway is ready, with one sentence that says why not.
    package var readiness: () -> (isReady: Bool, words: String)
    /// Makes users members while they read, and sends what they say.
    package var presence: PresenceServices
    /// Told of each request that is refused: its status, the word for programs, and the client.
    package var refused: (_ status: Int, _ word: String, _ client: PeerAddress) -> Void = {
        _, _, _ in
    }
    /// Told that a limit was reached, at times, and by whom.
    package var limitReached: (_ limit: Limit, _ client: PeerAddress) -> Void = { _, _ in }
    /// Asks the application's auth route about a channel, showing it these fields; answers once.
    package var askRoute:
        (
            _ channel: String, _ fields: HTTPFields,
            _ done: @escaping (AuthChecks.Answer) -> Void
        ) -> Void = { _, _, done in done(.failed) }
    /// What whoever looks at the gateway from outside with the application's secret is given.
    package var checks = CheckServices()
    /// Answers requests that are no route of ours; gives `false` where it has no answer either.
    package var otherRoutes: (HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool

    /// All of them; without `otherRoutes` there are no other routes.
    package init(
        publish: @escaping (String, String, [UInt8], @escaping (PublishOutcome) -> Void) -> Void,
        status: @escaping () -> [UInt8],
        metrics: @escaping () -> [UInt8] = { [] },
        readiness: @escaping () -> (isReady: Bool, words: String),
        presence: PresenceServices = PresenceServices(),
        otherRoutes: @escaping (HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool = { _, _ in
            false
        }
    ) {
        self.publish = publish
        self.status = status
        self.metrics = metrics
        self.readiness = readiness
        self.presence = presence
        self.otherRoutes = otherRoutes
    }
}
