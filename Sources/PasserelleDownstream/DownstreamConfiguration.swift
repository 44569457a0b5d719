// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Configuration of `Downstream`.
package struct DownstreamConfiguration {
    /// The channels that readers may request.
    package var channels: ChannelPatterns
    /// The interval of keep-alive comments on a stream without events.
    package var heartbeat: Duration = .seconds(15)
    /// How long the peer of a full socket may stall before it is disconnected.
    package var stall: Duration = .seconds(60)
    /// The maximum size of a published event's data, in bytes, as Channels accepts it.
    package var publishBytes = 10_240
    /// Client events that readers may send.
    package var clientEvents: Set<String> = ["client-typing"]
    /// How readers are authorized; `nil` if they are not checked.
    package var access: AccessConfiguration?
    /// The host names that the gateway serves, and the origins whose pages may use it.
    package var origins = OriginRules()
    /// The host names that the admin listener serves.
    package var operatorHosts = OriginRules.Hosts.loopback
    /// Further host names for the console only, since only the console is meant for browsers.
    package var consoleHosts = OriginRules.Hosts.loopback
    /// The proxies whose forwarding headers are trusted.
    package var proxies = TrustedProxies()
    /// The rights of each local user on the Unix socket; if `nil`, any user that can connect has
    /// all rights.
    package var lineRights: [UInt32: LineRight]?
    /// True if a request may name its own user (`user=`); only safe if untrusted clients cannot
    /// connect.
    package var acceptsClaims = false
    /// The gateway's own `user_id`, which no reader may use.
    package var memberID = "passerelle"
    /// How long a first answer may wait for a channel to be subscribed.
    package var subscriptionTimeout: Duration = .seconds(5)
    /// True if the tests of the page `/diagnose` are served.
    package var servesDiagnose = false
    /// The limits on clients.
    package var limits = ClientLimits()
    /// The names of the settings that refusals mention.
    package var settingNames = SettingNames()

    /// Default values, for these channels.
    package init(channels: ChannelPatterns) {
        self.channels = channels
    }

    /// The value of `Vary`: the request fields on which readers' answers depend, by their origin
    /// and by the credentials that authorize them.
    var vary: String {
        var names = ["Origin"]
        if let access {
            let tokens = access.tokenKeys.isEmpty ? [] : BearerTokenLocation.fields
            let route = access.asksRoute ? access.routeFields : []
            for name in tokens + route
            where !names.contains(where: { $0.lowercased() == name.lowercased() }) {
                names.append(name)
            }
        }
        return names.joined(separator: ", ")
    }
}

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
