// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Maintains the connection to Channels and delivers every event and every gap to the hub.
///
/// This is the observer: readers receive exactly the events that arrive on this connection.
package final class Upstream {
    /// The rules by which events retract others.
    package var retractions: [RetractionRule] = []
    /// The path of the application's own sequence number in the data of its events, if it has one.
    package var sequencePath: [String] = []
    /// Called when Channels refuses permanently, with the server's own message.
    package var rejectedPermanently: ((_ code: Int, _ message: String) -> Void)?
    /// Called when the connection is refused because the application has too many.
    package var connectionLimitReached: (() -> Void)?
    /// Called when the connection is established, and when it is lost or not established yet.
    package var onConnection: ((_ isConnected: Bool) -> Void)?
    /// Called with log entries.
    package var onLog: ((Note) -> Void)?
    /// Called when Channels refuses a client event sent by the gateway.
    var clientEventRefused: ((_ code: Int?, _ message: String) -> Void)?
    /// Client events of local users that this connection is about to receive.
    var sentEvents = SentClientEvents()
    /// Called with each event that an application or a client published.
    package var onEvent: ((ReceivedEvent, Moment) -> Void)?
    /// The events received while this process hands over to another one; `nil` at other times.
    package var receivedDigests: ReceivedDigests?
    /// The state of the connection.
    package var status: UpstreamStatus { connection?.status ?? UpstreamStatus() }

    private let loop: EventLoop
    private let hub: Hub
    private let memberID: String
    private var errorThrottle = LogThrottle<Int?>()
    private var connection: UpstreamConnection?
    /// The events that the process before this one delivered, if it handed over lately.
    private var copies: HandoverCopies?

    /// Creates an upstream that is not started; `jitter` returns random numbers in 0..<1.
    ///
    /// A connection that an `EarlyUpstream` has prepared is continued.
    package init(
        loop: EventLoop, hub: Hub, server: ChannelsServer,
        continuing early: EarlyUpstream? = nil,
        jitter: @escaping () -> Double = Random.fraction
    ) {
        self.loop = loop
        self.hub = hub
        memberID = server.memberID
        let connection =
            early?.connection ?? .observer(loop: loop, server: server, jitter: jitter)
        self.connection = connection
        connection.onReport = { [weak self] in self?.handle($0) }
    }

    /// Applies what a connection received before the hub's state was handed over, except the
    /// events that the hub has; call it once, before the first turn, in place of `start`.
    ///
    /// `received` are the events of the other process, which received none after `frozen`.
    package func takeOver(
        _ early: EarlyUpstream, received: HandoverCopies, frozen: WallTime
    ) {
        let now = loop.moment
        onConnection?(false)
        if early.held.isConnected { handle(.established(socketID: "")) }
        var copies = received
        copies.begin(early.held.subscribed)
        let reports = early.held.takeReports(live: hub.liveChannels)
        for channel in reports.missing { hub.isAway(channel, at: now) }
        for report in reports.subscriptions { handle(report) }
        for (report, time) in reports.events where !copies.takeHeld(report, at: time) {
            handle(report)
        }
        copies.tookOver(frozen: frozen, at: now.steady)
        self.copies = copies
        let wanted = Set(hub.wanted)
        for channel in early.wanted where !wanted.contains(channel) { connection?.drop(channel) }
    }

    /// Connects, and reconnects until `stop` is called or Channels refuses permanently.
    package func start() {
        onConnection?(false)
        connection?.start()
    }

    /// Applies the hub's pending subscription demands; call it at the end of a turn.
    package func flush() {
        for demand in hub.takeDemands() {
            switch demand {
            case .subscribe(let channel): connection?.want(channel)
            case .unsubscribe(let channel): connection?.drop(channel)
            }
        }
    }

    /// Retries a refused channel after a short delay.
    ///
    /// On some servers a refused member's subscription makes the channel unavailable to every other
    /// client until it is undone.
    package func retrySoon(_ channel: String) {
        loop.scheduleTask(in: Self.undoDelay) { [weak self] in self?.connection?.retry(channel) }
    }

    /// The time that a server may take to undo a subscription.
    private static let undoDelay: Duration = .seconds(1)

    /// Closes the connection.
    package func stop() {
        connection?.stop()
    }

    /// True if the connection is established and every wanted channel was answered.
    package var isSettled: Bool { connection?.isSettled ?? false }

    /// Sends a client event as the gateway; returns false if the channel is not subscribed.
    ///
    /// Channels does not echo it to this connection.
    package func send(clientEvent name: String, data: [UInt8], on channel: String) -> Bool {
        guard hub.channel(channel)?.isLive ?? false else { return false }
        let message = ClientMessage.clientEvent(channel: channel, name: name, data: data)
        return connection?.send(message) ?? false
    }

    private func handle(_ report: UpstreamSession.Report) {
        let now = loop.moment
        receivedDigests?.note(report, at: now.wall)
        if copies != nil, isCopy(report, at: now.steady) { return }
        let report = attributed(report)
        let event = hub.take(
            report, retractions: retractions, sequencePath: sequencePath, memberID: memberID,
            at: now)
        switch report {
        case .event:
            if let event { onEvent?(event, now) }
        case .subscribed(let channel, _): onLog?(.subscribed(channel))
        case .refused(let channel, let status, let message):
            onLog?(.refused(channel, status: status, message: message))
        case .established:
            onConnection?(true)
            onLog?(.established)
        case .lost: onConnection?(false)
        case .waits(let delay, let cause):
            onLog?(.waits(delay, because: cause))
            if case .code(ClosePolicy.overQuota, _) = cause { connectionLimitReached?() }
        case .error(let code, let message):
            guard let others = errorThrottle.passes(code, now: now.steady) else { return }
            onLog?(.error(code: code, message: message, count: others + 1))
        case .clientEventRefused(let code, let message): clientEventRefused?(code, message)
        case .rejectedPermanently(let code, let message):
            rejectedPermanently?(code, message)
        case .memberAdded, .memberRemoved: break
        }
    }
}

extension Upstream {
    /// True if the process before this one has delivered the event.
    private func isCopy(_ report: UpstreamSession.Report, at now: Duration) -> Bool {
        guard let isCopy = copies?.take(report, at: now) else { return false }
        if copies?.isEmpty(at: now) == true { copies = nil }
        return isCopy
    }

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
        case established
        case subscribed(String)
        case refused(String, status: Int, message: String)
        case waits(Duration, because: UpstreamSession.Cause)
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
