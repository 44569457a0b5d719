// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
package import PasserelleWire

/// The services that `Downstream` needs from the rest of the gateway.
package struct DownstreamServices {
    /// Sends a server event through Channels, once.
    package var publish:
        (
            _ channel: String, _ event: String, _ data: [UInt8],
            _ done: @escaping (PublishOutcome) -> Void
        ) -> Void
    /// The gateway's state as one JSON object, for `STATUS`.
    package var status: () -> [UInt8]
    /// The gateway's metrics in Prometheus' text format.
    package var metrics: () -> [UInt8]
    /// Readiness, with one sentence that gives the reason if the gateway is not ready.
    package var readiness: () -> (isReady: Bool, words: String)
    /// Makes users members while they read, and sends their client events.
    package var presence: PresenceServices
    /// Called for each refused request with its status, its machine-readable code, and the client.
    package var refused: (_ status: Int, _ word: String, _ client: PeerAddress) -> Void = {
        _, _, _ in
    }
    /// Called when a client reaches a limit; throttled per limit.
    package var limitReached: (_ limit: Limit, _ client: PeerAddress) -> Void = { _, _ in }
    /// Called for each connection that was closed because its peer acknowledged no data.
    package var peerDied: (_ client: PeerAddress) -> Void = { _ in }
    /// Called with each revocation and its outcome; calls `done` once the revocation survives a
    /// restart, or with `false` if it could not be written.
    package var revoked:
        (
            _ userID: String, _ channel: String?, _ outcome: RevocationOutcome,
            _ client: PeerAddress, _ done: @escaping (_ isKept: Bool) -> Void
        ) -> Void = { $4(true) }
    /// Asks the application's auth route about a channel with these fields; calls `done` once.
    package var askRoute:
        (
            _ channel: String, _ fields: HTTPFields,
            _ done: @escaping (AuthRouteAnswer) -> Void
        ) -> Void = { _, _, done in done(.failed("no route")) }
    /// Called when the route named different users for the channels of one request.
    package var reportDifferentUsers: () -> Void = {}
    /// Services for external checks that prove knowledge of the application's secret.
    package var checks = CheckServices()
    /// Returns the answer to GET and HEAD for a file for browsers, by the decoded segments of its
    /// path; `nil` if there is no such file.
    package var file: (_ path: [String], _ fields: HTTPFields) -> HTTPResponse? = { _, _ in
        nil
    }
    /// The program's version.
    package var version = ""
    /// Replaces this process by the program on disk; calls `failed` with the reason if that fails.
    package var upgrade: (_ failed: @escaping (_ reason: String) -> Void) -> Void = {
        $0("this command serves no upgrades")
    }
    /// Answers requests for paths that are not routes of the gateway; returns `false` if it has no
    /// answer.
    package var otherRoutes: (HTTPRequest, @escaping (HTTPResponse) -> Void) -> Bool

    /// Creates the services; by default there are no other routes.
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

/// Services for `passerelle check`, which uses passes; by default there are no passes.
package struct CheckServices {
    /// Returns the answer to an echo request, or `nil` without a valid pass; `isTrustedProxy` is
    /// true if the peer is a trusted proxy.
    package var echo: (_ request: HTTPRequest, _ isTrustedProxy: Bool) -> HTTPResponse? = { _, _ in
        nil
    }
    /// Returns true if a pass allows an anonymous reader to read these channels.
    package var opens: (_ pass: String, _ channels: [String]) -> Bool = { _, _ in false }

    /// Creates services without passes.
    package init() {}
}
