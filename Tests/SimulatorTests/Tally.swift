// SPDX-License-Identifier: MIT

import PasserelleHub

/// Counts of the rare events in simulated scenarios, which show that the checks have met each of
/// them.
struct Tally {
    var lives: [Ending: Int] = [:]
    var gaps: [GapReason: Int] = [:]
    /// Restarts that found the journal cut inside a record.
    var tornTails = 0
    /// Restarts that found an unreadable part of the journal.
    var damagedMiddles = 0
    /// Restarts that lost entries which were not on the disk yet.
    var lostTails = 0
    /// Copies that were completed, and batches that failed.
    var copies = 0
    var failures = 0
    /// Batches that failed while everything was being rewritten.
    var failedCopies = 0
    /// Batches that ended after too many bytes had waited for them.
    var overfull = 0
    /// Messages that were retracted before they were on the disk, and after.
    var earlyRetractions = 0
    var lateRetractions = 0
    /// Starts whose disk failed before the new epoch was on it.
    var failedStarts = 0
    /// Readers that resumed at a position ahead of its epoch's end, or of an unknown epoch.
    var ahead = 0
    var unknownEpochs = 0
    /// Readers that resumed after a restart and found their position valid.
    var resumptions = 0
    /// Entries evicted from a log, by the limit that they exceeded.
    var evictedByCount = 0
    var evictedByBytes = 0
    var evictedByAge = 0
    var evictedByMemory = 0
    /// Streams that broke before all pending entries were delivered.
    var cutReplays = 0
    /// Streams that had stopped inside a message when it was deleted, and those of them with a
    /// message that the log had evicted.
    var deletedMidway = 0
    var deletedOutsideLog = 0
    var clockJumps = 0

    /// The names of the events that never occurred.
    var missing: [String] {
        let counts: [(String, Int)] = [
            ("torn tails", tornTails), ("damaged middles", damagedMiddles),
            ("lost tails", lostTails), ("copies", copies), ("failures", failures),
            ("failed copies", failedCopies), ("overfull journals", overfull),
            ("early retractions", earlyRetractions),
            ("late retractions", lateRetractions), ("failed starts", failedStarts),
            ("ahead", ahead),
            ("unknown epochs", unknownEpochs), ("resumptions", resumptions),
            ("evictions by count", evictedByCount), ("evictions by bytes", evictedByBytes),
            ("evictions by age", evictedByAge), ("evictions by memory", evictedByMemory),
            ("cut replays", cutReplays), ("deletions midway", deletedMidway),
            ("deletions outside the log", deletedOutsideLog), ("clock jumps", clockJumps),
        ]
        let reasons: [GapReason] = [.upstream, .idle, .restart, .evicted, .unknownPosition]
        return counts.filter { $0.1 == 0 }.map(\.0)
            + Ending.allCases.filter { lives[$0] == nil }.map { "runs that end \($0)" }
            + reasons.filter { gaps[$0] == nil }.map { "gaps \($0)" }
    }

    /// Adds the counters of a hub.
    mutating func count(_ counters: Counters) {
        evictedByCount += Int(clamping: counters.evictedByCount)
        evictedByBytes += Int(clamping: counters.evictedByBytes)
        evictedByAge += Int(clamping: counters.evictedByAge)
        evictedByMemory += Int(clamping: counters.evictedByMemory)
    }

    /// Adds another scenario's counts.
    mutating func add(_ other: Tally) {
        lives.merge(other.lives, uniquingKeysWith: +)
        gaps.merge(other.gaps, uniquingKeysWith: +)
        tornTails += other.tornTails
        damagedMiddles += other.damagedMiddles
        lostTails += other.lostTails
        copies += other.copies
        failures += other.failures
        failedCopies += other.failedCopies
        overfull += other.overfull
        earlyRetractions += other.earlyRetractions
        lateRetractions += other.lateRetractions
        failedStarts += other.failedStarts
        ahead += other.ahead
        unknownEpochs += other.unknownEpochs
        resumptions += other.resumptions
        evictedByCount += other.evictedByCount
        evictedByBytes += other.evictedByBytes
        evictedByAge += other.evictedByAge
        evictedByMemory += other.evictedByMemory
        cutReplays += other.cutReplays
        deletedMidway += other.deletedMidway
        deletedOutsideLog += other.deletedOutsideLog
        clockJumps += other.clockJumps
    }
}
