// SPDX-License-Identifier: MIT

package import PasserelleNet
import PasserelleWire

/// The Unix socket's surface: every connection that speaks the line protocol (design §8).
package final class LineService {
    let desk: Desk
    private var connections: [ObjectIdentifier: LineConnection] = [:]

    init(desk: Desk) {
        self.desk = desk
    }

    /// Takes an accepted link.
    ///
    /// One too many is told so and ended.
    package func accepted(_ link: Link) {
        guard connections.count < desk.quotas.limits.lineConnections else {
            desk.quotas.reached(.lineConnections, by: link.peer)
            return turnAway(
                link, "rate-limited",
                "The socket has as many connections as it may have; come back.")
        }
        var right = LineRight.publish
        if let rights = desk.configuration.lineRights {
            guard let own = link.peer.userID.flatMap({ rights[$0] }) else {
                return turnAway(
                    link, "forbidden",
                    "This user may not use the socket; PASSERELLE_IPC_USERS says who may.")
            }
            right = own
        }
        let connection = LineConnection(link: link, service: self, right: right)
        connections[ObjectIdentifier(connection)] = connection
    }

    /// Says why, and ends.
    private func turnAway(_ link: Link, _ code: String, _ message: String) {
        desk.tally.refused(code)
        link.owner = leaving
        link.send(LineReply.error(code: code, message: message).encoded())
        link.finish()
    }

    /// The owner of links on which nothing more is said.
    private final class Leaving: LinkOwner {
        func link(_ link: Link, received bytes: Span<UInt8>) {}

        func linkEnded(_ link: Link, _ end: LinkEnd) {}
    }

    private let leaving = Leaving()

    /// Connections that are open.
    package var connectionCount: Int { connections.count }
    /// Channels that connections are subscribed to, each connection's by itself.
    var subscriptionCount: Int { connections.values.reduce(0) { $0 + $1.readers.count } }

    /// Ends every connection once its lines are out.
    func drain() {
        for connection in connections.values { connection.end() }
    }

    func forget(_ connection: LineConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }
}
