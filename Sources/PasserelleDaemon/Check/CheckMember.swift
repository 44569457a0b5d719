// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleUpstream
import PasserelleWire

/// One connection to Channels that is subscribed to one channel, and keeps what it is told.
final class CheckMember {
    private(set) var reports: [UpstreamSession.Report] = []
    /// When each event came, with its name.
    private var arrivals: [(name: String, time: Duration)] = []
    private let channel: String
    private var connection: UpstreamConnection?

    /// Connects at once, on presence channels as the member `id`.
    init(loop: EventLoop, server: ChannelsServer, id: String, channel: String) {
        self.channel = channel
        let signer = Signer(key: server.key, secret: server.secret)
        let connection = UpstreamConnection(
            loop: loop, server: server,
            sign: { signer.subscription(channel: $0, socketID: $1, memberID: id) },
            told: { [weak self, unowned loop] report in
                self?.reports.append(report)
                guard case .event(_, let name, _, _) = report else { return }
                self?.arrivals.append((name, loop.now))
            })
        self.connection = connection
        connection.want(channel)
        connection.start()
    }

    /// When the event of that name came for the `number`th time, counted from 0.
    func time(of name: String, _ number: Int) -> Duration? {
        arrivals.filter { $0.name == name }.dropFirst(number).first?.time
    }

    /// Sends a client event without anything in it; one that cannot be sent is lost.
    func send(_ event: String) {
        _ = connection?.send(
            .clientEvent(channel: channel, name: event, data: Array("{}".utf8)))
    }

    /// Says goodbye.
    func stop() {
        connection?.stop()
        connection = nil
    }
}
