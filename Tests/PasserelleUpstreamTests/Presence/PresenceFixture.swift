// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire

@testable import PasserelleUpstream

/// A gateway without sockets, a Channels server, and users that join, leave and are disconnected at
/// random.
///
/// Sessions, pool, tracker, client events and hub are the production code. Messages arrive in order
/// on each connection, and in any order between connections.
struct PresenceFixture {
    static let channels = ["presence-a", "presence-b", "presence-c"]
    static let localUsers = (1...9).map { "u\($0)" }
    static let remoteUsers = ["u1", "u2", "w1", "w2"]
    static let observer = 0
    /// The longest time that a message is in flight.
    static let longestTravel: Duration = .seconds(2)
    /// The interval at which the simulation advances.
    static let tick: Duration = .milliseconds(500)

    /// A message from a client to the server.
    enum Request {
        case subscribe(channel: String, userID: String)
        case unsubscribe(channel: String)
        case event(channel: String, number: Int)
        case ping
    }

    /// The gateway's end of a connection.
    struct Line {
        var session: UpstreamSession
        /// The server's number of the current connection.
        var serverID: Int?
        var toServer: [(sent: Duration, request: Request)] = []
        var toClient: [(sent: Duration, message: ServerMessage)] = []
    }

    var random: SeededRandom
    var now = Duration.seconds(1)
    let hub: Hub
    var pool = DelegatePool()
    var tracker = PresenceTracker()
    var lines: [Int: Line] = [:]
    var server = PresenceServer()
    var listeners: [PresenceListener] = []
    /// The time until which a user is present without a reader.
    var grace: [ChannelUser: Duration] = [:]
    /// The start of each temporary deviation, and the excused connections.
    var overdue = Overdue()
    var remotes: [(id: Int, channel: String, userID: String)] = []
    var fallbacks = Fallbacks()
    /// The refusals that would be logged.
    var notes: [String] = []
    var planner = ClientEventPlanner()
    var sent: [Sent] = []
    /// The time at which each waiting event arrived, by ticket.
    var waiting: [Int: Duration] = [:]
    var nextTicket = 0
    /// The times at which events were sent, by the server's number of the connection.
    var departures: [Int: [Duration]] = [:]
    /// The last state that each user sent, with its time.
    var states: [ChannelUser: (text: String, at: Duration)] = [:]
    var coverage = PresenceCoverage()
    let mutation: PresenceMutation?
    /// The number of opportunities for the mutation.
    var chances = 0
    var faults: [String] = []
    var nextHub = Duration.zero

    init(seed: UInt64, mutation: PresenceMutation? = nil) {
        self.mutation = mutation
        random = SeededRandom(seed: seed)
        var configuration = HubConfiguration()
        configuration.pinned = Self.channels
        hub = Hub(
            epoch: 7, configuration: configuration,
            at: Moment(steady: .zero, wall: WallTime(milliseconds: 0)))
        // Half of the seeds limit the members, the others the connections.
        let isRoomy = seed.isMultiple(of: 2)
        server.memberLimit = isRoomy ? 6 : 8
        server.connectionLimit = isRoomy ? 20 : Int.random(in: 3...7, using: &random)
        open(Self.observer)
        settleHub()
    }

    var moment: Moment { Moment(steady: now, wall: WallTime(milliseconds: 0)) }

    // MARK: - Random actions

    mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: join(randomUser(Self.localUsers))
        case 20..<34: leave()
        case 34..<42: poll()
        case 42..<48: remoteJoins()
        case 48..<54: remoteLeaves()
        case 54..<57: cutConnection()
        case 57..<72: send(times: 1)
        case 72..<74: send(times: 12)
        default: break
        }
        let jump = Int.random(in: 0..<40, using: &random) == 0
        pass(.milliseconds(Int.random(in: 0..<(jump ? 20_000 : 300), using: &random)))
    }

    mutating func join(_ user: ChannelUser) {
        let listener = PresenceListener(hub, user.userID, user.channel)
        listener.now = now
        hub.attach(
            listener, to: [user.channel], from: .now, wantsSnapshot: true,
            as: user.userID, at: moment)
        listener.read()
        listeners.append(listener)
        if tracker.joined(user, now: now) { perform(pool.wanted(user, now: now)) }
    }

    private mutating func leave() {
        if let index = listeners.indices.randomElement(using: &random) { leave(index) }
    }

    mutating func leave(_ index: Int) {
        let listener = listeners.remove(at: index)
        judge(listener)
        hub.detach(listener, at: moment)
        let user = ChannelUser(listener.channel, listener.userID)
        tracker.left(user, now: now)
        grace[user] = max(grace[user] ?? .zero, now + .seconds(10))
    }

    private mutating func poll() {
        let user = randomUser(Self.localUsers)
        if tracker.polled(user, now: now) { perform(pool.wanted(user, now: now)) }
        grace[user] = max(grace[user] ?? .zero, now + .seconds(60))
    }

    private mutating func remoteJoins() {
        let user = randomUser(Self.remoteUsers)
        let id = server.open()
        if server.subscribe(id, user.channel, user.userID) {
            remotes.append((id, user.channel, user.userID))
        }
        takeFromServer()
    }

    private mutating func remoteLeaves() {
        guard let index = remotes.indices.randomElement(using: &random) else { return }
        server.close(remotes.remove(at: index).id)
        takeFromServer()
    }

    /// Cuts a connection; each side notices in its own time.
    private mutating func cutConnection() {
        guard let id = lines.keys.sorted().randomElement(using: &random) else { return }
        if let serverID = lines[id]?.serverID {
            coverage.cuts += 1
            dropRequests(of: id)
            if Bool.random(using: &random) {
                server.close(serverID)
            } else {
                server.ghosts.append((serverID, now + .seconds(2)))
            }
            takeFromServer()
        }
        lines[id]?.serverID = nil
        lines[id]?.toClient = []
        act(id) { $0.linkEnded(code: nil, words: "cut", now: $1) }
    }

    mutating func randomUser(_ users: [String]) -> ChannelUser {
        ChannelUser(
            Self.channels.randomElement(using: &random) ?? "",
            users.randomElement(using: &random) ?? "")
    }

    // MARK: - Time

    /// Advances the time and delivers some of the messages in flight.
    ///
    /// If `skips` is true, moments without a possible event are skipped.
    mutating func pass(_ duration: Duration, skips: Bool = false) {
        let end = now + duration
        while now < end {
            if skips { now = min(end, max(now, nextHappening - Self.tick)) }
            now = min(end, now + Self.tick)
            deliver()
            fireTimers()
            settleEvents()
            check()
        }
    }

    /// The time of the next event that occurs by itself.
    private var nextHappening: Duration {
        guard lines.values.allSatisfy({ $0.toServer.isEmpty && $0.toClient.isEmpty }) else {
            return now
        }
        let deadlines = [tracker.deadline, pool.deadline, planner.deadline].compactMap { $0 }
        let sessions = lines.values.compactMap(\.session.deadline)
        return (deadlines + sessions + server.ghosts.map(\.until)).min() ?? .seconds(1_000_000)
    }

    private mutating func deliver() {
        server.forgetGhosts(now: now)
        takeFromServer()
        for id in lines.keys.sorted() {
            while let line = lines[id] {
                if let first = line.toServer.first,
                    now - first.sent >= Self.longestTravel || Bool.random(using: &random)
                {
                    lines[id]?.toServer.removeFirst()
                    serve(first.request, of: id)
                } else if let first = line.toClient.first,
                    now - first.sent >= Self.longestTravel || Bool.random(using: &random)
                {
                    lines[id]?.toClient.removeFirst()
                    act(id) { $0.received(first.message, now: $1) }
                } else {
                    break
                }
            }
        }
    }

    private mutating func fireTimers() {
        for id in lines.keys.sorted() {
            guard let deadline = lines[id]?.session.deadline, deadline <= now else { continue }
            act(id) { $0.timePassed(now: $1) }
        }
        let late: Duration = mutation == .leaveLate ? .seconds(5) : .zero
        for user in tracker.timePassed(now: now - late) {
            perform(pool.unwanted(user, now: now))
            _ = fallbacks.clearRefusal(user)
        }
        perform(pool.timePassed(now: now))
        guard now >= nextHub else { return }
        nextHub = now + .seconds(1)
        hub.expire(at: moment)
        deliverUpdates()
    }
}
