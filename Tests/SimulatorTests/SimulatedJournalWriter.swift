// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting

/// The I/O of the journal, over a simulated disk instead of the daemon's files.
struct SimulatedJournalWriter {
    private static let retryDelay: Duration = .seconds(1)
    private static let limits: JournalLimits = {
        var limits = JournalLimits()
        limits.segmentBytes = 500
        limits.sliceBytes = 200
        limits.floorBytes = 1500
        limits.waitingBytes = 2000
        return limits
    }()

    private(set) var disk = SimulatedDisk()
    private(set) var journal: Journal
    /// True if the epoch was on the disk before the run delivered anything, as in every run with a
    /// disk that works at its start.
    private(set) var hasBegun = true
    private let mutation: Mutation?
    private var batch: [DiskOperation]?
    private var retryAt: Duration?
    /// The files that the copy under way is to replace.
    private var replaced: [Int]?
    private var copies = 0
    private var failures = 0
    private var failedCopies = 0
    private var overfull = 0

    /// Begins with an empty disk.
    init(hub: Hub, mutation: Mutation?, at now: Moment) {
        self.mutation = mutation
        var recovery = JournalRecovery(limits: hub.configuration.log, now: now)
        journal = Journal(after: recovery.finish(), hub: hub, limits: Self.limits, at: now)
        hub.gathersChanges = true
        awaitBeginning(hub, at: now)
    }

    /// Performs the first batch, for which a start waits.
    private mutating func awaitBeginning(_ hub: Hub, part: Int = 0, at now: Moment) {
        begin(hub, at: now)
        guard mutation != .sendBeforeBeginning, let batch else { return }
        self.batch = nil
        hasBegun = disk.perform(batch, part: part)
        ended(hasBegun, at: now)
    }

    /// True if all entries are on the disk and no work is left.
    var isIdle: Bool { journal.isKeeping && !journal.hasWork && !journal.isBusy }

    /// Ends a turn.
    mutating func settle(_ hub: Hub, at now: Moment) {
        journal.takeChanges(of: hub, at: now)
        guard let retryAt, now.steady >= retryAt, !journal.isBusy else { return }
        self.retryAt = nil
        journal.retry(hub: hub, at: now)
    }

    mutating func timePassed(_ hub: Hub, at now: Moment) {
        journal.timePassed(hub: hub, at: now)
    }

    /// Makes the disk fail after this many operations; if `nil`, it works again.
    mutating func becameFaulty(after operations: Int?) { disk.operationsLeft = operations }

    /// Completes the batch under way, or begins one; `part` of 1000 of a failing operation is done.
    mutating func turn(_ hub: Hub, part: Int, at now: Moment) {
        guard let batch else {
            begin(hub, at: now)
            return
        }
        self.batch = nil
        ended(disk.perform(batch, part: part), at: now)
    }

    private mutating func begin(_ hub: Hub, at now: Moment) {
        guard let next = journal.nextBatch(hub: hub, at: now) else { return }
        if !journal.isCopying {
            replaced = nil
        } else if replaced == nil {
            replaced = disk.segments
        }
        batch = next.filter { operation in
            switch operation {
            case .sync where mutation == .skipSync: false
            case .retract where mutation == .skipRetraction: false
            default: true
            }
        }
    }

    private mutating func ended(_ succeeded: Bool, at now: Moment) {
        if !succeeded {
            failures += 1
            if journal.isCopying { copyFailed() }
        }
        if journal.isOverfull { overfull += 1 }
        journal.finished(succeeded: succeeded)
        if journal.isOff, retryAt == nil { retryAt = now.steady + Self.retryDelay }
    }

    private mutating func copyFailed() {
        failedCopies += 1
        guard mutation == .removeAfterFailedCopy else { return }
        disk.operationsLeft = nil
        _ = disk.perform((replaced ?? []).map { .remove(segment: $0) } + [.syncDirectory])
    }

    // MARK: - Restarts

    /// Ends the process, and changes the disk as the ending requires.
    mutating func end(_ ending: Ending, hub: Hub, random: inout SeededRandom, at now: Moment) {
        if ending == .inOrder {
            endInOrder(hub, at: now)
        } else if let batch {
            disk.operationsLeft = Int.random(in: 0...batch.count, using: &random)
            _ = disk.perform(batch, part: Int.random(in: 0...1000, using: &random))
        }
        batch = nil
        disk.operationsLeft = nil
        switch ending {
        case .inOrder, .killed: break
        case .lostPower: disk.losePower(using: &random)
        case .damaged:
            for _ in 0..<Int.random(in: 1...3, using: &random) { disk.damage(using: &random) }
        case .lostState: disk = SimulatedDisk()
        }
    }

    private mutating func endInOrder(_ hub: Hub, at now: Moment) {
        if let batch {
            self.batch = nil
            ended(disk.perform(batch), at: now)
        }
        guard !journal.isOff else { return }
        journal.end(hub: hub, at: now)
        begin(hub, at: now)
        if let batch { ended(disk.perform(batch), at: now) }
    }

    /// Returns the state that the next run recovers from the disk.
    func recovered(_ limits: LogLimits, at now: Moment) throws(JournalError)
        -> JournalRecovery.Result
    {
        var recovery = JournalRecovery(limits: limits, now: now)
        for segment in disk.segments {
            recovery.begin(segment: segment)
            try recovery.append(disk[segment])
            try recovery.end(isLast: segment == disk.segments.last)
        }
        return recovery.finish()
    }

    /// Begins the next run with the recovered state; some disks fail at the start.
    mutating func proceed(
        after found: JournalRecovery.Result, hub: Hub, random: inout SeededRandom, at now: Moment
    ) {
        copies += journal.copies
        journal = Journal(after: found, hub: hub, limits: Self.limits, at: now)
        hub.gathersChanges = true
        retryAt = nil
        replaced = nil
        if Int.random(in: 0..<8, using: &random) == 0 {
            disk.operationsLeft = Int.random(in: 0...4, using: &random)
        }
        awaitBeginning(hub, part: Int.random(in: 0...1000, using: &random), at: now)
        disk.operationsLeft = nil
    }

    /// Adds this writer's counts to those of the scenario.
    func count(into tally: inout Tally) {
        tally.copies = copies + journal.copies
        tally.failures = failures
        tally.failedCopies = failedCopies
        tally.overfull = overfull
    }
}
