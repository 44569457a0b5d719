// SPDX-License-Identifier: MIT

package import PasserelleNet

/// The Unix socket's surface: every connection that speaks the line protocol (design §8).
package final class LineService {
    let desk: Desk
    private var connections: [ObjectIdentifier: LineConnection] = [:]

    init(desk: Desk) {
        self.desk = desk
    }

    /// Takes an accepted link.
    package func accepted(_ link: Link) {
        let connection = LineConnection(link: link, service: self)
        connections[ObjectIdentifier(connection)] = connection
    }

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
