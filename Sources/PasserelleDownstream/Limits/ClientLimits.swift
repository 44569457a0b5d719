// SPDX-License-Identifier: MIT

package import PasserelleWire

/// What clients may take of the gateway; `Int.max` where nothing bounds it.
///
/// What is counted by address never counts this host's own, whoever comes from it, unless a trusted
/// proxy names the address: behind one there are as many people as it likes.
package struct ClientLimits: Equatable, Sendable {
    /// HTTP connections in all, streams among them.
    package var connections = 50_000
    /// HTTP connections from one address; those of trusted proxies are not counted.
    package var addressConnections = 2_000
    /// Event streams in all.
    package var streams = 40_000
    /// Event streams to one address.
    package var addressStreams = 1_000
    /// Event streams to one user.
    package var userStreams = 100
    /// Requests a second from one address.
    package var requestRate = 1_000
    /// Requests that an address which was silent may send at once.
    package var requestBurst = 4_000
    /// Channels that one request names.
    package var channels = ReadRequest.channelLimit
    /// Channels that are held at once, whoever asked for them.
    package var heldChannels = 50_000
    /// Connections to the Unix socket.
    package var lineConnections = 1_000
    /// Bytes and fields of one request.
    package var request = HTTPLimits()
    /// How long a head may take to come: from its first byte, and the first one from the accepting
    /// of its connection, a TLS handshake included.
    package var headerTime: Duration = .seconds(10)
    /// How long a body may take to come, from the end of its head.
    package var bodyTime: Duration = .seconds(10)
    /// How long a connection may rest between two requests.
    package var idleTime: Duration = .seconds(75)

    /// The defaults.
    package init() {}

    /// Cuts the number of connections to what so many descriptors leave, an eighth of them (32 at
    /// least) being kept for everything else; says whether it was cut.
    package mutating func fit(descriptors: Int) -> Bool {
        let room = max(1, descriptors - max(32, descriptors / 8))
        guard connections > room else { return false }
        connections = room
        return true
    }
}
