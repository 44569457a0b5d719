// SPDX-License-Identifier: MIT

package import PasserelleNet
import PasserelleWire

/// The line protocol on the Unix socket: all its connections.
package final class LineService {
    let context: DownstreamContext
    private(set) var connections: [ObjectIdentifier: LineConnection] = [:]

    /// Connection counts by user.
    private var users = LineUsers()
    /// The channel lists that answer `CHANNELS`.
    let lists: ChannelLists
    private var lastStatus: (turn: Duration, json: [UInt8])?

    init(context: DownstreamContext) {
        self.context = context
        lists = ChannelLists(loop: context.loop, hub: context.hub)
    }

    /// The gateway's state, encoded at most once per turn of the loop.
    var status: [UInt8] {
        if let lastStatus, lastStatus.turn == context.loop.now { return lastStatus.json }
        let json = context.services.status()
        lastStatus = (context.loop.now, json)
        return json
    }

    /// Handles an accepted link.
    ///
    /// If the user may not use the socket or the connection exceeds a limit, it receives the reason
    /// and is closed.
    package func accepted(_ link: Link) {
        _ = connection(on: link)
    }

    /// Counts and serves a link; returns `nil` if it is refused.
    func connection(on link: Link) -> LineConnection? {
        var right = LineRight.publish
        if let rights = context.configuration.lineRights {
            guard let own = link.peer.userID.flatMap({ rights[$0] }) else {
                refuse(
                    link, "forbidden",
                    "This user may not use the socket. List the user in"
                        + " \(context.configuration.settingNames.lineUsers).")
                return nil
            }
            right = own
        }
        if let limit = users.connected(
            link.peer.userID, right: right, limits: context.quotas.limits)
        {
            context.quotas.reached(limit, by: link.peer)
            let holder = limit == .userLineConnections ? "This user" : "The socket"
            refuse(
                link, "rate-limited",
                "\(holder) has too many connections; retry later.")
            return nil
        }
        let connection = LineConnection(link: link, service: self, right: right)
        connections[ObjectIdentifier(connection)] = connection
        return connection
    }

    /// Sends the reason and closes the link.
    private func refuse(_ link: Link, _ code: String, _ message: String) {
        context.tally.refused(code)
        link.owner = refusedLinkOwner
        link.send(LineReply.error(code: code, message: message).encoded())
        link.finish()
    }

    /// The owner of refused links, which ignores further input.
    private final class RefusedLinkOwner: LinkOwner {
        func link(_ link: Link, received bytes: Span<UInt8>) {}

        func linkEnded(_ link: Link, _ end: LinkEnd) {}
    }

    private let refusedLinkOwner = RefusedLinkOwner()

    /// The number of open connections.
    package var connectionCount: Int { connections.count }
    /// The number of subscriptions, summed over all connections.
    var subscriptionCount: Int { connections.values.reduce(0) { $0 + $1.readers.count } }

    /// Reports the state of the connection to Channels to the subscribed connections.
    func upstreamChanged() {
        for connection in connections.values { connection.sendUpstream() }
    }

    /// Ends every connection after its queued lines are written.
    func drain() {
        for connection in connections.values { connection.end() }
    }

    func forget(_ connection: LineConnection) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        users.disconnected(connection.link.peer.userID, right: connection.right)
    }
}
