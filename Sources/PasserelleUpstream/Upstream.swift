// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Maintains the connections to Channels and delivers every event and every gap to the hub.
///
/// This is the observer: readers receive exactly the events that arrive here. Two connections
/// subscribe to the same channels, so that the loss of one is not a gap; `UpstreamMerge` delivers
/// each event once.
package final class Upstream {
    /// The rules by which events retract others.
    package var retractions: [RetractionRule] = []
    /// The path of the application's own sequence number in the data of its events, if it has one.
    package var sequencePath: [String] = []
    /// Called when Channels refuses permanently, with the server's own message.
    package var rejectedPermanently: ((_ code: Int, _ message: String) -> Void)?
    /// Called when the only connection is refused because the application has too many.
    package var connectionLimitReached: (() -> Void)?
    /// Called when the first connection is established, and when the last is lost or none is
    /// established yet.
    package var onConnection: ((_ isConnected: Bool) -> Void)?
    /// Called with log entries.
    package var onLog: ((Note) -> Void)?
    /// Called when Channels refuses a client event sent by the gateway.
    var clientEventRefused: ((_ code: Int?, _ message: String) -> Void)?
    /// Client events of local users that this connection is about to receive.
    var sentEvents = SentClientEvents()
    /// Called with each event that an application or a client published.
    package var onEvent: ((ReceivedEvent, Moment) -> Void)?

    /// The delay of the second connection's attempts after those of the first.
    package static let stagger: Duration = .seconds(1)

    private let loop: EventLoop
    private let hub: Hub
    private let memberID: String
    private var errorThrottle = LogThrottle<Int?>()
    private var merge = UpstreamMerge()
    private var connections: [UpstreamConnection] = []
    /// The connections that Channels refuses permanently.
    private var rejected: Set<UpstreamMerge.Side> = []
    /// True once the second connection's refusal was logged, until it is established again.
    private var isSecondLogged = false
    private lazy var alarm = Alarm(loop) { [weak self] in
        guard let self else { return }
        perform(merge.timePassed(now: loop.now))
    }

    /// Creates an upstream of one or two connections that is not started; `jitter` returns random
    /// numbers in 0..<1.
    package init(
        loop: EventLoop, hub: Hub, server: ChannelsServer, connections count: Int = 1,
        jitter: @escaping () -> Double = Random.fraction
    ) {
        self.loop = loop
        self.hub = hub
        memberID = server.memberID
        let signer = Signer(key: server.key, secret: server.secret)
        connections = UpstreamMerge.Side.allCases.prefix(count).map { side in
            UpstreamConnection(
                loop: loop, server: server, retriesOverQuota: true,
                stagger: side == .first ? .zero : Self.stagger, jitter: jitter,
                sign: { channel, socketID in
                    signer.subscription(
                        channel: channel, socketID: socketID, memberID: server.memberID)
                },
                onReport: { [weak self] in self?.handle($0, from: side) })
        }
    }

    /// Connects, and reconnects until `stop` is called or Channels refuses permanently.
    package func start() {
        onConnection?(false)
        connections.first?.start()
        guard connections.count > 1 else { return }
        loop.scheduleTask(in: Self.stagger) { [weak self] in self?.connections.last?.start() }
    }

    /// Applies the hub's pending subscription demands; call it at the end of a turn.
    package func flush() {
        for demand in hub.takeDemands() {
            switch demand {
            case .subscribe(let channel): for connection in connections { connection.want(channel) }
            case .unsubscribe(let channel):
                for connection in connections { connection.drop(channel) }
                merge.dropped(channel)
            }
        }
    }

    /// Retries a refused channel after a short delay.
    ///
    /// On some servers a refused member's subscription makes the channel unavailable to every other
    /// client until it is undone.
    package func retrySoon(_ channel: String) {
        loop.scheduleTask(in: Self.undoDelay) { [weak self] in
            for connection in self?.connections ?? [] { connection.retry(channel) }
        }
    }

    /// The time that a server may take to undo a subscription.
    private static let undoDelay: Duration = .seconds(1)

    /// Closes the connections.
    package func stop() {
        for connection in connections { connection.stop() }
    }

    /// True if a connection is established and every wanted channel was answered.
    package var isSettled: Bool { connections.contains { $0.isSettled } }

    /// The state of the connections together.
    package var status: UpstreamStatus {
        var status = UpstreamStatus(connections.map(\.status))
        status.missingCopies = merge.missingCopies
        status.isRedundant = merge.isSettled
        return status
    }

    /// Sends a client event as the gateway; returns false if the channel is not subscribed.
    ///
    /// Channels does not echo it to the connection that sends it; a second one receives a copy.
    package func send(clientEvent name: String, data: [UInt8], on channel: String) -> Bool {
        guard hub.channel(channel)?.isLive ?? false, let side = merge.subscribed(channel) else {
            return false
        }
        let message = ClientMessage.clientEvent(channel: channel, name: name, data: data)
        guard connections[side.rawValue].send(message) else { return false }
        merge.sent(
            clientEvent: name, data: data, on: channel,
            stamp: channel.hasPrefix("presence-") ? memberID : nil, by: side, now: loop.now)
        alarm.set(merge.deadline)
        return true
    }

    // MARK: - Reports of the connections

    private func handle(_ report: UpstreamSession.Report, from side: UpstreamMerge.Side) {
        let wasConnected = merge.established > 0
        switch report {
        case .event, .memberAdded, .memberRemoved:
            if connections.count == 1 { return deliver(report) }
        default: break
        }
        let actions = merge.received(report, from: side, now: loop.now)
        switch report {
        case .subscribed, .event, .memberAdded, .memberRemoved, .refused, .pong: break
        default: connectionChanged(report, of: side, wasConnected: wasConnected)
        }
        perform(actions)
    }

    private func perform(_ actions: [UpstreamMerge.Action]) {
        for action in actions {
            switch action {
            case .deliver(let report): deliver(report)
            case .lost(let channel): hub.lost(channel, at: loop.moment)
            case .ping(let side): connections[side.rawValue].ping()
            case .replace(let side):
                connections[side.rawValue].replace(because: .behind)
            }
        }
        if connections.count > 1 { alarm.set(merge.deadline) }
    }

    private func deliver(_ report: UpstreamSession.Report) {
        let now = loop.moment
        let report = attributed(report)
        let event = hub.take(
            report, retractions: retractions, sequencePath: sequencePath, memberID: memberID,
            at: now)
        switch report {
        case .event: if let event { onEvent?(event, now) }
        case .subscribed(let channel, _): onLog?(.subscribed(channel))
        case .refused(let channel, let status, let message):
            onLog?(.refused(channel, status: status, message: message))
        default: break
        }
    }

    /// Handles a report about a connection, which does not concern the hub.
    private func connectionChanged(
        _ report: UpstreamSession.Report, of side: UpstreamMerge.Side, wasConnected: Bool
    ) {
        switch report {
        case .established:
            if side == .second { isSecondLogged = false }
            if !wasConnected { onConnection?(true) }
            onLog?(.established(side))
        case .lost: if merge.established == 0 { onConnection?(false) }
        case .waits(let delay, let cause): waits(delay, because: cause, on: side)
        case .error(let code, let message):
            guard let others = errorThrottle.passes(code, now: loop.now) else { return }
            onLog?(.error(code: code, message: message, count: others + 1))
        case .clientEventRefused(let code, let message): clientEventRefused?(code, message)
        case .rejectedPermanently(let code, let message):
            rejected.insert(side)
            // A refused second connection ends the gateway only if the first was refused, too.
            let isLast = rejected.count == connections.count
            if isLast || side == .first && merge.established == 0 {
                rejectedPermanently?(code, message)
            } else {
                onLog?(
                    .rejected(side, .code(code, message), isOther: merge.established > 0))
            }
        default: break
        }
    }

    private func waits(
        _ delay: Duration, because cause: UpstreamSession.Cause, on side: UpstreamMerge.Side
    ) {
        if merge.established == 0, case .code(ClosePolicy.overQuota, _) = cause {
            connectionLimitReached?()
        }
        // While the first connection works, the second one's attempts are logged once.
        if side == .second, merge.established > 0 {
            guard !isSecondLogged else { return }
            isSecondLogged = true
        }
        onLog?(.waits(side, delay, because: cause, isOther: merge.established > 0))
    }
}

