// SPDX-License-Identifier: MIT

package import PasserelleNet
package import PasserelleWire

/// The state machine of one connection to Channels.
///
/// It decides when to connect, which channels to subscribe, when silence counts as a loss, and how
/// to continue after each kind of end.
///
/// It receives each event with its time and returns the actions to perform, in order. It holds no
/// socket and no clock. The cost of a message does not depend on the number of channels.
package struct UpstreamSession {
    /// An action for `UpstreamConnection` to perform.
    package enum Action: Equatable {
        /// Open a link and its WebSocket.
        case connect
        /// Send a message.
        case send(ClientMessage)
        /// Sign and send a subscription for the connection's socket id.
        case subscribe(channel: String, socketID: String)
        /// Close the WebSocket with a code and release the link, which then reports no end.
        case endLink(code: UInt16)
        /// Deliver a report.
        case deliver(Report)
    }

    /// The time limit of the handshake, from the start of the connection attempt.
    package static let handshakeTimeout: Duration = .seconds(20)
    /// The longest silence before a ping, whichever timeout the server offers.
    package static let longestActivityTimeout: Duration = .seconds(120)
    /// The time limit of a pong.
    package static let pongTimeout: Duration = .seconds(30)
    /// A connection that lasted at least this long resets the failure counters when it ends.
    package static let stableConnectionAge: Duration = .seconds(5)
    /// The longest delay before the next attempt; the delay is random and at least `leastDelay`, so
    /// that the clients of a restarted server do not reconnect together.
    package static let backoff = Backoff(first: .seconds(2), longest: .seconds(60))
    /// The shortest delay before an attempt that is not immediate.
    package static let leastDelay: Duration = .seconds(1)
    /// The number of pings whose pong is awaited; some servers send none, so others are forgotten.
    package static let pingLimit = 16
    /// The number of consecutive reconnects without a delay.
    package static let immediateReconnects = 3
    /// The period after a client event in which an unspecific error counts as its refusal.
    package static let clientEventErrorWindow: Duration = .seconds(5)

    private enum State {
        case idle
        case handshaking(since: Duration)
        case established(Established)
        case waiting(until: Duration)
        case stopped
    }

    private struct Established {
        let socketID: String
        let since: Duration
        let activityTimeout: Duration
        var receivedAt: Duration
        var pingedAt: Duration?
        /// When the pings without a pong were sent, at most `pingLimit`.
        var pings: [Duration] = []

        /// The time at which to send a ping or, after a ping, to end the connection.
        var idleDeadline: Duration {
            pingedAt.map { $0 + UpstreamSession.pongTimeout } ?? receivedAt + activityTimeout
        }
    }

    private var state = State.idle
    private var subscriptions = SubscriptionSet()
    /// Consecutive ends that were followed by a delay.
    private var failures = 0
    /// Consecutive ends that were followed by an immediate reconnect.
    private var consecutiveImmediateReconnects = 0
    /// Frames without a message on this connection.
    private var emptyFrames = EmptyFrames()
    /// The time of the newest client event sent on this connection.
    private var clientEventAt: Duration?
    private let jitter: () -> Double
    private let retriesOverQuota: Bool
    private let stagger: Duration
    private var wasEstablished = false

    /// Creates a session that is not started; `jitter` returns random numbers in 0..<1.
    ///
    /// `stagger` is added to each delay, so that two connections do not reconnect together.
    ///
    /// If `retriesOverQuota` is set and the connection was established before, the session retries
    /// when the application is over its connection limit (4004): the key is valid, and other
    /// connections may close.
    package init(
        retriesOverQuota: Bool = false, stagger: Duration = .zero, jitter: @escaping () -> Double
    ) {
        self.jitter = jitter
        self.stagger = stagger
        self.retriesOverQuota = retriesOverQuota
    }

    /// The socket id from Channels; `nil` unless the connection is established.
    package var socketID: String? {
        if case .established(let connection) = state { connection.socketID } else { nil }
    }

    /// True once no further attempt will be made.
    package var isStopped: Bool { if case .stopped = state { true } else { false } }

    /// True if the connection is established and every wanted channel is subscribed or refused.
    package var isSettled: Bool { socketID != nil && subscriptions.isSettled }

    /// The time at which `timePassed` must be called; `nil` if no timer runs.
    package var deadline: Duration? {
        switch state {
        case .idle, .stopped: nil
        case .handshaking(let since): since + Self.handshakeTimeout
        case .waiting(let until): until
        case .established(let connection):
            min(connection.idleDeadline, subscriptions.deadline ?? connection.idleDeadline)
        }
    }

    // MARK: - Wanted channels

    /// Starts the session.
    package mutating func started(now: Duration) -> [Action] {
        guard case .idle = state else { return [] }
        state = .handshaking(since: now)
        return [.connect]
    }

    /// Adds a channel to the wanted channels.
    package mutating func wanted(_ channel: String, now: Duration) -> [Action] {
        subscriptions.want(channel)
        return sendSubscriptions(now: now)
    }

    /// Removes a channel from the wanted channels.
    package mutating func unwanted(_ channel: String, now: Duration) -> [Action] {
        let mustSend = subscriptions.drop(channel)
        guard mustSend, socketID != nil else { return [] }
        return [.send(.unsubscribe(channel: channel))]
    }

    /// Retries a refused channel at once, because it may be accepted now.
    package mutating func retry(_ channel: String, now: Duration) -> [Action] {
        subscriptions.retry(channel)
        return sendSubscriptions(now: now)
    }

    // MARK: - Input

    /// Records that bytes of any kind arrived: the peer is alive.
    package mutating func receivedBytes(now: Duration) {
        guard case .established(var connection) = state else { return }
        connection.receivedAt = now
        connection.pingedAt = nil
        state = .established(connection)
    }

    /// Handles a message.
    package mutating func received(_ message: ServerMessage, now: Duration) -> [Action] {
        switch state {
        case .idle, .waiting, .stopped: return []
        case .handshaking: return receivedBeforeHandshake(message, now: now)
        case .established:
            receivedBytes(now: now)
            return receivedAfterHandshake(message, now: now)
        }
    }

    /// Handles a protocol violation, described by `words`: the connection is replaced.
    package mutating func receivedInvalidData(_ words: String, now: Duration) -> [Action] {
        guard isConnected else { return [] }
        return [.endLink(code: 1002)] + ended(.garbage(words), action: .exponential, now: now)
    }

    /// Handles a frame without a message, which is ignored unless there are too many.
    package mutating func receivedEmptyFrame(now: Duration) -> [Action] {
        guard isConnected, !emptyFrames.admits(now: now) else { return [] }
        return receivedInvalidData(
            "more than \(EmptyFrames.limit) frames without a message within \(EmptyFrames.window)",
            now: now)
    }

    /// Records that a client event was sent: a following error may refer to it.
    package mutating func sentClientEvent(now: Duration) {
        clientEventAt = now
    }

    /// Handles the end of the link; `code` is the peer's close code, if any.
    package mutating func linkEnded(
        code: UInt16?, words: String, now: Duration
    ) -> [Action] {
        guard isConnected else { return [] }
        let words = PeerText.line(words)
        let cause = code.map { Cause.code(Int($0), words) } ?? .link(words)
        return ended(cause, action: ClosePolicy.action(code: code), now: now)
    }

    /// Handles the passage of time; call it at `deadline` or later.
    package mutating func timePassed(now: Duration) -> [Action] {
        switch state {
        case .idle, .stopped: return []
        case .waiting(let until):
            guard now >= until else { return [] }
            state = .handshaking(since: now)
            return [.connect]
        case .handshaking(let since):
            guard now - since >= Self.handshakeTimeout else { return [] }
            return [.endLink(code: 1002)]
                + ended(.handshakeTimeout, action: .exponential, now: now)
        case .established(let connection):
            if let pingedAt = connection.pingedAt, now - pingedAt >= Self.pongTimeout {
                return [.endLink(code: 4201)] + ended(.silence, action: .reconnectAtOnce, now: now)
            }
            return pingIfSilent(connection, now: now) + unanswered(now: now)
                + sendSubscriptions(now: now)
        }
    }

    /// Stops the session; no further attempt is made.
    package mutating func stopped() -> [Action] {
        let wasConnected = isConnected
        state = .stopped
        return wasConnected ? [.endLink(code: 1000)] : []
    }

    // MARK: - The handshake

    private var isConnected: Bool {
        switch state {
        case .handshaking, .established: true
        case .idle, .waiting, .stopped: false
        }
    }

    private mutating func receivedBeforeHandshake(
        _ message: ServerMessage, now: Duration
    ) -> [Action] {
        switch message {
        case .connectionEstablished(let socketID, let seconds):
            let offered = seconds.map { Duration.seconds(max(1, min($0, 86_400))) }
            state = .established(
                Established(
                    socketID: socketID, since: now,
                    activityTimeout: min(
                        offered ?? Self.longestActivityTimeout, Self.longestActivityTimeout),
                    receivedAt: now))
            wasEstablished = true
            return [.deliver(.established(socketID: socketID))] + sendSubscriptions(now: now)
        case .error(let code, let text):
            // Handled as a close code at once: some servers close without one, some never close.
            let words = PeerText.line(text)
            return [.endLink(code: 1000)]
                + ended(
                    code.map { .code($0, words) } ?? .error(words),
                    action: ClosePolicy.action(errorCode: code), now: now)
        case .ping: return [.send(.pong)]
        case .pong, .ignored: return []
        default: return receivedInvalidData("a message before the handshake", now: now)
        }
    }

    // MARK: - Messages

    private mutating func receivedAfterHandshake(
        _ message: ServerMessage, now: Duration
    ) -> [Action] {
        switch message {
        case .event(let channel?, let name, let data, let userID):
            return [.deliver(.event(channel: channel, name: name, data: data, userID: userID))]
        case .memberAdded(let channel, let member):
            return [.deliver(.memberAdded(channel: channel, member))]
        case .memberRemoved(let channel, let userID):
            return [.deliver(.memberRemoved(channel: channel, userID: userID))]
        case .ping: return [.send(.pong)]
        case .subscriptionSucceeded(let channel, let members):
            return succeeded(channel, members: members, now: now)
        case .subscriptionError(let channel, let status, let text):
            return refused(channel, status: status, text: text, now: now)
        case .error(let code, let text): return receivedError(code: code, text: text, now: now)
        case .connectionEstablished: return receivedInvalidData("a second handshake", now: now)
        case .subscriptionCount(let channel, let count):
            let data = Array(#"{"subscription_count":\#(count)}"#.utf8)
            return [channelsEvent("pusher:subscription_count", data, on: channel)]
        case .cacheMiss(let channel):
            return [channelsEvent("pusher:cache_miss", Array("{}".utf8), on: channel)]
        case .pong: return receivedPong()
        case .signInSucceeded, .event, .ignored: return []
        }
    }

    private mutating func receivedPong() -> [Action] {
        guard case .established(var connection) = state, let first = connection.pings.first else {
            return []
        }
        connection.pings.removeFirst()
        state = .established(connection)
        return [.deliver(.pong(pingedAt: first))]
    }

    /// Delivers an event of Channels' own about a channel, under the name that clients know.
    private func channelsEvent(_ name: String, _ data: [UInt8], on channel: String) -> Action {
        .deliver(.event(channel: channel, name: name, data: data, userID: nil))
    }

    private mutating func receivedError(code: Int?, text: String, now: Duration) -> [Action] {
        let words = PeerText.line(text)
        // The answer to `unsubscribe` if the server has no such subscription.
        if ErrorTextParser.isNoSubscription(words) { return [] }
        if code == 4301 || ErrorTextParser.isClientEventRefusal(words) {
            return [.deliver(.clientEventRefused(code: code, message: words))]
        }
        let report = Action.deliver(.error(code: code, message: words))
        // These codes concern a watchlist or the connection, not a subscription.
        guard ![4201, 4202, 4302].contains(code) else { return [report] }
        if let channel = subscriptions.channel(blamedBy: words) {
            return [report] + refused(channel, status: code ?? 401, text: words, now: now)
        }
        if subscriptions.isSettled, let clientEventAt,
            now - clientEventAt < Self.clientEventErrorWindow
        {
            self.clientEventAt = nil
            return [.deliver(.clientEventRefused(code: code, message: words))]
        }
        return [report]
    }

    private mutating func succeeded(
        _ channel: String, members: [ChannelMember]?, now: Duration
    ) -> [Action] {
        switch subscriptions.succeeded(channel) {
        case .subscribed:
            return [.deliver(.subscribed(channel: channel, members: members))]
                + sendSubscriptions(now: now)
        case .unsubscribe:
            return [.send(.unsubscribe(channel: channel))] + sendSubscriptions(now: now)
        case .retry: return sendSubscriptions(now: now)
        }
    }

    private mutating func refused(
        _ channel: String, status: Int, text: String, now: Duration
    ) -> [Action] {
        var actions: [Action] = []
        let refusal = subscriptions.refused(channel, now: now)
        // `unsubscribe` precedes the report: the receiver of the report may at once subscribe
        // another user to the channel, and a later `unsubscribe` would undo that subscription.
        if refusal.mustUnsubscribe { actions.append(.send(.unsubscribe(channel: channel))) }
        if refusal.isReported {
            let words = PeerText.line(text)
            actions.append(.deliver(.refused(channel: channel, status: status, message: words)))
        }
        return actions + sendSubscriptions(now: now)
    }

    private mutating func sendSubscriptions(now: Duration) -> [Action] {
        guard let socketID else { return [] }
        return subscriptions.takeSendable(now: now).map {
            .subscribe(channel: $0, socketID: socketID)
        }
    }

    // MARK: - Time

    private mutating func pingIfSilent(_ connection: Established, now: Duration) -> [Action] {
        guard connection.pingedAt == nil, now >= connection.idleDeadline else { return [] }
        return ping(now: now)
    }

    /// Sends a ping, after which silence ends the connection; the pong is reported.
    package mutating func ping(now: Duration) -> [Action] {
        guard case .established(var connection) = state else { return [] }
        connection.pingedAt = connection.pingedAt ?? now
        if connection.pings.count == Self.pingLimit { connection.pings.removeFirst() }
        connection.pings.append(now)
        state = .established(connection)
        return [.send(.ping)]
    }

    /// Ends the connection for a reason of its owner, and reconnects.
    package mutating func replaced(because cause: Cause, now: Duration) -> [Action] {
        guard isConnected else { return [] }
        return [.endLink(code: 4201)] + ended(cause, action: .reconnectAtOnce, now: now)
    }

    private mutating func unanswered(now: Duration) -> [Action] {
        subscriptions.timePassed(now: now).map {
            .deliver(.refused(channel: $0, status: 408, message: "no answer to the subscription"))
        }
    }

    // MARK: - The end

    private mutating func ended(_ cause: Cause, action: CloseAction, now: Duration) -> [Action] {
        var actions: [Action] = []
        if case .established(let connection) = state {
            actions.append(.deliver(.lost))
            if now - connection.since >= Self.stableConnectionAge {
                (failures, consecutiveImmediateReconnects) = (0, 0)
            }
        }
        subscriptions.lost()
        emptyFrames = EmptyFrames()
        clientEventAt = nil
        if action == .stop, case .code(let code, let words) = cause, !mayRetry(code) {
            state = .stopped
            return actions + [.deliver(.rejectedPermanently(code: code, message: words))]
        }
        let delay = nextDelay(after: action)
        state = .waiting(until: now + delay)
        return actions + [.deliver(.waits(delay, because: cause))]
    }

    private func mayRetry(_ code: Int) -> Bool {
        retriesOverQuota && wasEstablished && code == ClosePolicy.overQuota
    }

    private mutating func nextDelay(after action: CloseAction) -> Duration {
        if action == .reconnectAtOnce, consecutiveImmediateReconnects < Self.immediateReconnects {
            consecutiveImmediateReconnects += 1
            return stagger
        }
        failures += 1
        return stagger
            + Self.backoff.delay(failures: failures, from: Self.leastDelay, jitter: jitter())
    }
}
