// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire

@testable import PasserelleUpstream

/// A gateway without sockets, a Channels server, and users who come, go and are cut off at random.
///
/// Everything that decides is the real thing: sessions, pool, attendance, client events and hub.
/// Messages travel in order on each connection, and in any order between connections.
struct PresenceWorld {
    static let channels = ["presence-a", "presence-b", "presence-c"]
    static let localUsers = (1...9).map { "u\($0)" }
    static let remoteUsers = ["u1", "u2", "w1", "w2"]
    static let observer = 0
    /// How long a message may be under way.
    static let longestTravel: Duration = .seconds(2)
    /// How often the world looks at what there is to do.
    static let tick: Duration = .milliseconds(500)

    /// What travels from a client to the server.
    enum Request {
        case subscribe(channel: String, userID: String)
        case unsubscribe(channel: String)
        case event(channel: String, number: Int)
        case ping
    }

    /// The gateway's end of a connection.
    struct Line {
        var session: UpstreamSession
        /// The server's number for the attempt that is under way.
        var serverID: Int?
        var toServer: [(sent: Duration, request: Request)] = []
        var toClient: [(sent: Duration, message: ServerMessage)] = []
    }

    var random: SeededRandom
    var now = Duration.seconds(1)
    let hub: Hub
    var pool = DelegatePool()
    var attendance = Attendance()
    var lines: [Int: Line] = [:]
    var server = PresenceServer()
    var listeners: [PresenceListener] = []
    /// Until when a user is present without a reader.
    var grace: [Attendee: Duration] = [:]
    /// Since when something is not as it is to be, and until when a connection is excused.
    var overdue = Overdue()
    var remotes: [(id: Int, channel: String, userID: String)] = []
    var fallbacks = Fallbacks()
    /// Refusals that were worth a log line.
    var notes: [String] = []
    var planner = ClientEventPlanner()
    var sent: [Sent] = []
    /// When each event that waits began to.
    var waiting: [Int: Duration] = [:]
    var nextTicket = 0
    /// When events left, by the server's number of the connection.
    var departures: [Int: [Duration]] = [:]
    /// The last state of each user that went out, and when.
    var states: [Attendee: (text: String, at: Duration)] = [:]
    var coverage = PresenceCoverage()
    let mutation: PresenceMutation?
    /// How often a mutation had its chance.
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
        // Every other world has few members, the others few connections.
        let isRoomy = seed.isMultiple(of: 2)
        server.memberLimit = isRoomy ? 6 : 8
        server.connectionLimit = isRoomy ? 20 : Int.random(in: 3...7, using: &random)
        open(Self.observer)
        settleHub()
    }

    var moment: Moment { Moment(steady: now, wall: WallTime(milliseconds: 0)) }

    // MARK: - What happens at random

    mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: join(anybody(Self.localUsers))
        case 20..<34: leave()
        case 34..<42: poll()
        case 42..<48: remoteComes()
        case 48..<54: remoteGoes()
        case 54..<57: cutOff()
        case 57..<72: say(times: 1)
        case 72..<74: say(times: 12)
        default: break
        }
        let jump = Int.random(in: 0..<40, using: &random) == 0
        pass(.milliseconds(Int.random(in: 0..<(jump ? 20_000 : 300), using: &random)))
    }

    mutating func join(_ attendee: Attendee) {
        let listener = PresenceListener(hub, attendee.userID, attendee.channel)
        listener.now = now
        hub.attach(
            listener, to: [attendee.channel], from: .now, wantsSnapshot: true,
            as: attendee.userID, at: moment)
        listener.read()
        listeners.append(listener)
        if attendance.joined(attendee, now: now) { perform(pool.wanted(attendee, now: now)) }
    }

    private mutating func leave() {
        if let index = listeners.indices.randomElement(using: &random) { leave(index) }
    }

    mutating func leave(_ index: Int) {
        let listener = listeners.remove(at: index)
        judge(listener)
        hub.detach(listener, at: moment)
        let attendee = Attendee(listener.channel, listener.userID)
        attendance.left(attendee, now: now)
        grace[attendee] = max(grace[attendee] ?? .zero, now + .seconds(10))
    }

    private mutating func poll() {
        let attendee = anybody(Self.localUsers)
        if attendance.polled(attendee, now: now) { perform(pool.wanted(attendee, now: now)) }
        grace[attendee] = max(grace[attendee] ?? .zero, now + .seconds(60))
    }

    private mutating func remoteComes() {
        let attendee = anybody(Self.remoteUsers)
        let id = server.open()
        if server.subscribe(id, attendee.channel, attendee.userID) {
            remotes.append((id, attendee.channel, attendee.userID))
        }
        takeFromServer()
    }

    private mutating func remoteGoes() {
        guard let index = remotes.indices.randomElement(using: &random) else { return }
        server.close(remotes.remove(at: index).id)
        takeFromServer()
    }

    /// A connection is cut: either side notices when it does.
    private mutating func cutOff() {
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

    mutating func anybody(_ users: [String]) -> Attendee {
        Attendee(
            Self.channels.randomElement(using: &random) ?? "",
            users.randomElement(using: &random) ?? "")
    }

    // MARK: - Time

    /// Lets time pass, and some of what is under way arrive.
    ///
    /// Where `skips` is true, moments in which nothing can happen are left out.
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

    /// When something happens next by itself.
    private var nextHappening: Duration {
        guard lines.values.allSatisfy({ $0.toServer.isEmpty && $0.toClient.isEmpty }) else {
            return now
        }
        let deadlines = [attendance.deadline, pool.deadline, planner.deadline].compactMap { $0 }
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
        for attendee in attendance.timePassed(now: now - late) {
            perform(pool.unwanted(attendee, now: now))
            _ = fallbacks.settled(attendee)
        }
        perform(pool.timePassed(now: now))
        guard now >= nextHub else { return }
        nextHub = now + .seconds(1)
        hub.expire(at: moment)
        tellNews()
    }
}
