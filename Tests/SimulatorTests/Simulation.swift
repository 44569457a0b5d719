// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleUpstream
import PasserelleWire

/// A gateway's day in one thread and no socket: an application, Channels, the upstream session, the
/// hub, and readers, with every invariant checked at every step.
final class Simulation {
    /// What a step proved wrong.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// A fault that is put in on purpose, to see that the checks find it.
    enum Mutation: Equatable {
        case none
        /// A resumed reader begins one entry too late.
        case dropOnResume
        /// A resumed reader begins one entry too early.
        case repeatOnResume
        /// A loss of the connection is not told to the hub.
        case forgetOutage
    }

    static let channels = (0..<8).map { "presence-bail-\($0)" }
    static let rules = [
        Retraction(
            event: "message-deleted", path: ["id"], target: "new-message", targetPath: ["id"])
    ]

    private(set) var server = SimulatedServer()
    private(set) var hub: Hub
    private var session: UpstreamSession
    private(set) var readers: [SimulatedReader] = []
    private let mutation: Mutation
    private var steady = Duration.seconds(1000)
    private var wall: Int64 = 1_772_442_000_000
    private var epoch: UInt64 = 1
    /// Each channel's messages in the order in which the application said them.
    private(set) var said: [String: [Int]] = [:]
    private(set) var deleted: Set<Int> = []
    private var numbers = 0
    /// What a gap at a place in the log covers, by channel.
    private(set) var coverage: [String: Coverage] = [:]
    /// The newest message when the frame that is being delivered set out.
    private var delivered = 0

    init(mutation: Mutation = .none) {
        self.mutation = mutation
        hub = Self.newHub(epoch: 1, at: Moment(steady: .zero, wall: WallTime(milliseconds: 0)))
        session = UpstreamSession { 0.5 }
        obey(session.started(now: steady))
    }

    private static func newHub(epoch: UInt64, at now: Moment) -> Hub {
        var configuration = HubConfiguration()
        configuration.log = LogLimits(events: 12, bytes: 4096, age: .seconds(30))
        configuration.linger = .seconds(5)
        configuration.pinned = [channels[0]]
        return Hub(epoch: epoch, configuration: configuration, at: now)
    }

    private var now: Moment { Moment(steady: steady, wall: WallTime(milliseconds: wall)) }

    /// Does one step, and everything that one turn of the loop does after it.
    func take(_ step: Step) throws(Violation) {
        try act(step)
        try settle()
    }

    /// Lets everything arrive, and checks that nothing is missing then.
    func finish() throws(Violation) {
        for _ in 0..<400 {
            steady += .seconds(1)
            wall += 1000
            obey(session.timePassed(now: steady))
            while deliverOne() {}
            for reader in readers {
                reader.isStalled = false
                if !reader.isAttached { resume(reader, polls: reader.polls) }
                try poll(reader, limit: .max)
            }
            try settle()
        }
        for reader in readers { try checkComplete(reader) }
    }

    /// Lets everybody go: a channel and its readers hold each other.
    func close() {
        for reader in readers { detach(reader) }
    }

    // MARK: - Steps

    private func act(_ step: Step) throws(Violation) {
        switch step {
        case .publish(let channel): publish(Self.channels[channel % 8])
        case .delete(let channel, let back): delete(Self.channels[channel % 8], back: back)
        case .type(let channel):
            server.said("client-typing", "{}", on: Self.channels[channel % 8], userID: "u")
        case .presence(let channel, let user, let isJoining):
            let channel = Self.channels[channel % 8]
            isJoining ? server.joined("u\(user)", channel) : server.left("u\(user)", channel)
        case .deliver(let count): for _ in 0..<count { _ = deliverOne() }
        case .duplicate(let channel): server.duplicate(Self.channels[channel % 8])
        case .lose(let code): lose(code: code)
        case .garbage: obey(session.garbled("no message", now: steady))
        case .refuse: server.refuseNext()
        case .pass(let milliseconds): pass(milliseconds)
        case .jump(let milliseconds): wall += Int64(milliseconds)
        case .attach(let mask, let polls, let start): attach(mask, polls: polls, start: start)
        case .stall(let reader, let isStalled):
            pick(reader)?.isStalled = isStalled
        case .cut(let reader): if let reader = pick(reader) { detach(reader) }
        case .resume(let reader, let polls):
            if let reader = pick(reader) { resume(reader, polls: polls) }
        case .poll(let reader, let limit): try poll(pick(reader), limit: limit)
        case .restart: restart()
        }
    }

