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
        case fellBack(Attendee, DelegatePool.Refusal, retryIn: Duration)
        case waits(DelegatePool.ID, Duration, because: UpstreamSession.Cause)
        case error(DelegatePool.ID, code: Int?, message: String)
    }

    /// What happened since the start, for `STATUS`.
    package struct Counters: Equatable, Sendable {
        /// Users who could be no member for a while.
        package var fallbacks: UInt64 = 0
        /// Connections that were begun.
        package var connections: UInt64 = 0
    }

    /// Called with what is worth a log line.
    package var noted: ((Note) -> Void)?
    package private(set) var counters = Counters()

    private let loop: EventLoop
    private let hub: Hub
    private let server: ChannelsServer
    private let signer: Signer
    private let jitter: () -> Double
    private var attendance = Attendance()
    private(set) var pool = DelegatePool()
    private var userInfos: [Attendee: [UInt8]] = [:]
    private var connections: [DelegatePool.ID: UpstreamConnection] = [:]
    private var timer: TimerToken?
    private var timerDeadline: Duration?
    private var isStopped = false

    /// Builds one that has nobody to delegate yet; `jitter` gives random numbers in 0..<1.
    package init(
        loop: EventLoop, hub: Hub, server: ChannelsServer,
        jitter: @escaping () -> Double = { Double(Random.uint32()) / 4_294_967_296 }
    ) {
        self.loop = loop
        self.hub = hub
        self.server = server
        self.jitter = jitter
        signer = Signer(key: server.key, secret: server.secret)
    }

    deinit {
        if let timer { loop.cancel(timer) }
    }

    // MARK: - Who reads

    /// A reader of a user came; `userInfo` is the application's JSON for the user.
    package func joined(_ channels: [String], as userID: String, userInfo: [UInt8]?) {
        for channel in channels where Self.hasMembers(channel) {
            let attendee = Attendee(channel, userID)
            if attendance.joined(attendee, now: loop.now) { came(attendee, userInfo) }
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
            if attendance.polled(attendee, now: loop.now) { came(attendee, userInfo) }
        }
        arm()
    }

    /// Leaves all channels and takes nobody any more.
    package func stop() {
        isStopped = true
        for connection in connections.values { connection.stop() }
        connections = [:]
    }

    private static func hasMembers(_ channel: String) -> Bool { channel.hasPrefix("presence-") }

    private func came(_ attendee: Attendee, _ userInfo: [UInt8]?) {
        userInfos[attendee] = userInfo
        perform(pool.wanted(attendee, now: loop.now))
    }

    // MARK: - Sending

    /// The connection on which a user is a member now.
    func liveConnection(of attendee: Attendee) -> DelegatePool.ID? {
        pool.liveConnection(of: attendee)
    }

    /// Sends a message on one of the connections; answers false where it does not stand.
    func send(_ message: ClientMessage, on id: DelegatePool.ID) -> Bool {
        connections[id]?.send(message) ?? false
    }

    // MARK: - How it stands

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
        case .established: pool.established(id)
        case .subscribed(let channel, _):
            perform(pool.subscribed(id, channel: channel, now: now))
        case .refused(let channel, let status, let message):
            perform(pool.refused(id, channel: channel, status: status, message: message, now: now))
        case .lost: perform(pool.lost(id, now: now))
        case .waits(let delay, let cause):
            noted?(.waits(id, delay, because: cause))
            if case .code(let code, let words) = cause, (4100..<4200).contains(code) {
                perform(pool.turnedAway(id, code: code, message: words, now: now))
            }
        case .refusedForGood(let code, let message):
            perform(pool.refusedForGood(id, code: code, message: message, now: now))
        case .error(let code, let message): noted?(.error(id, code: code, message: message))
        case .event, .memberAdded, .memberRemoved: return
        }
        arm()
    }

    // MARK: - What the pool wants

    private func perform(_ actions: [DelegatePool.Action]) {
        guard !isStopped else { return }
        for action in actions {
            switch action {
            case .open(let id): open(id)
            case .close(let id): connections.removeValue(forKey: id)?.stop()
            case .subscribe(let id, let attendee): connections[id]?.want(attendee.channel)
            case .unsubscribe(let id, let channel): connections[id]?.drop(channel)
            case .expect(let attendee):
                hub.delegates(attendee.channel, userID: attendee.userID, at: moment)
            case .release(let attendee):
                hub.delegatesNoLonger(attendee.channel, userID: attendee.userID, at: moment)
            case .fellBack(let attendee, let refusal, let delay):
                counters.fallbacks += 1
                noted?(.fellBack(attendee, refusal, retryIn: delay))
            }
        }
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
            userID: userID, userInfo: userInfos[Attendee(channel, userID)])
        return signer.subscription(channel: channel, socketID: socketID, member: member)
    }

    private func arm() {
        let deadlines = [attendance.deadline, pool.deadline].compactMap { $0 }
        let deadline = deadlines.min()
        // A later deadline needs no new timer: the old one looks again when it fires.
        if let timerDeadline, let deadline, deadline >= timerDeadline { return }
        if let timer { loop.cancel(timer) }
        timer = nil
        timerDeadline = deadline
        guard let deadline, !isStopped else { return }
        timer = loop.after(max(.zero, deadline - loop.now)) { [weak self] in self?.timePassed() }
    }

    private func timePassed() {
        timer = nil
        timerDeadline = nil
        for attendee in attendance.timePassed(now: loop.now) {
            userInfos[attendee] = nil
            perform(pool.unwanted(attendee, now: loop.now))
        }
        perform(pool.timePassed(now: loop.now))
        arm()
    }

    private var moment: Moment {
        Moment(steady: loop.now, wall: WallTime(milliseconds: loop.wallMilliseconds))
    }
}
