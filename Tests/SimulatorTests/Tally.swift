// SPDX-License-Identifier: MIT

import PasserelleHub

/// How often the rare things really happened in simulated days: a check that never sees one proves
/// nothing about it.
struct Tally {
    var lives: [Ending: Int] = [:]
    var gaps: [GapReason: Int] = [:]
    /// Restarts that found the end of the journal cut in the middle of a record.
    var tornTails = 0
    /// Restarts that found a part of it that cannot be read.
    var damagedMiddles = 0
    /// Restarts over which something that was said and not yet on the disk was lost.
    var lostTails = 0
    /// Copies of everything that were finished, and batches that failed.
    var copies = 0
    var failures = 0
    /// Batches that failed while everything was being written anew.
    var failedCopies = 0
    /// Messages that were taken back before they were on the disk, and after.
    var earlyRetractions = 0
    var lateRetractions = 0
    /// Readers that came back with a position ahead of all that was known, or of another epoch.
    var ahead = 0
    var unknownEpochs = 0
    /// Readers that came back after a restart and found their position good.
    var resumptions = 0
    /// Entries that left a log, by the bound that they were over.
    var evictedByCount = 0
    var evictedByBytes = 0
    var evictedByAge = 0
    var evictedByMemory = 0
    /// Streams that broke in the middle of what they lacked.
    var cutReplays = 0
    /// Streams that had stopped in the middle of a message when it was deleted, and those among them
    /// whose message had left the log before.
    var deletedMidway = 0
    var deletedOutsideLog = 0
    var clockJumps = 0

    /// Everything that never happened, by its name.
    var missing: [String] {
        let counts: [(String, Int)] = [
            ("torn tails", tornTails), ("damaged middles", damagedMiddles),
            ("lost tails", lostTails), ("copies", copies), ("failures", failures),
            ("failed copies", failedCopies), ("early retractions", earlyRetractions),
            ("late retractions", lateRetractions), ("ahead", ahead),
            ("unknown epochs", unknownEpochs), ("resumptions", resumptions),
            ("evictions by count", evictedByCount), ("evictions by bytes", evictedByBytes),
            ("evictions by age", evictedByAge), ("evictions by memory", evictedByMemory),
            ("cut replays", cutReplays), ("deletions midway", deletedMidway),
            ("deletions outside the log", deletedOutsideLog), ("clock jumps", clockJumps),
        ]
        let reasons: [GapReason] = [.upstream, .idle, .restart, .evicted, .unknownPosition]
        return counts.filter { $0.1 == 0 }.map(\.0)
            + Ending.allCases.filter { lives[$0] == nil }.map { "lives that end \($0)" }
            + reasons.filter { gaps[$0] == nil }.map { "gaps \($0)" }
    }

    /// Adds what a hub has counted in its life.
    mutating func count(_ counters: Counters) {
        evictedByCount += Int(clamping: counters.evictedByCount)
        evictedByBytes += Int(clamping: counters.evictedByBytes)
        evictedByAge += Int(clamping: counters.evictedByAge)
        evictedByMemory += Int(clamping: counters.evictedByMemory)
    }

    /// Adds another day's counts.
    mutating func add(_ other: Tally) {
        lives.merge(other.lives, uniquingKeysWith: +)
        gaps.merge(other.gaps, uniquingKeysWith: +)
        tornTails += other.tornTails
        damagedMiddles += other.damagedMiddles
        lostTails += other.lostTails
        copies += other.copies
        failures += other.failures
        failedCopies += other.failedCopies
        earlyRetractions += other.earlyRetractions
        lateRetractions += other.lateRetractions
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
