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
    private var said: [String: [Int]] = [:]
    private var deleted: Set<Int> = []
    private var numbers = 0

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
        act(step)
        try settle()
        if case .restart = step { try checkMembers() }
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
                if !reader.isAttached { resume(reader, polls: false) }
            }
            try settle()
        }
        try checkMembers()
        for reader in readers { try checkComplete(reader) }
    }

    // MARK: - Steps

    private func act(_ step: Step) {
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
        case .garbage: obey(session.garbled(now: steady))
        case .refuse: server.refuseNext()
        case .pass(let milliseconds): pass(milliseconds)
        case .jump(let milliseconds): wall += Int64(milliseconds)
        case .attach(let mask, let polls, let start): attach(mask, polls: polls, start: start)
        case .stall(let reader, let isStalled):
            pick(reader)?.isStalled = isStalled
        case .cut(let reader): if let reader = pick(reader) { detach(reader) }
        case .resume(let reader, let polls):
            if let reader = pick(reader) { resume(reader, polls: polls) }
        case .poll(let reader, let limit): poll(pick(reader), limit: limit)
        case .restart: restart()
        }
    }

    private func publish(_ channel: String) {
        numbers += 1
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
        obey(session.received(frame, now: steady))
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
            case .tell(let report): hub.take(report, retractions: Self.rules, at: now)
            }
        }
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
    }

    private func detach(_ reader: SimulatedReader) {
        guard reader.isAttached else { return }
        reader.isAttached = false
        hub.detach(reader, at: now)
    }

    private func resume(_ reader: SimulatedReader, polls: Bool) {
        guard !reader.isAttached else { return }
        reader.polls = polls
        guard let position = reader.position else { return connect(reader, from: .now) }
        var start = position
        if mutation == .dropOnResume { start = start.moved(by: 1) }
        if mutation == .repeatOnResume { start = start.moved(by: -1) }
        connect(reader, from: .after(start))
    }

    private func poll(_ reader: SimulatedReader?, limit: Int) {
        guard let reader, reader.polls else { return }
        if !reader.isAttached { resume(reader, polls: true) }
        do {
            try read(reader, limit: limit)
        } catch {
            pollViolation = error
        }
        detach(reader)
    }

    private var pollViolation: Violation?

    private func read(_ reader: SimulatedReader, limit: Int) throws(Violation) {
        if let pollViolation { throw pollViolation }
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

// MARK: - Invariants

extension Simulation {
    func require(_ condition: Bool, _ words: @autoclosure () -> String) throws(Violation) {
        guard condition else { throw Violation(description: words()) }
    }

    private func told(_ entry: Entry, to reader: SimulatedReader) throws(Violation) {
        switch entry {
        case .snapshot(let channel):
            // What was said before the first snapshot was never this reader's.
            let known = reader.knowledge[channel.name]
            let last = known?.last ?? (said[channel.name]?.last ?? 0)
            reader.knowledge[channel.name] = SimulatedReader.Knowledge(
                last: known == nil ? firstDue(channel, reader, last) : last,
                isGapOpen: known?.isGapOpen ?? false,
                members: Set(channel.members.list.map(\.userID)))
        case .refusal: break
        case .gap(let channel, _): reader.knowledge[channel.name]?.isGapOpen = true
        case .event(let event): try told(event, to: reader)
        }
    }

    /// A reader that asked for the past is due what is held; others what comes.
    private func firstDue(_ channel: Channel, _ reader: SimulatedReader, _ last: Int) -> Int {
        var probe = reader.cursor
        while let entry = hub.next(&probe, at: .zero) {
            guard case .event(let event) = entry, event.channel == channel.name,
                case .message("new-message", let data, _) = event.content
            else { continue }
            return number(data) - 1
        }
        return heardThrough(channel.name)
    }

    /// The newest message of a channel that reached the gateway.
    private func heardThrough(_ channel: String) -> Int {
        guard let log = hub.channel(channel)?.log else { return 0 }
        for index in stride(from: log.count - 1, through: 0, by: -1) {
            if case .message("new-message", let data, _) = log[index].content {
                return number(data)
            }
        }
        return said[channel]?.last ?? 0
    }

    private func number(_ data: [UInt8]) -> Int {
        Int(String(decoding: data.dropFirst(6).dropLast(), as: UTF8.self)) ?? -1
    }

    private func told(_ event: Event, to reader: SimulatedReader) throws(Violation) {
        guard var known = reader.knowledge[event.channel] else {
            throw Violation(description: "reader \(reader.name) hears before its snapshot")
        }
        switch event.content {
        case .gap: known.isGapOpen = true
        case .memberAdded(let member): known.members?.insert(member.userID)
        case .memberRemoved(let userID): known.members?.remove(userID)
        case .message("new-message", let data, _):
            let number = number(data)
            try require(
                number > known.last,
                "reader \(reader.name) is told \(number) on \(event.channel) after \(known.last)")
            if !known.isGapOpen {
                let missed = missing(event.channel, after: known.last, before: number)
                try require(
                    missed.isEmpty,
                    "reader \(reader.name) never heard \(missed) on \(event.channel)")
            }
            known.last = number
            known.isGapOpen = false
        case .message, .refused: break
        case .tombstone:
            throw Violation(description: "reader \(reader.name) is told a tombstone")
        }
        reader.knowledge[event.channel] = known
    }

    private func missing(_ channel: String, after last: Int, before next: Int) -> [Int] {
        said[channel, default: []].filter {
            $0 > last && $0 < next && !deleted.contains($0)
        }
    }

    /// Once all is quiet, every reader of a live channel has all there is, or was told of a gap.
    private func checkComplete(_ reader: SimulatedReader) throws(Violation) {
        for channel in reader.channels where hub.channel(channel)?.isLive == true {
            guard let known = reader.knowledge[channel], !known.isGapOpen else { continue }
            let missed = missing(channel, after: known.last, before: .max)
            try require(
                missed.isEmpty, "at the end, reader \(reader.name) lacks \(missed) on \(channel)")
            if let members = known.members {
                let present = server.present(on: channel)
                try require(
                    members == present,
                    "reader \(reader.name) thinks \(members.sorted()) are on \(channel), not "
                        + "\(present.sorted())")
            }
        }
    }

    private func checkMembers() throws(Violation) {
        for channel in hub.channels.values {
            let ids = channel.members.list.map(\.userID)
            try require(Set(ids).count == ids.count, "a member twice on \(channel.name)")
        }
    }
}