    private func publish(_ channel: String) {
        numbers += 1
        server.newest = numbers
        said[channel, default: []].append(numbers)
        server.said("new-message", #"{"id":\#(numbers)}"#, on: channel)
    }

    private func delete(_ channel: String, back: Int) {
        guard let number = said[channel]?.dropLast(back).last else { return }
        deleted.insert(number)
        server.said("message-deleted", #"{"id":\#(number)}"#, on: channel)
    }

    private func deliverOne() -> Bool {
        guard let frame = server.takeFrame() else { return false }
        delivered = frame.newest
        obey(session.received(frame.message, now: steady))
        return true
    }

    private func lose(code: Int) {
        guard server.isConnected else { return }
        server.lost()
        let given = code == 0 ? nil : UInt16(code)
        obey(session.linkEnded(code: given, words: "lost", now: steady))
    }

    private func pass(_ milliseconds: Int) {
        steady += .milliseconds(milliseconds)
        wall += Int64(milliseconds)
        obey(session.timePassed(now: steady))
        hub.expire(at: now)
    }

    private func restart() {
        server.lost()
        for reader in readers { detach(reader) }
        epoch += 1
        for channel in Self.channels { coverage[channel]?.forgetPlaces() }
        hub = Self.newHub(epoch: epoch, at: now)
        session = UpstreamSession { 0.5 }
        obey(session.started(now: steady))
    }

    // MARK: - The upstream shell

    private func obey(_ actions: [UpstreamSession.Action]) {
        for action in actions {
            switch action {
            case .connect: server.accepted()
            case .send(let message): server.received(message)
            case .subscribe(let channel, _):
                server.received(.subscribe(channel: channel, auth: "", channelData: "{}"))
            case .endLink: server.lost()
            case .tell(.lost) where mutation == .forgetOutage: break
            case .tell(let report): tell(report)
            }
        }
    }

    /// Tells the hub, and notes what a gap at this place in the log would cover.
    private func tell(_ report: UpstreamSession.Report) {
        guard case .subscribed(let name, _) = report else {
            hub.take(report, retractions: Self.rules, at: now)
            if case .event(let channel, "new-message", let data, _) = report {
                coverage[channel, default: Coverage()].add(Self.number(data), at: hub.sequence)
            }
            return
        }
        let hole = hub.channel(name)?.newestHole
        hub.take(report, retractions: Self.rules, at: now)
        // The hole ends at the gap, or where the log begins; member changes come behind it.
        if let newer = hub.channel(name)?.newestHole, newer != hole {
            coverage[name, default: Coverage()].add(delivered, at: newer)
        }
        for reader in readers where reader.isAttached && reader.awaited.remove(name) != nil {
            reader.knowledge[name] = SimulatedReader.Knowledge(settled: delivered)
        }
    }

    static func number(_ data: [UInt8]) -> Int {
        Int(String(decoding: data.dropFirst(6).dropLast(), as: UTF8.self)) ?? -1
    }

    private func settle() throws(Violation) {
        for demand in hub.takeDemands() {
            switch demand {
            case .subscribe(let channel): obey(session.wanted(channel, now: steady))
            case .unsubscribe(let channel): obey(session.unwanted(channel, now: steady))
            }
        }
        hub.tellNews()
        for reader in readers where reader.isAttached && !reader.polls && !reader.isStalled {
            reader.tookNews()
            try read(reader, limit: .max)
        }
    }

    // MARK: - Readers

    private func pick(_ index: Int) -> SimulatedReader? {
        readers.isEmpty ? nil : readers[index % readers.count]
    }

    private func attach(_ mask: Int, polls: Bool, start: Int) {
        guard readers.count < 24 else { return }
        let channels = Self.channels.indices.filter { mask & (1 << $0) != 0 }
        let reader = SimulatedReader(
            name: readers.count, channels: channels.map { Self.channels[$0] }, polls: polls)
        readers.append(reader)
        connect(reader, from: [.now, .now, .earliest, .last(3)][start % 4])
    }

    private func connect(_ reader: SimulatedReader, from start: Start) {
        reader.isAttached = true
        let isFirst = reader.position == nil
        hub.attach(
            reader, to: reader.channels, from: start,
            wantsSnapshot: !reader.polls || isFirst, at: now)
        for channel in reader.channels where reader.knowledge[channel] == nil {
            begin(reader, on: channel, from: start)
        }
    }

    /// What a reader that comes now is due on a channel.
    private func begin(_ reader: SimulatedReader, on name: String, from start: Start) {
        let coverage = coverage[name] ?? Coverage()
        guard let channel = hub.channel(name) else { return }
        if case .after(let position) = start {
            let isKnown = position.epoch == epoch
            reader.knowledge[name] = SimulatedReader.Knowledge(
                settled: coverage.through(isKnown ? position.sequence : 0))
        } else if !channel.isLive && (start == .now || !channel.wasHeard) {
            reader.awaited.insert(name)
        } else {
            reader.knowledge[name] = SimulatedReader.Knowledge(
                settled: coverage.through(hub.sequence), isOpen: start != .now)
        }
    }

    private func detach(_ reader: SimulatedReader) {
        guard reader.isAttached else { return }
        reader.awaited = []
        reader.isAttached = false
        hub.detach(reader, at: now)
    }

    private func resume(_ reader: SimulatedReader, polls: Bool) {
        guard !reader.isAttached else { return }
        reader.polls = polls
        guard let position = reader.position else {
            reader.knowledge = [:]
            return connect(reader, from: .now)
        }
        var start = position
        if mutation == .dropOnResume { start = start.moved(by: 1) }
        if mutation == .repeatOnResume { start = start.moved(by: -1) }
        connect(reader, from: .after(start))
    }

    private func poll(_ reader: SimulatedReader?, limit: Int) throws(Violation) {
        guard let reader, reader.polls else { return }
        if !reader.isAttached { resume(reader, polls: true) }
        try read(reader, limit: limit)
        // A first poll waits until its channels were heard.
        if reader.awaited.isEmpty { detach(reader) }
    }

    private func read(_ reader: SimulatedReader, limit: Int) throws(Violation) {
        var left = limit
        while left > 0, let entry = hub.next(&reader.cursor, at: steady) {
            left -= 1
            try told(entry, to: reader)
            let position = hub.position(at: reader.cursor.sequence)
            if let last = reader.position, last.epoch == position.epoch {
                try require(
                    position.sequence >= last.sequence,
                    "reader \(reader.name) was led back from \(last.text) to \(position.text)")
            }
            reader.position = position
        }
    }
}

extension Position {
    /// The position some entries further on, or back.
    fileprivate func moved(by distance: Int64) -> Position {
        let moved = Int64(clamping: sequence) + distance
        return Position(epoch: epoch, sequence: UInt64(max(0, moved)))
    }
}
