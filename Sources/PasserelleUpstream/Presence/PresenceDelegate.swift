// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Makes the gateway's users members of their channels: executes the decisions of `PresenceTracker`
/// and `DelegatePool`.
///
/// Events received on its connections are ignored; the observer receives the same events.
package final class PresenceDelegate {
    /// A log entry.
    package enum Note {
        /// The first refusal of its kind; later ones are not reported.
        case fellBack(ChannelUser, DelegatePool.Refusal, retryIn: Duration)
        /// No user is refused for that reason any longer.
        case fallbackEnded(Fallbacks.Ended)
        /// A connection is lost or could not be made; reported once until it is established.
        case away(DelegatePool.ID, Duration, because: UpstreamSession.Cause)
        /// An error that does not end the connection: `count` with its code since the last note.
        case error(DelegatePool.ID, code: Int?, message: String, count: UInt64)
    }

    /// Called with log entries.
    package var onLog: ((Note) -> Void)?
    /// Refusals since the start after which a user was only observed for a while.
    package private(set) var fallbackCount: UInt64 = 0
    /// The users that Channels refuses, and the reasons.
    package private(set) var fallbacks = Fallbacks()
    /// Called with a channel on which Channels refuses a member.
    package var membershipRefused: ((_ channel: String) -> Void)?
    /// Called when memberships may have changed.
    var changed: (() -> Void)?
    /// Called when Channels refuses a client event sent for a user.
    var clientEventRefused: ((_ code: Int?, _ message: String) -> Void)?
    /// Called with a connection that is lost, temporarily or permanently.
    var lost: ((DelegatePool.ID) -> Void)?

    private let loop: EventLoop
    private let hub: Hub
    private let server: ChannelsServer
    private let signer: Signer
    private let jitter: () -> Double
    private var tracker = PresenceTracker()
    package private(set) var pool = DelegatePool()
    private var errorThrottle = LogThrottle<Int?>()
    /// Connections that are lost and were reported.
    private var away: Set<DelegatePool.ID> = []
    private var connections: [DelegatePool.ID: UpstreamConnection] = [:]
    /// Messages received on connections that are closed.
    private var earlierMessages: UInt64 = 0
    private lazy var alarm = Alarm(loop) { [weak self] in self?.timePassed() }
    private var isStopped = false

    /// Creates a delegate without users; `jitter` returns random numbers in 0..<1.
    package init(
        loop: EventLoop, hub: Hub, server: ChannelsServer,
        jitter: @escaping () -> Double = Random.fraction
    ) {
        self.loop = loop
        self.hub = hub
        self.server = server
        self.jitter = jitter
        signer = Signer(key: server.key, secret: server.secret)
    }

    // MARK: - Readers

    /// Records that a user's reader joined; `userInfo` is the application's JSON for the user.
    package func joined(_ channels: [String], as userID: String, userInfo: [UInt8]?) {
        want(channels, userID) { tracker.joined($0, userInfo: userInfo, now: loop.now) }
    }

    /// Records that a user's reader left.
    package func left(_ channels: [String], as userID: String) {
        for channel in channels where Self.hasMembers(channel) {
            tracker.left(ChannelUser(channel, userID), now: loop.now)
        }
        arm()
    }

    /// Records that a user's poll began or was answered.
    package func polled(_ channels: [String], as userID: String, userInfo: [UInt8]?) {
        want(channels, userID) { tracker.polled($0, userInfo: userInfo, now: loop.now) }
    }

    /// Delegates the user's memberships for which `isNew` returns true.
    private func want(_ channels: [String], _ userID: String, _ isNew: (ChannelUser) -> Bool) {
        for channel in channels where Self.hasMembers(channel) {
            let user = ChannelUser(channel, userID)
            if isNew(user) { perform(pool.wanted(user, now: loop.now)) }
        }
        arm()
    }

    /// Ends the membership of a user that was revoked on a channel, or on all channels, at once.
    package func revoked(_ userID: String, on channel: String?) {
        for user in tracker.revoked(userID, on: channel) {
            perform(pool.unwanted(user, now: loop.now))
            clearRefusal(user)
        }
        arm()
        changed?()
    }

    /// Gives up one connection for the gateway's own, without which no reader receives events.
    package func giveUpConnection() {
        guard !isStopped else { return }
        perform(pool.gaveUpConnection(now: loop.now))
        arm()
        changed?()
    }

    /// Closes all connections and accepts no further users.
    package func stop() {
        isStopped = true
        for connection in connections.values { connection.stop() }
        connections = [:]
    }

    private static func hasMembers(_ channel: String) -> Bool {
        channel.utf8.starts(with: "presence-".utf8)
    }

    // MARK: - Sending

    /// Returns the state of a user's delegated membership.
    func membership(of user: ChannelUser) -> DelegatePool.Membership {
        pool.membership(of: user)
    }

    /// Sends a message on one of the connections; returns false if it is not established.
    func send(_ message: ClientMessage, on id: DelegatePool.ID) -> Bool {
        connections[id]?.send(message) ?? false
    }

    // MARK: - State

    /// The users that are present, for a hand-over.
    package var handedOverUsers: [PresenceTracker.HandedOver] {
        tracker.handedOver(now: loop.now)
    }

    /// Delegates the membership of a user of another process, with readers that follow.
    package func takeOver(_ handed: PresenceTracker.HandedOver) {
        want([handed.user.channel], handed.user.userID) { _ in
            tracker.takeOver(handed, now: loop.now)
        }
    }

    /// True if each present user is a member, or refused for now.
    package var isSettled: Bool {
        handedOverUsers.allSatisfy { pool.membership(of: $0.user) != .pending }
    }

    /// Returns true if the user reads the channel here, or did within the grace period, even if
    /// Channels refuses the user as a member.
    package func contains(_ user: ChannelUser) -> Bool { tracker.contains(user) }

    /// Messages received on all connections since the start.
    package var messageCount: UInt64 {
        connections.values.reduce(earlierMessages) { $0 &+ $1.status.messages }
    }

    // MARK: - Reports of the connections

    private func handle(_ report: UpstreamSession.Report, by id: DelegatePool.ID) {
        guard !isStopped else { return }
        let now = loop.now
        switch report {
        case .established:
            away.remove(id)
            pool.established(id)
        case .subscribed(let channel, _):
            let user = pool.occupant(of: channel, on: id).map { ChannelUser(channel, $0) }
            perform(pool.subscribed(id, channel: channel, now: now))
            if let user, pool.liveConnection(of: user) != nil { clearRefusal(user) }
        case .refused(let channel, let status, let message):
            perform(pool.refused(id, channel: channel, status: status, message: message, now: now))
            membershipRefused?(channel)
        case .lost:
            lost?(id)
            perform(pool.lost(id, now: now))
        case .waits(let delay, let cause):
            if away.insert(id).inserted { onLog?(.away(id, delay, because: cause)) }
            if case .code(let code, let words) = cause, (4100..<4200).contains(code) {
                perform(pool.refusedTemporarily(id, code: code, message: words, now: now))
            }
        case .rejectedPermanently(let code, let message):
            perform(pool.rejectedPermanently(id, code: code, message: message, now: now))
        case .error(let code, let message):
            guard let others = errorThrottle.passes(code, now: now) else { return }
            onLog?(.error(id, code: code, message: message, count: others + 1))
        case .clientEventRefused(let code, let message): clientEventRefused?(code, message)
        case .event, .memberAdded, .memberRemoved: return
        }
        arm()
        changed?()
    }

    // MARK: - Actions of the pool

    private func perform(_ actions: [DelegatePool.Action]) {
        guard !isStopped else { return }
        for action in actions {
            switch action {
            case .open(let id): open(id)
            case .close(let id):
                let closed = connections.removeValue(forKey: id)
                earlierMessages &+= closed?.status.messages ?? 0
                closed?.stop()
                away.remove(id)
                lost?(id)
            case .subscribe(let id, let user): connections[id]?.want(user.channel)
            case .unsubscribe(let id, let channel): connections[id]?.drop(channel)
            case .expect(let user):
                hub.beginDelegation(user.channel, userID: user.userID, at: loop.moment)
            case .release(let user):
                hub.endDelegation(user.channel, userID: user.userID, at: loop.moment)
            case .fellBack(let user, let refusal, let delay):
                fellBack(user, refusal, delay)
            }
        }
    }

    private func fellBack(
        _ user: ChannelUser, _ refusal: DelegatePool.Refusal, _ delay: Duration
    ) {
        fallbackCount += 1
        let (isFirstFallback, ended) = fallbacks.fellBack(user, refusal)
        if isFirstFallback { onLog?(.fellBack(user, refusal, retryIn: delay)) }
        if let ended { onLog?(.fallbackEnded(ended)) }
    }

    /// Ends the refusal of a user that is a member now, or is no longer wanted.
    private func clearRefusal(_ user: ChannelUser) {
        if let ended = fallbacks.clearRefusal(user) { onLog?(.fallbackEnded(ended)) }
    }

    private func open(_ id: DelegatePool.ID) {
        let connection = UpstreamConnection(
            loop: loop, server: server, jitter: jitter,
            sign: { [weak self] in self?.subscription(to: $0, on: id, socketID: $1) },
            onReport: { [weak self] in self?.handle($0, by: id) })
        connections[id] = connection
        connection.start()
    }

    private func subscription(
        to channel: String, on id: DelegatePool.ID, socketID: String
    ) -> ClientMessage? {
        guard let userID = pool.occupant(of: channel, on: id) else { return nil }
        let member = ChannelMember(
            userID: userID, userInfo: tracker.userInfo(of: ChannelUser(channel, userID)))
        return signer.subscription(channel: channel, socketID: socketID, member: member)
    }

    private func arm() {
        let deadlines = isStopped ? [] : [tracker.deadline, pool.deadline]
        alarm.set(deadlines.compactMap(\.self).min())
    }

    private func timePassed() {
        for user in tracker.timePassed(now: loop.now) {
            perform(pool.unwanted(user, now: loop.now))
            clearRefusal(user)
        }
        perform(pool.timePassed(now: loop.now))
        arm()
        changed?()
    }
}
