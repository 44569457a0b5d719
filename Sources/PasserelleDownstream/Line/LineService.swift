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
    package func accepted(_ link: Link) {
        var right = LineRight.publish
        if let rights = desk.configuration.lineRights {
            guard let own = link.peer.userID.flatMap({ rights[$0] }) else {
                return turnAway(link)
            }
            right = own
        }
        let connection = LineConnection(link: link, service: self, right: right)
        connections[ObjectIdentifier(connection)] = connection
    }

    /// Says why, and ends.
    private func turnAway(_ link: Link) {
        desk.tally.refusals += 1
        link.owner = leaving
        let reply = LineReply.error(
            code: "forbidden",
            message: "This user may not use the socket; PASSERELLE_IPC_USERS says who may.")
        link.send(reply.encoded())
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

    /// Ends every connection once its lines are out.
    func drain() {
        for connection in connections.values { connection.end() }
    }

    func forget(_ connection: LineConnection) {
        connections[ObjectIdentifier(connection)] = nil
    }
}
