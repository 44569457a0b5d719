// SPDX-License-Identifier: MIT

package import PasserelleHub
package import PasserelleNet
import PasserelleWire

/// Makes users who read through the gateway members of their channels: the thin shell around
/// `Attendance` and `DelegatePool`.
///
/// What its connections hear is of no interest: the observer hears the same.
package final class Delegation {
    /// What is worth a log line.
    package enum Note {
        /// The first of its kind: others are refused for the same reason without a word.
        case fellBack(Attendee, DelegatePool.Refusal, retryIn: Duration)
        /// Nobody is refused for that reason any more.
        case fallbackEnded(Fallbacks.Ended)
        /// A connection is away, or could not be had: said once until it stands.
        case away(DelegatePool.ID, Duration, because: UpstreamSession.Cause)
        /// An error that ends nothing, and how many there were of its code since the last note.
        case error(DelegatePool.ID, code: Int?, message: String, count: UInt64)
    }

    /// What happened since the start, for `STATUS`.
    package struct Counters: Equatable, Sendable {
        /// Users who could be no member for a while.
        package var fallbacks: UInt64 = 0
        /// Connections that were begun.
        package var connections: UInt64 = 0
        /// Client events that Channels says were too many (4301).
        package var excess: UInt64 = 0
    }

    /// Called with what is worth a log line.
    package var noted: ((Note) -> Void)?
    package private(set) var counters = Counters()
    /// Whom Channels refuses, and why.
    package private(set) var fallbacks = Fallbacks()
    /// Called when something may have changed about who is a member.
    var changed: (() -> Void)?
    /// Called with a connection that is gone for a moment or for good.
    var lost: ((DelegatePool.ID) -> Void)?

    private let loop: EventLoop
    private let hub: Hub
    private let server: ChannelsServer
    private let signer: Signer
    private let jitter: () -> Double
    private var attendance = Attendance()
    private(set) var pool = DelegatePool()
    private var errorPace = NotePace<Int?>()
    /// Connections that are away and were said to be.
    private var away: Set<DelegatePool.ID> = []
    private var connections: [DelegatePool.ID: UpstreamConnection] = [:]
    private lazy var alarm = Alarm(loop) { [weak self] in self?.timePassed() }
    private var isStopped = false

    /// Builds one that has nobody to delegate yet; `jitter` gives random numbers in 0..<1.
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

    // MARK: - Who reads

    /// A reader of a user came; `userInfo` is the application's JSON for the user.
    package func joined(_ channels: [String], as userID: String, userInfo: [UInt8]?) {
        for channel in channels where Self.hasMembers(channel) {
            let attendee = Attendee(channel, userID)
            guard attendance.joined(attendee, userInfo: userInfo, now: loop.now) else { continue }
            perform(pool.wanted(attendee, now: loop.now))
        }
        arm()
    }

    /// A reader of a user left.
    package func left(_ channels: [String], as userID: String) {
        for channel in channels where Self.hasMembers(channel) {
            attendance.left(Attendee(channel, userID), now: loop.now)
        }
        arm()
    }

    /// A user polled, or was answered.
    package func polled(_ channels: [String], as userID: String, userInfo: [UInt8]?) {
        for channel in channels where Self.hasMembers(channel) {
            let attendee = Attendee(channel, userID)
            guard attendance.polled(attendee, userInfo: userInfo, now: loop.now) else { continue }
            perform(pool.wanted(attendee, now: loop.now))
        }
        arm()
    }

    /// Gives up a connection, so that the gateway's own finds room: without that one nobody hears.
    package func giveWay() {
        guard !isStopped else { return }
        perform(pool.gaveWay(now: loop.now))
        arm()
        changed?()
    }

    /// Leaves all channels and takes nobody any more.
    package func stop() {
        isStopped = true
        for connection in connections.values { connection.stop() }
        connections = [:]
    }

    private static func hasMembers(_ channel: String) -> Bool { channel.hasPrefix("presence-") }

    // MARK: - Sending

    /// What a user is on a channel by our doing.
    func standing(of attendee: Attendee) -> DelegatePool.Standing {
        pool.standing(of: attendee)
    }

    /// Sends a message on one of the connections; answers false where it does not stand.
    func send(_ message: ClientMessage, on id: DelegatePool.ID) -> Bool {
        connections[id]?.send(message) ?? false
    }

    // MARK: - How it stands

    /// Says whether a user reads the channel here, or did within the grace period: also one who
    /// can be no member for now.
    package func contains(_ attendee: Attendee) -> Bool { attendance.contains(attendee) }

    /// Connections that are open or being opened.
    package var connectionCount: Int { pool.connectionCount }
    /// Users who are to be members, each channel counted.
    package var delegatedCount: Int { pool.delegatedCount }
    /// Users who are only observed, since Channels refuses them.
    package var observedCount: Int { pool.observedCount }

    // MARK: - What the connections tell

    private func told(_ report: UpstreamSession.Report, by id: DelegatePool.ID) {
        guard !isStopped else { return }
        let now = loop.now
        switch report {
        case .established:
            away.remove(id)
            pool.established(id)
        case .subscribed(let channel, _):
            let attendee = pool.occupant(of: channel, on: id).map { Attendee(channel, $0) }
            perform(pool.subscribed(id, channel: channel, now: now))
            if let attendee, pool.liveConnection(of: attendee) != nil { settled(attendee) }
        case .refused(let channel, let status, let message):
            perform(pool.refused(id, channel: channel, status: status, message: message, now: now))
        case .lost:
            lost?(id)
            perform(pool.lost(id, now: now))
        case .waits(let delay, let cause):
            if away.insert(id).inserted { noted?(.away(id, delay, because: cause)) }
            if case .code(let code, let words) = cause, (4100..<4200).contains(code) {
                perform(pool.turnedAway(id, code: code, message: words, now: now))
            }
        case .refusedForGood(let code, let message):
            perform(pool.refusedForGood(id, code: code, message: message, now: now))
        case .error(let code, let message):
            if code == 4301 { counters.excess += 1 }
            guard let others = errorPace.passes(code, now: now) else { return }
            noted?(.error(id, code: code, message: message, count: others + 1))
        case .event, .memberAdded, .memberRemoved: return
        }
        arm()
        changed?()
    }

    // MARK: - What the pool wants

    private func perform(_ actions: [DelegatePool.Action]) {
        guard !isStopped else { return }
        for action in actions {
            switch action {
            case .open(let id): open(id)
            case .close(let id):
                connections.removeValue(forKey: id)?.stop()
                away.remove(id)
                lost?(id)
            case .subscribe(let id, let attendee): connections[id]?.want(attendee.channel)
            case .unsubscribe(let id, let channel): connections[id]?.drop(channel)
            case .expect(let attendee):
                hub.delegates(attendee.channel, userID: attendee.userID, at: moment)
            case .release(let attendee):
                hub.delegatesNoLonger(attendee.channel, userID: attendee.userID, at: moment)
            case .fellBack(let attendee, let refusal, let delay):
                fellBack(attendee, refusal, delay)
            }
        }
    }

    private func fellBack(
        _ attendee: Attendee, _ refusal: DelegatePool.Refusal, _ delay: Duration
    ) {
        counters.fallbacks += 1
        let (isNews, ended) = fallbacks.fellBack(attendee, refusal)
        if isNews { noted?(.fellBack(attendee, refusal, retryIn: delay)) }
        if let ended { noted?(.fallbackEnded(ended)) }
    }

    /// Channels refuses this user no longer, or nobody asks for them.
    private func settled(_ attendee: Attendee) {
        if let ended = fallbacks.settled(attendee) { noted?(.fallbackEnded(ended)) }
    }

    private func open(_ id: DelegatePool.ID) {
        counters.connections += 1
        let connection = UpstreamConnection(
            loop: loop, server: server, jitter: jitter,
            sign: { [weak self] in self?.subscription(to: $0, on: id, socketID: $1) },
            told: { [weak self] in self?.told($0, by: id) })
        connections[id] = connection
        connection.start()
    }

    private func subscription(
        to channel: String, on id: DelegatePool.ID, socketID: String
    ) -> ClientMessage? {
        guard let userID = pool.occupant(of: channel, on: id) else { return nil }
        let member = ChannelMember(
            userID: userID, userInfo: attendance.userInfo(of: Attendee(channel, userID)))
        return signer.subscription(channel: channel, socketID: socketID, member: member)
    }

    private func arm() {
        let deadlines = isStopped ? [] : [attendance.deadline, pool.deadline]
        alarm.set(deadlines.compactMap(\.self).min())
    }

    private func timePassed() {
        for attendee in attendance.timePassed(now: loop.now) {
            perform(pool.unwanted(attendee, now: loop.now))
            settled(attendee)
        }
        perform(pool.timePassed(now: loop.now))
        arm()
        changed?()
    }

    private var moment: Moment {
        Moment(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }
}
