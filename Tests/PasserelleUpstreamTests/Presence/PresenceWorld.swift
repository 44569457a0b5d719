// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

@testable import PasserelleUpstream

/// A gateway without sockets, a Channels server, and users who come, go and are cut off at random.
///
/// Everything that decides is the real thing: sessions, pool, attendance and hub. Messages travel
/// in order on each connection, and in any order between connections.
struct PresenceWorld {
    static let channels = ["presence-a", "presence-b", "presence-c"]
    static let localUsers = (1...9).map { "u\($0)" }
    static let remoteUsers = ["u1", "u2", "w1", "w2"]
    static let observer = 0

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

    /// One who reads at the gateway.
    final class Listener: Reader {
        var cursor = Cursor()
        let userID: String
        let channel: String
        let since: Duration
        var heard: [Int: Int] = [:]
        var members: Set<String>?
        var faults: [String] = []
        let hub: Hub
        var now = Duration.zero

        init(_ hub: Hub, _ userID: String, _ channel: String, since: Duration) {
            (self.hub, self.userID, self.channel) = (hub, userID, channel)
            self.since = since
        }

        func newsCame(on channel: Channel) { read() }

        func read() {
            while let entry = hub.next(&cursor, at: now) {
                switch entry {
                case .snapshot(let channel): members = Set(channel.members.list.map(\.userID))
                case .event(let event): take(event.content)
                case .gap, .refusal: break
                }
            }
        }

        private func take(_ content: Event.Content) {
            switch content {
            case .message(_, let data, let sender):
                heard[Int(String(decoding: data, as: UTF8.self)) ?? -1, default: 0] += 1
                if sender == userID { faults.append("\(userID) heard itself") }
            case .memberAdded(let member):
                if members?.insert(member.userID).inserted == false {
                    faults.append("+\(member.userID) twice")
                }
            case .memberRemoved(let userID):
                if members?.remove(userID) == nil { faults.append("-\(userID) twice") }
            case .refused, .gap, .tombstone: break
            }
        }
    }

    /// A client event, and who has to hear it.
    struct Sent {
        let channel: String
        let userID: String
        var isDropped = false
        let listeners: [Listener]
    }

    var random: SeededRandom
    var now = Duration.seconds(1)
    let hub: Hub
    var pool = DelegatePool()
    var attendance = Attendance()
    var lines: [Int: Line] = [:]
    var server = PresenceServer()
    var listeners: [Listener] = []
    /// Until when a user is present without a reader.
    var grace: [Attendee: Duration] = [:]
    var remotes: [(id: Int, channel: String, userID: String)] = []
    var sent: [Sent] = []
    var faults: [String] = []
    var nextHub = Duration.zero

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        var configuration = HubConfiguration()
        configuration.pinned = Self.channels
        hub = Hub(
            epoch: 7, configuration: configuration,
            at: Moment(steady: .zero, wall: WallTime(milliseconds: 0)))
        server.memberLimit = 7
        server.connectionLimit = Int.random(in: 4...12, using: &random)
        open(Self.observer)
        settleHub()
    }

    var moment: Moment { Moment(steady: now, wall: WallTime(milliseconds: 0)) }

    // MARK: - What happens at random

    mutating func step() {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<18: join()
        case 18..<34: leave()
        case 34..<42: poll()
        case 42..<48: remoteComes()
        case 48..<54: remoteGoes()
        case 54..<57: cutOff()
        case 57..<70: say()
        default: break
        }
        let jump = Int.random(in: 0..<40, using: &random) == 0
        pass(.milliseconds(Int.random(in: 0..<(jump ? 20_000 : 300), using: &random)))
    }

    private mutating func join() {
        let attendee = anybody(Self.localUsers)
        let listener = Listener(hub, attendee.userID, attendee.channel, since: now)
        listener.now = now
        hub.attach(
            listener, to: [attendee.channel], from: .now, wantsSnapshot: true,
            as: attendee.userID, at: moment)
        listener.read()
        listeners.append(listener)
        if attendance.joined(attendee, now: now) { perform(pool.wanted(attendee, now: now)) }
    }

    private mutating func leave() {
        guard let index = listeners.indices.randomElement(using: &random) else { return }
        let listener = listeners.remove(at: index)
        faults += listener.faults
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

    private mutating func say() {
        let attendee = anybody(Self.localUsers)
        guard attendance.contains(attendee), hub.channel(attendee.channel)?.isLive == true else {
            return
        }
        let number = sent.count
        let others = listeners.filter {
            $0.channel == attendee.channel && $0.userID != attendee.userID && $0.members != nil
        }
        sent.append(
            Sent(channel: attendee.channel, userID: attendee.userID, listeners: others))
        let id = pool.liveConnection(of: attendee) ?? Self.observer
        guard lines[id]?.serverID != nil else {
            sent[number].isDropped = true
            return
        }
        lines[id]?.toServer.append((now, .event(channel: attendee.channel, number: number)))
        if id == Self.observer {
            hub.heard(
                attendee.channel, event: "client-typing", data: Array("\(number)".utf8),
                userID: attendee.userID, at: moment)
            tellNews()
        }
    }

    private mutating func anybody(_ users: [String]) -> Attendee {
        Attendee(
            Self.channels.randomElement(using: &random) ?? "",
            users.randomElement(using: &random) ?? "")
    }

    // MARK: - Time

    /// Lets time pass, and some of what is under way arrive.
    mutating func pass(_ duration: Duration) {
        let end = now + duration
        while now < end {
            now = min(end, now + .milliseconds(500))
            deliver()
            fireTimers()
            checkGrace()
        }
    }

    private mutating func deliver() {
        server.forgetGhosts(now: now)
        takeFromServer()
        for id in lines.keys.sorted() {
            while let line = lines[id] {
                if let first = line.toServer.first,
                    now - first.sent >= .seconds(2) || Bool.random(using: &random)
                {
                    lines[id]?.toServer.removeFirst()
                    serve(first.request, of: id)
                } else if let first = line.toClient.first,
                    now - first.sent >= .seconds(2) || Bool.random(using: &random)
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
        for attendee in attendance.timePassed(now: now) {
            perform(pool.unwanted(attendee, now: now))
        }
        perform(pool.timePassed(now: now))
        guard now >= nextHub else { return }
        nextHub = now + .seconds(1)
        hub.expire(at: moment)
        tellNews()
    }

    private mutating func checkGrace() {
        for (attendee, until) in grace where until <= now {
            grace[attendee] = nil
            let reads = listeners.contains {
                $0.channel == attendee.channel && $0.userID == attendee.userID
            }
            if attendance.contains(attendee) != reads {
                faults.append("\(attendee) is present: \(!reads), reads: \(reads)")
            }
        }
    }
}
