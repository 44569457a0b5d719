// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleUpstream
import PasserelleWire

/// The connections and messages that Channels does not have to serve because of the gateway.
///
/// Channels counts one connection for each client, and one message for each delivery to one.
/// Without the gateway, every reader would be a client; with it, only the gateway's own connections
/// are.
struct Savings: Equatable {
    /// Streams, waiting polls, and subscriptions on the Unix socket.
    let readers: Int
    /// The gateway's connections to Channels: its own while connected, and those of its members.
    let connections: Int
    /// Entries delivered to readers since the start.
    let deliveries: UInt64
    /// Messages of all kinds that the gateway received from Channels since the start.
    let messages: UInt64

    /// Reads both sides from a snapshot.
    init(_ snapshot: GatewaySnapshot) {
        let downstream = snapshot.downstream
        readers = downstream.streams + downstream.waitingPolls + downstream.subscriptions
        connections =
            snapshot.upstream.established + snapshot.presence.connections
        deliveries =
            downstream.streamed.entries &+ downstream.tally.polled.entries
            &+ downstream.tally.lined.entries
        messages = snapshot.upstream.messages &+ snapshot.presence.messages
    }

    /// Connections that Channels would have in addition.
    var savedConnections: Int { max(0, readers - connections) }
    /// Messages that Channels would have delivered in addition.
    var savedMessages: UInt64 { deliveries > messages ? deliveries - messages : 0 }

    /// The members of `saved` in the console's state.
    var json: JSONObjectWriter {
        [
            "connections": savedConnections, "messages": savedMessages, "readers": readers,
            "upstream_connections": connections,
        ]
    }
}
