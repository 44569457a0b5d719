// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Decides everything about one connection to Channels: when to connect, what to subscribe, when a
/// silence is a death, and what to do after each kind of end.
///
/// It is told what happened and when, and answers with what to do, in order. It holds no socket.
/// What a message costs does not depend on how many channels there are.
package struct UpstreamSession {
    /// What the shell is to do.
    package enum Action: Equatable {
        /// Open a link and its WebSocket.
        case connect
        /// Send a message.
        case send(ClientMessage)
        /// Sign and send a subscription for the connection's socket id.
        case subscribe(channel: String, socketID: String)
        /// Close the WebSocket with a code and let the link go; no end is reported for it.
        case endLink(code: UInt16)
        /// Tell the hub and the world.
        case tell(Report)
    }

    /// How long the handshake may take once the connection is being made.
    package static let handshakeTimeout: Duration = .seconds(20)
    /// The longest silence before a ping, whatever the server offers.
    package static let longestActivityTimeout: Duration = .seconds(120)
    /// How long a pong may take.
    package static let pongTimeout: Duration = .seconds(30)
    /// A connection that stood for this long was a good one: what follows counts anew.
    package static let steadyAfter: Duration = .seconds(5)
    /// How many reconnects in a row may go without a delay.
    package static let immediateReconnects = 3

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
        var heardAt: Duration
        var pingedAt: Duration?

        /// When the silence is long enough for a ping, or for the end.
        var silenceEnds: Duration {
            pingedAt.map { $0 + UpstreamSession.pongTimeout } ?? heardAt + activityTimeout
        }
    }

    private var state = State.idle
    private var subscriptions = SubscriptionSet()
    /// Ends in a row that had to be waited for.
    private var failures = 0
    /// Ends in a row after which it came back at once.
    private var immediate = 0
    private let jitter: () -> Double
    private let outlastsQuota: Bool
    private var hasStood = false

    /// Builds a session that has not begun; `jitter` gives random numbers in 0..<1.
    ///
    /// With `outlastsQuota`, an application that is over its number of connections (4004) is waited
    /// for where the connection has stood before: its key is good, and others may leave.
    package init(outlastsQuota: Bool = false, jitter: @escaping () -> Double) {
        self.jitter = jitter
        self.outlastsQuota = outlastsQuota
    }

    /// The id that Channels gave this connection, while it stands.
    package var socketID: String? {
        if case .established(let connection) = state { connection.socketID } else { nil }
    }

    /// True once nothing more will be tried.
    package var isStopped: Bool { if case .stopped = state { true } else { false } }

    /// True when the connection stands and every wanted channel is heard or refused.
    package var isSettled: Bool { socketID != nil && subscriptions.isSettled }

    /// When `timePassed` wants to be told; `nil` while nothing is timed.
    package var deadline: Duration? {
        switch state {
        case .idle, .stopped: nil
        case .handshaking(let since): since + Self.handshakeTimeout
        case .waiting(let until): until
        case .established(let connection):
            min(connection.silenceEnds, subscriptions.deadline ?? connection.silenceEnds)
        }
    }

    // MARK: - What is wanted

    /// Begins.
    package mutating func started(now: Duration) -> [Action] {
        guard case .idle = state else { return [] }
        state = .handshaking(since: now)
        return [.connect]
    }

    /// A channel is wanted.
    package mutating func wanted(_ channel: String, now: Duration) -> [Action] {
        subscriptions.want(channel)
        return sendSubscriptions(now: now)
    }

    /// A channel is no longer wanted.
    package mutating func unwanted(_ channel: String, now: Duration) -> [Action] {
        let mustSay = subscriptions.drop(channel)
        guard mustSay, socketID != nil else { return [] }
        return [.send(.unsubscribe(channel: channel))]
    }

    // MARK: - What happened

    /// Bytes came, of whatever kind: the peer lives.
    package mutating func heard(now: Duration) {
        guard case .established(var connection) = state else { return }
        connection.heardAt = now
        connection.pingedAt = nil
        state = .established(connection)
    }

    /// A message came.
    package mutating func received(_ message: ServerMessage, now: Duration) -> [Action] {
        switch state {
        case .idle, .waiting, .stopped: return []
        case .handshaking: return receivedBeforeHandshake(message, now: now)
        case .established:
            heard(now: now)
            return receivedAfterHandshake(message, now: now)
        }
    }

    /// Something came that is not of the protocol, as the words say: the connection is replaced.
    package mutating func garbled(_ words: String, now: Duration) -> [Action] {
        guard isConnected else { return [] }
        return [.endLink(code: 1002)] + ended(.garbage(words), action: .exponential, now: now)
    }

    /// The link ended, with the peer's close code where it gave one.
    package mutating func linkEnded(
        code: UInt16?, words: String, now: Duration
    ) -> [Action] {
        guard isConnected else { return [] }
        let words = PeerText.line(words)
        let cause = code.map { Cause.code(Int($0), words) } ?? .link(words)
        return ended(cause, action: ClosePolicy.action(code: code), now: now)
    }

    /// Time passed: call it at `deadline` or later.
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

    /// The gateway stops: nothing more is tried.
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
                    heardAt: now))
            hasStood = true
            return [.tell(.established(socketID: socketID))] + sendSubscriptions(now: now)
        case .error(let code, let text):
            // Read as a close code at once: some servers close without one, some not at all.
            let words = PeerText.line(text)
            return [.endLink(code: 1000)]
                + ended(
                    code.map { .code($0, words) } ?? .error(words),
                    action: ClosePolicy.action(errorCode: code), now: now)
        case .ping: return [.send(.pong)]
        case .pong, .ignored: return []
        default: return garbled("a message before the handshake", now: now)
        }
    }

    // MARK: - Messages

    private mutating func receivedAfterHandshake(
        _ message: ServerMessage, now: Duration
    ) -> [Action] {
        switch message {
        case .event(let channel?, let name, let data, let userID):
            return [.tell(.event(channel: channel, name: name, data: data, userID: userID))]
        case .memberAdded(let channel, let member):
            return [.tell(.memberAdded(channel: channel, member))]
        case .memberRemoved(let channel, let userID):
            return [.tell(.memberRemoved(channel: channel, userID: userID))]
        case .ping: return [.send(.pong)]
        case .subscriptionSucceeded(let channel, let members):
            return succeeded(channel, members: members, now: now)
        case .subscriptionError(let channel, let status, let text):
            return refused(channel, status: status, text: text, now: now)
        case .error(let code, let text): return erred(code: code, text: text, now: now)
        case .connectionEstablished: return garbled("a second handshake", now: now)
        case .pong, .subscriptionCount, .cacheMiss, .signInSucceeded, .event, .ignored: return []
        }
    }

    private mutating func erred(code: Int?, text: String, now: Duration) -> [Action] {
        let words = PeerText.line(text)
        let told = Action.tell(.error(code: code, message: words))
        // What is said of client events and watchlists is no word on a subscription.
        guard code != 4301, code != 4302, let channel = subscriptions.suspect(in: words) else {
            return [told]
        }
        return [told] + refused(channel, status: code ?? 401, text: words, now: now)
    }

    private mutating func succeeded(
        _ channel: String, members: [ChannelMember]?, now: Duration
    ) -> [Action] {
        switch subscriptions.succeeded(channel) {
        case .heard:
            return [.tell(.subscribed(channel: channel, members: members))]
                + sendSubscriptions(now: now)
        case .unsubscribe:
            return [.send(.unsubscribe(channel: channel))] + sendSubscriptions(now: now)
        }
    }

    private mutating func refused(
        _ channel: String, status: Int, text: String, now: Duration
    ) -> [Action] {
        var actions: [Action] = []
        let refusal = subscriptions.refused(channel, now: now)
        if refusal != .unwanted {
            let words = PeerText.line(text)
            actions.append(.tell(.refused(channel: channel, status: status, message: words)))
        }
        // Who is told so is subscribed, and would be told so again and again.
        if refusal == .toldAndUnsubscribe || ErrorWords.sayExisting(text) {
            actions.append(.send(.unsubscribe(channel: channel)))
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
        guard connection.pingedAt == nil, now >= connection.silenceEnds else { return [] }
        var pinged = connection
        pinged.pingedAt = now
        state = .established(pinged)
        return [.send(.ping)]
    }

    private mutating func unanswered(now: Duration) -> [Action] {
        subscriptions.timePassed(now: now).map {
            .tell(.refused(channel: $0, status: 408, message: "no answer to the subscription"))
        }
    }

    // MARK: - The end

    private mutating func ended(_ cause: Cause, action: CloseAction, now: Duration) -> [Action] {
        var actions: [Action] = []
        if case .established(let connection) = state {
            actions.append(.tell(.lost))
            if now - connection.since >= Self.steadyAfter { (failures, immediate) = (0, 0) }
        }
        subscriptions.lost()
        if action == .stop, case .code(let code, let words) = cause, !mayOutlast(code) {
            state = .stopped
            return actions + [.tell(.refusedForGood(code: code, message: words))]
        }
        let delay = delay(after: action)
        state = .waiting(until: now + delay)
        return actions + [.tell(.waits(delay, because: cause))]
    }

    private func mayOutlast(_ code: Int) -> Bool {
        outlastsQuota && hasStood && code == ClosePolicy.overQuota
    }

    private mutating func delay(after action: CloseAction) -> Duration {
        if action == .reconnectAtOnce, immediate < Self.immediateReconnects {
            immediate += 1
            return .zero
        }
        failures += 1
        return Backoff.delay(failures: failures, jitter: jitter())
    }
}
