// SPDX-License-Identifier: MIT

import PasserelleWire
package import PasserelleNet
package import PasserelleUpstream

/// A connection to Channels, subscribed to one channel; records the reports it receives.
package final class CheckMember {
    package private(set) var reports: [UpstreamSession.Report] = []
    /// The name of each event received, and the time.
    private var arrivals: [(name: String, time: Duration)] = []
    private let channel: String
    private var connection: UpstreamConnection?

    /// Connects immediately; on presence channels it is the member `id`.
    package init(loop: EventLoop, server: ChannelsServer, id: String, channel: String) {
        self.channel = channel
        let signer = Signer(key: server.key, secret: server.secret)
        let connection = UpstreamConnection(
            loop: loop, server: server,
            sign: { signer.subscription(channel: $0, socketID: $1, memberID: id) },
            onReport: { [weak self, unowned loop] report in
                self?.reports.append(report)
                guard case .event(_, let name, _, _) = report else { return }
                self?.arrivals.append((name, loop.now))
            })
        self.connection = connection
        connection.want(channel)
        connection.start()
    }

    /// Returns when the event `name` arrived for the `number`th time, counted from 0.
    package func time(of name: String, _ number: Int) -> Duration? {
        arrivals.filter { $0.name == name }.dropFirst(number).first?.time
    }

    /// Sends a client event with empty data; the event is lost if it cannot be sent.
    package func send(_ event: String) {
        _ = connection?.send(
            .clientEvent(channel: channel, name: event, data: Array("{}".utf8)))
    }

    /// Closes the connection.
    package func stop() {
        connection?.stop()
        connection = nil
    }
}
