// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire

/// A gateway's day in one thread and no socket: an application, Channels, the upstream session, the
/// hub, its journal on a disk, and readers, with every invariant checked at every step.
final class Simulation {
    /// What a step proved wrong.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    static let channels = (0..<8).map { "presence-bail-\($0)" }
    static let rules = [
        Retraction(
            event: "message-deleted", path: ["id"], target: "new-message", targetPath: ["id"])
    ]
    static let configuration: HubConfiguration = {
        var configuration = HubConfiguration()
        // Six messages are over the bytes; with a member change or a gap among them seven entries are
        // over the number first.
        configuration.log = LogLimits(events: 6, bytes: 5000, age: .seconds(30))
        configuration.totalBytes = 20_000
        configuration.linger = .seconds(5)
        configuration.pinned = [channels[0]]
        return configuration
    }()

    let mutation: Mutation?
    var server = SimulatedServer()
    var hub: Hub
    var session: UpstreamSession
    var scribe: SimulatedScribe
    var readers: [SimulatedReader] = []
    var steady = Duration.seconds(1000)
    private var wall: Int64 = 1_772_442_000_000
    var numbers = 0
    /// Each channel's messages in the order in which the application said them.
    var said: [String: [Int]] = [:]
    /// What the application has deleted, whether or not the gateway heard of it.
    var deleted: Set<Int> = []
    /// What a gap at a place in the log covers, by channel.
    var coverage: [String: Coverage] = [:]
    /// The newest message when the frame that is being delivered set out.
    var delivered = 0
    /// Where in the log the messages of this life are.
    var places: [Int: UInt64] = [:]
    /// Messages that were taken back in this life, and those whose end is on the disk for good.
    var retracted: Set<Int> = []
    var buried: Set<Int> = []
    /// The last event of each channel, and those that are to be heard again: for a mutation.
    var lastEvents: [String: UpstreamSession.Report] = [:]
    var toRepeat: Set<String> = []
    /// Up to where the positions of a past epoch are good for certain.
    var acknowledged: [UInt64: UInt64] = [:]
    /// True while some of the journal may not be readable.
    var isDamaged = false
    var tally = Tally()

    init(mutation: Mutation? = nil) {
        self.mutation = mutation
        let start = Moment(steady: steady, wall: WallTime(milliseconds: wall))
        hub = Hub(epoch: 1, configuration: Self.configuration, at: start)
        session = UpstreamSession { 0.5 }
        scribe = SimulatedScribe(hub: hub, mutation: mutation, at: start)
        obey(session.started(now: steady))
    }

    var now: Moment { Moment(steady: steady, wall: WallTime(milliseconds: wall)) }

    /// Does one step, and everything that one turn of the loop does after it.
    func take(_ step: Step) throws(Violation) {
        try act(step)
        try settle()
    }

    /// Lets everything arrive and be written down, and checks that nothing is missing then, nor
    /// after a restart in order.
    func finish() throws(Violation) {
        scribe.becameFaulty(after: nil)
        try calmDown()
        for _ in 0..<8 where !scribe.isIdle { scribe.turn(hub, part: 0, at: now) }
        try require(scribe.isIdle, "the journal is \(scribe.journal.state) on a disk that works")
        try checkBurials()
        try restart(.inOrder, seed: 0)
        try calmDown()
        scribe.count(into: &tally)
        tally.count(hub.counters)
    }

    /// Lets everybody go: a channel and its readers hold each other.
    func close() {
        for reader in readers { detach(reader) }
    }

    private func calmDown() throws(Violation) {
        for turn in 0..<80 {
            pass(turn < 40 ? 1000 : 4000)
            while deliverOne() {}
            for reader in readers {
                reader.isStalled = false
                if !reader.isAttached { try resume(reader, polls: reader.polls) }
                try poll(reader, limit: .max)
            }
            for _ in 0..<8 { scribe.turn(hub, part: 0, at: now) }
            try settle()
        }
        for reader in readers { try checkComplete(reader) }
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
        case .jump(let milliseconds):
            wall += Int64(milliseconds)
            tally.clockJumps += 1
        case .attach(let mask, let polls, let start): try attach(mask, polls: polls, start: start)
        case .stall(let reader, let isStalled): pick(reader)?.isStalled = isStalled
        case .cut(let reader, let entries): try cut(pick(reader), after: entries)
        case .resume(let reader, let polls):
            if let reader = pick(reader) { try resume(reader, polls: polls) }
        case .poll(let reader, let limit): try poll(pick(reader), limit: limit)
        case .writeDown(let turns, let part):
            for _ in 0..<turns { scribe.turn(hub, part: part, at: now) }
        case .fault(let operations): scribe.becameFaulty(after: operations)
        case .restart(let ending, let seed): try restart(ending, seed: seed)
        }
    }

    private func publish(_ channel: String) {
        numbers += 1
        server.newest = numbers
        said[channel, default: []].append(numbers)
        server.said("new-message", #"{"id":\#(numbers),"text":"text-\#(numbers)-"}"#, on: channel)
    }

    private func delete(_ channel: String, back: Int) {
        guard let number = said[channel]?.dropLast(back).last else { return }
        deleted.insert(number)
        server.said("message-deleted", #"{"id":\#(number)}"#, on: channel)
    }

    private func pass(_ milliseconds: Int) {
        steady += .milliseconds(milliseconds)
        wall += Int64(milliseconds)
        obey(session.timePassed(now: steady))
        hub.expire(at: now)
        scribe.timePassed(hub, at: now)
    }

    private func settle() throws(Violation) {
        for demand in hub.takeDemands() {
            switch demand {
            case .subscribe(let channel): obey(session.wanted(channel, now: steady))
            case .unsubscribe(let channel): obey(session.unwanted(channel, now: steady))
            }
        }
        takeBack()
        hub.tellNews()
        for reader in readers where reader.isAttached && !reader.polls {
            if reader.isStalled {
                try stop(reader)
            } else {
                reader.tookNews()
                try goOn(reader)
            }
        }
        scribe.settle(hub, at: now)
        guard scribe.isIdle else { return }
        buried.formUnion(retracted)
        // Damage stays until everything was written anew.
        if scribe.journal.copies > 0 { isDamaged = false }
    }
}
