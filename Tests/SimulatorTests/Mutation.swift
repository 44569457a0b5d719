// SPDX-License-Identifier: MIT

/// A fault that is put in on purpose, to see that the checks find it.
enum Mutation: CaseIterable {
    /// A resumed reader begins one entry too late.
    case dropOnResume
    /// A resumed reader begins one entry too early.
    case repeatOnResume
    /// A loss of the connection is not told to the hub.
    case forgetOutage
    /// What fell off the log is not told as a gap.
    case forgetEviction
    /// The last event before a loss of the connection is heard again after it.
    case hearAgainAfterLoss
    /// What a restart may have lost is not told: the positions of the old epoch are all good.
    case believeEveryPosition
    /// A copy of everything that fails takes away what it was to replace.
    case removeAfterFailedCopy
    /// The disk is said to have what was only written.
    case skipSync
    /// What was taken back stays in the journal's files.
    case skipBurial
    /// A stream that stopped in the middle of a message goes on with it after its deletion, where the
    /// log had let go of it.
    case keepWhatLeftTheLog
}
