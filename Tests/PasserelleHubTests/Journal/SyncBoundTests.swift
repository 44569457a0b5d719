// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import Testing

/// What the loss of power may take, at its worst: what came within `JournalLimits.sync`, or, where
/// the disk takes longer than half of that for a batch, within twice the time that it takes.
struct SyncBoundTests {
    private static let sync: Duration = .milliseconds(50)

    @Test(arguments: [(49, false), (50, true), (51, true)])
    func `an event is on the disk once the bound has passed, and not before on the slowest disk`(
        milliseconds: Int, isKept: Bool
    ) throws {
        var life = PoweredLife(sync: Self.sync) { _ in Self.sync / 2 }
        life.pass(.milliseconds(100))
        #expect(life.oldestUnsynced == nil)
        let before = life.hub.position
        life.say()
        let position = life.hub.position
        life.pass(.milliseconds(milliseconds))
        #expect((life.oldestUnsynced == nil) == isKept)
        let next = try life.afterPowerLoss()
        #expect(next.texts.count == (isKept ? 1 : 0))
        // Whoever had got it, and whoever came no further than what is kept.
        let restart = Witness.Heard.gap(.restart)
        let unknown = Witness.Heard.gap(.unknownPosition)
        #expect(next.heard(after: position) == (isKept ? [restart] : [unknown, restart]))
        let text = Witness.Heard.text("text-0-")
        #expect(next.heard(after: before) == (isKept ? [text, restart] : [restart]))
    }

    @Test(arguments: [0, 1, 10, 24, 25])
    func `under a stream of events, no power loss takes what is older than the bound`(
        milliseconds: Int
    ) throws {
        let worst = try Self.oldestLost { _ in .milliseconds(milliseconds) }
        #expect(worst < Self.sync)
    }

    @Test(arguments: 0..<10)
    func `a disk whose pace changes keeps the bound, as long as it takes half of it at the most`(
        seed: Int
    ) throws {
        let worst = try Self.oldestLost(seed: seed) {
            .milliseconds(Int.random(in: 0...25, using: &$0))
        }
        #expect(worst < Self.sync)
    }

    @Test(arguments: [26, 40, 75])
    func `a slower disk loses no more than what came in twice the time that it takes`(
        milliseconds: Int
    ) throws {
        let worst = try Self.oldestLost { _ in .milliseconds(milliseconds) }
        #expect(worst < .milliseconds(2 * milliseconds))
        // Nothing less would be true.
        #expect(worst >= .milliseconds(2 * milliseconds - 2))
    }

    @Test(arguments: 0..<10)
    func `a slow disk whose pace changes loses no more than what came in twice its slowest time`(
        seed: Int
    ) throws {
        let worst = try Self.oldestLost(seed: seed) {
            .milliseconds(Int.random(in: 0...75, using: &$0))
        }
        #expect(worst < .milliseconds(150))
    }

    /// How old the oldest event is that any power loss takes, where one event comes each
    /// millisecond and the power may go in each, under a disk that takes so long for a batch.
    private static func oldestLost(
        seed: Int = 0, _ diskTime: @escaping (inout SeededRandom) -> Duration
    ) throws -> Duration {
        var life = PoweredLife(sync: sync, seed: seed, diskTime)
        var worst = Duration.zero
        for _ in 0..<250 {
            life.say()
            life.pass(.milliseconds(1))
            let kept = try life.afterPowerLoss().texts
            #expect(kept == Array(life.said.prefix(kept.count)).map(\.text))
            let lost = life.said.dropFirst(kept.count).first
            // What the metrics tell of the lag is what would be lost.
            #expect(life.oldestUnsynced == lost?.at)
            worst = max(worst, lost.map { life.now - $0.at } ?? .zero)
        }
        return worst
    }
}

/// A hub and its journal, turn by turn, over a disk that takes its time: what it was given is there
/// at the end of that time, and nothing of it before.
private struct PoweredLife {
    private static let turn: Duration = .milliseconds(1)

