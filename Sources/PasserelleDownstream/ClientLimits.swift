// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Limits on the clients' use of the gateway; `Int.max` if unlimited.
///
/// Limits per address never apply to this host's own addresses, unless a trusted proxy names the
/// address: a proxy may serve any number of clients.
package struct ClientLimits: Equatable, Sendable {
    /// HTTP connections in total, including streams.
    package var connections = 50_000
    /// HTTP connections from one address; connections of trusted proxies are not counted.
    package var addressConnections = 2_000
    /// Event streams in total.
    package var streams = 40_000
    /// Event streams to one address.
    package var addressStreams = 1_000
    /// Event streams to one user.
    package var userStreams = 100
    /// Waiting tests of the page `/diagnose`, in total: streams and polls.
    package var diagnoses = 256
    /// Waiting tests of the page `/diagnose` from one address; each open page has four.
    package var addressDiagnoses = 32
    /// Requests per second from one address.
    package var requestRate = 1_000
    /// Requests that an idle address may send at once.
    package var requestBurst = 4_000
    /// Requests of one address that wait for the application's auth route; the limit applies
    /// separately to readers that the route has not authorized yet and to those that it has.
    package var addressAuthQueue = 256
    /// Channels in one request.
    package var channels = ReadRequest.channelLimit
    /// Channels held at once, for all clients.
    package var heldChannels = 50_000
    /// Held channels that were first requested by one client.
    package var clientChannels = 5_000
    /// Connections to the Unix socket.
    package var lineConnections = 1_000
    /// Connections to the Unix socket by one local user.
    package var userLineConnections = 500
    /// Connections to the admin listener, not counting open consoles.
    package var operatorConnections = 64
    /// Remembered revocations.
    package var revocations = 10_000
    /// Limits on the bytes and fields of one request.
    package var request = HTTPLimits()
    /// How long a head may take to arrive, from its first byte; for the first head, from the time
    /// the connection was accepted, including a TLS handshake.
    package var headerTime: Duration = .seconds(10)
    /// How long a body may take to arrive, from the end of its head.
    package var bodyTime: Duration = .seconds(10)
    /// How long the client may take to receive an answer, from when its socket is first full.
    package var answerTime: Duration = .seconds(180)
    /// Bytes of output that this process holds for slow peers, in total.
    package var output = 64 << 20
    /// How long a connection may be idle between two requests.
    package var idleTime: Duration = .seconds(75)

    /// Creates the default limits.
    package init() {}

    /// The limit on public held channels; a quarter is reserved for channels that require
    /// authorization.
    var publicChannels: Int { heldChannels - heldChannels / 4 }

    /// Connections to the Unix socket by users with read-only rights; a quarter is reserved for
    /// users that may publish.
    var readOnlyLineConnections: Int { lineConnections - lineConnections / 4 }

    /// Reduces `connections` to the available descriptors, of which an eighth (at least 32) is
    /// reserved for other uses; returns true if the limit was reduced.
    package mutating func fit(descriptors: Int) -> Bool {
        let room = max(1, descriptors - max(32, descriptors / 8))
        guard connections > room else { return false }
        connections = room
        return true
    }
}
