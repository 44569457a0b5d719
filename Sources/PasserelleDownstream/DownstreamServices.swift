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
    /// Returns the answer to an echo request, or `nil` without a valid pass; `isBelieved` is true
    /// if the peer is a trusted proxy.
    package var echo: (_ request: HTTPRequest, _ isBelieved: Bool) -> HTTPResponse? = { _, _ in nil
    }
    /// Returns true if a pass allows an anonymous reader to read these channels.
    package var opens: (_ pass: String, _ channels: [String]) -> Bool = { _, _ in false }

    /// Creates services without passes.
    package init() {}
}

/// Callbacks about readers' users, and sending of their client events.
package struct PresenceServices {
    /// A user's reader subscribed to channels.
    package var joined: (_ channels: [String], ReaderIdentity) -> Void
    /// A user's reader left channels.
    package var left: (_ channels: [String], _ userID: String) -> Void
    /// A user polled channels, or its poll was answered.
    package var polled: (_ channels: [String], ReaderIdentity) -> Void
    /// A user was revoked on a channel, or on all, and must no longer be a member there.
    package var revoked: (_ channel: String?, _ userID: String) -> Void
    /// Sends a client event as a user.
    ///
    /// The data is one JSON value on one line and names that user. `done` is called once,
    /// immediately or within a few seconds.
    package var send:
        (
            _ event: String, _ data: [UInt8], _ channel: String, _ userID: String,
            _ done: @escaping (ClientEventOutcome) -> Void
        ) -> Void

    /// Creates callbacks that do nothing, and under which sending is unavailable.
    package init() {
        joined = { _, _ in }
        left = { _, _ in }
        polled = { _, _ in }
        revoked = { _, _ in }
        send = { $4(.unavailable) }
    }
}

/// Counters of `Downstream` since its start.
package struct Tally: Equatable, Sendable {
    package var polls: UInt64 = 0
    package var notModified: UInt64 = 0
    package var streams: UInt64 = 0
    /// Refused requests and commands.
    package private(set) var refusals: UInt64 = 0
    /// Refusals by the machine-readable code of the answer; the number of codes is fixed.
    package private(set) var refusalWords: [String: UInt64] = [:]
    package var lines: UInt64 = 0
    /// Commands that revoked a user, and the streams and waiting requests that they ended.
    package var revocations: UInt64 = 0
    package var revokedReaders: UInt64 = 0
    /// Client events that were sent, or that repeated the previous one.
    package var clientEvents: UInt64 = 0
    /// Entries delivered to polls.
    package var polled = Deliveries()
    /// Entries delivered on the Unix socket.
    package var lined = Deliveries()

    package init() {}

    /// Counts a refused request, command or connection.
    package mutating func refused(_ word: String) {
        refusals += 1
        refusalWords[word, default: 0] += 1
    }
}

/// Counts of the entries and gaps delivered to the readers of one surface.
package struct Deliveries: Equatable, Sendable {
    /// Entries delivered: events, members, refusals and gaps; an entry counts once per reader.
    package private(set) var entries: UInt64 = 0
    /// Gaps that are in no log: each was reported to one reader, because of its start position or
    /// because it fell behind.
    package private(set) var gaps = GapCounts()

    package init() {}

    /// Counts an entry that was delivered to a reader.
    mutating func delivered(_ entry: Entry) {
        entries &+= 1
        if case .gap(_, let gap) = entry { gaps[gap.reason] += 1 }
    }

    /// Counts events of a log that were delivered to a reader.
    mutating func delivered(events count: Int) {
        entries &+= UInt64(count)
    }

    /// Adds the counts of other readers.
    mutating func add(_ others: Deliveries) {
        entries &+= others.entries
        gaps = gaps + others.gaps
    }
}