    let hub: Hub
    private(set) var now = Duration.zero
    private(set) var said: [(text: String, at: Duration)] = []
    private var journal: Journal
    private var disk = SimulatedDisk()
    private var underWay: (batch: [DiskOperation], end: Duration)?
    private var random: SeededRandom
    private let diskTime: (inout SeededRandom) -> Duration

    init(
        sync: Duration, seed: Int = 0, _ diskTime: @escaping (inout SeededRandom) -> Duration
    ) {
        self.diskTime = diskTime
        random = SeededRandom(seed: UInt64(seed))
        let begin = Self.moment(.zero)
        var configuration = HubConfiguration()
        configuration.pinned = ["c"]
        hub = Hub(epoch: 1, configuration: configuration, at: begin)
        hub.gathersChanges = true
        hub.subscribed("c", members: nil, at: begin)
        var limits = JournalLimits()
        limits.sync = sync
        var recovery = JournalRecovery(limits: LogLimits(), now: begin)
        journal = Journal(after: recovery.finish(), hub: hub, limits: limits, at: begin)
        // As the shell does: the first batch does not wait.
        begins()
        pass(.milliseconds(200))
    }

    /// When what is not on the disk and came first was said, as the journal tells it.
    var oldestUnsynced: Duration? { journal.waitingSince }

    /// Something comes in this turn.
    mutating func say() {
        let text = "text-\(said.count)-"
        hub.heard(
            "c", event: "e", data: Array("\"\(text)\"".utf8), userID: nil, at: Self.moment(now))
        said.append((text, now))
        endTurn()
    }

    mutating func pass(_ time: Duration) {
        let end = now + time
        while now < end {
            now += Self.turn
            if let underWay, now >= underWay.end {
                self.underWay = nil
                journal.finished(succeeded: disk.perform(underWay.batch))
            }
            endTurn()
        }
    }

    private mutating func endTurn() {
        journal.takeChanges(of: hub, at: Self.moment(now))
        if let patience = journal.patience(at: now), patience <= .zero { begins() }
    }

    private mutating func begins() {
        guard let batch = journal.nextBatch(hub: hub, at: Self.moment(now)) else { return }
        underWay = (batch, now + diskTime(&random))
    }

    /// The next life, if the power went now.
    func afterPowerLoss() throws -> NextLife {
        var disk = disk
        disk.loseUnsynced()
        let later = Self.moment(now + .seconds(1))
        var recovery = JournalRecovery(limits: LogLimits(), now: later)
        for segment in disk.segments {
            recovery.begin(segment: segment)
            try recovery.append(disk[segment])
            try recovery.end(isLast: segment == disk.segments.last)
        }
        let hub = Hub(
            restoring: recovery.finish().past, epoch: 2, configuration: hub.configuration, at: later
        )
        hub.subscribed("c", members: nil, at: later)
        return NextLife(hub: hub, now: later)
    }

    private static func moment(_ steady: Duration) -> Moment {
        Moment(
            steady: steady,
            wall: WallTime(milliseconds: Int64(steady / .milliseconds(1))))
    }
}

/// What readers find after a power loss.
private struct NextLife {
    let hub: Hub
    let now: Moment

    /// All that is held.
    var texts: [String] {
        guard let log = hub.channel("c")?.log else { return [] }
        return (0..<log.count).compactMap { index in
            guard case .message(_, let data, _) = log[index].content else { return nil }
            return String(decoding: data.dropFirst().dropLast(), as: UTF8.self)
        }
    }

    /// What a reader is told that comes back with a position.
    func heard(after position: Position) -> [Witness.Heard] {
        let witness = Witness(hub)
        hub.attach(
            witness, to: ["c"], from: .after(position), wantsSnapshot: false, at: now)
        witness.read()
        hub.detach(witness, at: now)
        return witness.heard["c"] ?? []
    }
}
