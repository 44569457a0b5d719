// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire

/// A simulated scenario of a gateway, in one thread and without sockets.
///
/// It has an application, Channels, the upstream session, the hub, its journal on a disk, and
/// readers. Every invariant is checked at every step.
final class Simulation {
    /// An invariant that a step violated.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    static let channels = (0..<8).map { "presence-bail-\($0)" }
    static let rules = [
        RetractionRule(
            event: "message-deleted", path: ["id"], target: "new-message", targetPath: ["id"])
    ]
    static let configuration: HubConfiguration = {
        var configuration = HubConfiguration()
        // Six messages exceed the bytes; if a member change or a gap is among them, seven entries
        // exceed the number first.
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
    var journalWriter: SimulatedJournalWriter
    var readers: [SimulatedReader] = []
    var steady = Duration.seconds(1000)
    private var wall: Int64 = 1_772_442_000_000
    var numbers = 0
    /// Each channel's messages, in the order in which the application published them.
    var published: [String: [Int]] = [:]
    /// Messages that the application deleted, even if the gateway did not receive the deletion.
    var deleted: Set<Int> = []
    /// The messages that a gap at a place in the log covers, by channel.
    var coverage: [String: Coverage] = [:]
    /// The newest message when the frame being delivered was sent.
    var delivered = 0
    /// The places in the log of this run's messages.
    var places: [Int: UInt64] = [:]
    /// Messages that were retracted in this run, and those with a retraction that is on the disk.
    var retracted: Set<Int> = []
    var erased: Set<Int> = []
    /// The last event of each channel, and the channels on which it is to be repeated: for a
    /// mutation.
    var lastEvents: [String: UpstreamSession.Report] = [:]
    var toRepeat: Set<String> = []
    /// The epochs that began on the disk before any reader received a position of them.
    var begun: Set<UInt64> = []
    /// True while some of the journal may be unreadable.
    var isDamaged = false
    var tally = Tally()

    init(mutation: Mutation? = nil) {
        self.mutation = mutation
        let start = Moment(steady: steady, wall: WallTime(milliseconds: wall))
        hub = Hub(epoch: 1, configuration: Self.configuration, at: start)
        session = UpstreamSession { 0.5 }
        journalWriter = SimulatedJournalWriter(hub: hub, mutation: mutation, at: start)
        noteBeginning()
        perform(session.started(now: steady))
    }

    func noteBeginning() {
        if journalWriter.hasBegun {
            begun.insert(hub.epochs.current)
        } else {
            tally.failedStarts += 1
        }
    }

    var now: Moment { Moment(steady: steady, wall: WallTime(milliseconds: wall)) }

    /// Performs one step, and the rest of its turn of the loop.
    func take(_ step: Step) throws(Violation) {
        try act(step)
        try settle()
    }

    /// Delivers and writes everything, and checks that no message is missing then, nor after a
    /// restart in order.
    func finish() throws(Violation) {
        journalWriter.becameFaulty(after: nil)
        try calmDown()
        for _ in 0..<8 where !journalWriter.isIdle { journalWriter.turn(hub, part: 0, at: now) }
        try require(
            journalWriter.isIdle,
            "the journal is not idle on a disk that works")
        try checkRetractions()
        try restart(.inOrder, seed: 0)
        try calmDown()
        journalWriter.count(into: &tally)
        tally.count(hub.counters)
    }

    /// Detaches all readers; a channel and its readers refer to each other.
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
            for _ in 0..<8 { journalWriter.turn(hub, part: 0, at: now) }
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
            server.published("client-typing", "{}", on: Self.channels[channel % 8], userID: "u")
        case .presence(let channel, let user, let isJoining):
            let channel = Self.channels[channel % 8]
            isJoining ? server.joined("u\(user)", channel) : server.left("u\(user)", channel)
        case .deliver(let count): for _ in 0..<count { _ = deliverOne() }
        case .duplicate(let channel): server.duplicate(Self.channels[channel % 8])
        case .lose(let code): lose(code: code)
        case .garbage: perform(session.receivedInvalidData("no message", now: steady))
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
        case .runDisk(let turns, let part):
            for _ in 0..<turns { journalWriter.turn(hub, part: part, at: now) }
        case .fault(let operations): journalWriter.becameFaulty(after: operations)
        case .restart(let ending, let seed): try restart(ending, seed: seed)
        }
    }

    private func publish(_ channel: String) {
        numbers += 1
        server.newest = numbers
        published[channel, default: []].append(numbers)
        server.published(
            "new-message", #"{"id":\#(numbers),"text":"text-\#(numbers)-"}"#, on: channel)
    }

    private func delete(_ channel: String, back: Int) {
        guard let number = published[channel]?.dropLast(back).last else { return }
        deleted.insert(number)
        server.published("message-deleted", #"{"id":\#(number)}"#, on: channel)
    }

    private func pass(_ milliseconds: Int) {
        steady += .milliseconds(milliseconds)
        wall += Int64(milliseconds)
        perform(session.timePassed(now: steady))
        hub.expire(at: now)
        journalWriter.timePassed(hub, at: now)
    }

    private func settle() throws(Violation) {
        for demand in hub.takeDemands() {
            switch demand {
            case .subscribe(let channel): perform(session.wanted(channel, now: steady))
            case .unsubscribe(let channel): perform(session.unwanted(channel, now: steady))
            }
        }
        retract()
        hub.deliverUpdates()
        for reader in readers where reader.isAttached && !reader.polls {
            if reader.isStalled {
                try stop(reader)
            } else {
                reader.readUpdates()
                try proceed(reader)
            }
        }
        journalWriter.settle(hub, at: now)
        guard journalWriter.isIdle else { return }
        erased.formUnion(retracted)
        // Damage remains until everything is rewritten.
        if journalWriter.journal.copies > 0 { isDamaged = false }
    }
}