extension Upstream {
    /// Returns the report with the sender of a local user's client event filled in, if the server
    /// did not stamp it.
    private func attributed(_ report: UpstreamSession.Report) -> UpstreamSession.Report {
        guard case .event(let channel, let name, let data, let stamp) = report,
            EventName.isClientEvent(name)
        else { return report }
        let sender = sentEvents.takeSender(
            of: .init(name: name, data: data, channel: channel, stamp: stamp), now: loop.now)
        return .event(channel: channel, name: name, data: data, userID: stamp ?? sender)
    }

    /// A log entry.
    package enum Note {
        case established(UpstreamMerge.Side)
        case subscribed(String)
        case refused(String, status: Int, message: String)
        /// A connection is lost or was not established; `isOther` if the other one is.
        case waits(
            UpstreamMerge.Side, Duration, because: UpstreamSession.Cause, isOther: Bool)
        /// One of two connections is refused permanently; `isOther` if the other is established.
        case rejected(UpstreamMerge.Side, UpstreamSession.Cause, isOther: Bool)
        /// An error that does not end the connection: `count` with its code since the last entry.
        case error(code: Int?, message: String, count: UInt64)
    }
}

extension EventLoop {
    /// The time of this turn on both clocks; Downstream cannot import this and has a copy.
    package var moment: Moment {
        Moment(steady: now, wall: WallTime(milliseconds: wallMilliseconds))
    }
}
