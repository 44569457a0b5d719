// SPDX-License-Identifier: MIT

import PasserelleHub
package import PasserelleNet
package import PasserelleWire

/// The connection to Channels of a process that does not have the hub's state yet.
package final class EarlyUpstream {
    /// Called with what the running process must learn.
    package var onMessage: ((HandoverMessage) -> Void)?
    let connection: UpstreamConnection
    var held = HeldReports()
    private(set) var wanted: Set<String> = []

    /// Creates a connection that is not started.
    package init(loop: EventLoop, server: ChannelsServer) {
        connection = .observer(loop: loop, server: server, jitter: Random.fraction)
        connection.onReport = { [weak self, loop] report in
            guard let self else { return }
            if let message = held.take(report, at: loop.moment.wall) { onMessage?(message) }
            if held.isOverfull { onMessage?(.failed("it received too many events meanwhile")) }
        }
    }

    /// Connects.
    package func start() { connection.start() }

    /// Subscribes to channels.
    package func want(_ channels: [String]) {
        for channel in channels where wanted.insert(channel).inserted { connection.want(channel) }
    }

    /// Closes the connection.
    package func stop() { connection.stop() }
}

extension UpstreamConnection {
    /// The connection as the gateway's own member.
    static func observer(
        loop: EventLoop, server: ChannelsServer, jitter: @escaping () -> Double
    ) -> UpstreamConnection {
        let signer = Signer(key: server.key, secret: server.secret)
        return UpstreamConnection(
            loop: loop, server: server, retriesOverQuota: true, jitter: jitter,
            sign: { channel, socketID in
                signer.subscription(
                    channel: channel, socketID: socketID, memberID: server.memberID)
            },
            onReport: { _ in })
    }
}
