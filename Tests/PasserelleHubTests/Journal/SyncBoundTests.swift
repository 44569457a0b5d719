// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import Testing

/// The most that a power loss can destroy: events of the last `JournalLimits.sync`, or, if the disk
/// takes longer than half of that for a batch, of twice the time that it takes.
struct SyncBoundTests {
    private static let sync: Duration = .milliseconds(50)

    @Test(arguments: [(49, false), (50, true), (51, true)])
    func `an event is on the disk once the bound has passed, and not before on the slowest disk`(
        milliseconds: Int, isKept: Bool
    ) throws {
        var life = PoweredRun(sync: Self.sync) { _ in Self.sync / 2 }
        life.pass(.milliseconds(100))
        #expect(life.oldestUnsynced == nil)
        let before = life.hub.position
        life.publish()
        let position = life.hub.position
        life.pass(.milliseconds(milliseconds))
        #expect((life.oldestUnsynced == nil) == isKept)
        let next = try life.afterPowerLoss()
        #expect(next.texts.count == (isKept ? 1 : 0))
        // A reader that received the event, and one that did not.
        let restart = RecordingReader.Heard.gap(.restart)
        #expect(next.received(after: position) == [restart])
        let text = RecordingReader.Heard.text("text-0-")
        #expect(next.received(after: before) == (isKept ? [text, restart] : [restart]))
    }

    @Test(arguments: [0, 1, 10, 24, 25])
    func `under a stream of events, a power loss destroys only events within the bound`(
        milliseconds: Int
    ) throws {
        let worst = try Self.oldestLost { _ in .milliseconds(milliseconds) }
        #expect(worst < Self.sync)
    }

    @Test(arguments: 0..<10)
    func `a disk of changing speed keeps the bound, if it takes at most half of it`(
        seed: Int
    ) throws {
        let worst = try Self.oldestLost(seed: seed) {
            .milliseconds(Int.random(in: 0...25, using: &$0))
        }
        #expect(worst < Self.sync)
    }

    @Test(arguments: [26, 40, 75])
    func `a slower disk loses at most the events of twice the time that it takes`(
        milliseconds: Int
    ) throws {
        let worst = try Self.oldestLost { _ in .milliseconds(milliseconds) }
        #expect(worst < .milliseconds(2 * milliseconds))
        // The bound is tight.
        #expect(worst >= .milliseconds(2 * milliseconds - 2))
    }

    @Test(arguments: 0..<10)
    func `a slow disk of changing speed loses at most the events of twice its slowest time`(
        seed: Int
    ) throws {
        let worst = try Self.oldestLost(seed: seed) {
            .milliseconds(Int.random(in: 0...75, using: &$0))
        }
        #expect(worst < .milliseconds(150))
    }

    /// Returns the greatest age of an event that a power loss destroys.
    ///
    /// An event comes each millisecond, a power loss is tried after each, and a batch takes
    /// `diskTime`.
    private static func oldestLost(
        seed: Int = 0, _ diskTime: @escaping (inout SeededRandom) -> Duration
    ) throws -> Duration {
        var life = PoweredRun(sync: sync, seed: seed, diskTime)
        var worst = Duration.zero
        for _ in 0..<250 {
            life.publish()
            life.pass(.milliseconds(1))
            let kept = try life.afterPowerLoss().texts
            #expect(kept == Array(life.published.prefix(kept.count)).map(\.text))
            let lost = life.published.dropFirst(kept.count).first
            // The lag in the metrics must be the age of the oldest event that would be lost.
            #expect(life.oldestUnsynced == lost?.at)
            worst = max(worst, lost.map { life.now - $0.at } ?? .zero)
        }
        return worst
    }
}

/// A hub and its journal, turn by turn, over a slow disk: a batch takes effect at the end of its
/// time.
private struct PoweredRun {
    private static let turn: Duration = .milliseconds(1)

    let hub: Hub
    private(set) var now = Duration.zero
    private(set) var published: [(text: String, at: Duration)] = []
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
        // As in the daemon, the first batch does not wait.
        begins()
        pass(.milliseconds(200))
    }

    /// When the oldest event that is not on the disk was published, according to the journal.
    var oldestUnsynced: Duration? { journal.waitingSince }

    /// Publishes an event in this turn.
    mutating func publish() {
        let text = "text-\(published.count)-"
        hub.received(
            "c", event: "e", data: Array("\"\(text)\"".utf8), userID: nil, at: Self.moment(now))
        published.append((text, now))
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
        if let delayBeforeBatch = journal.delayBeforeBatch(at: now), delayBeforeBatch <= .zero {
            begins()
        }
    }

    private mutating func begins() {
        guard let batch = journal.nextBatch(hub: hub, at: Self.moment(now)) else { return }
        underWay = (batch, now + diskTime(&random))
    }

    /// Returns the next run, as if the power failed now.
    func afterPowerLoss() throws -> NextRun {
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
        return NextRun(hub: hub, now: later)
    }

    private static func moment(_ steady: Duration) -> Moment {
        Moment(
            steady: steady,
            wall: WallTime(milliseconds: Int64(steady / .milliseconds(1))))
    }
}

/// The state that readers find after a power loss.
private struct NextRun {
    let hub: Hub
    let now: Moment

    /// The texts of all held messages.
    var texts: [String] {
        guard let log = hub.channel("c")?.log else { return [] }
        return (0..<log.count).compactMap { index in
            guard case .message(_, let data, _) = log[index].content else { return nil }
            return String(decoding: data.dropFirst().dropLast(), as: UTF8.self)
        }
    }

    /// Returns the deliveries to a reader that resumes at a position.
    func received(after position: Position) -> [RecordingReader.Heard] {
        let witness = RecordingReader(hub)
        hub.attach(
            witness, to: ["c"], from: .after(position), wantsSnapshot: false, at: now)
        witness.read()
        hub.detach(witness, at: now)
        return witness.received["c"] ?? []
    }
}
