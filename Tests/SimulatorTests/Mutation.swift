// SPDX-License-Identifier: MIT

/// A deliberate fault, which the checks must find.
enum Mutation: CaseIterable {
    /// A resumed reader starts one entry too late.
    case dropOnResume
    /// A resumed reader starts one entry too early.
    case repeatOnResume
    /// The hub is not notified of a lost connection.
    case forgetOutage
    /// Evicted entries are not reported as a gap.
    case forgetEviction
    /// The last event before a lost connection is repeated after it.
    case redeliverAfterLoss
    /// All positions of the old epoch are accepted, even if a restart may have lost entries.
    case acceptEveryPosition
    /// A reader ahead of its epoch's end receives that epoch again.
    case repeatEpochWhenAhead
    /// A reader ahead of its epoch's end counts as a reader of an unknown epoch.
    case forgetEpochWhenAhead
    /// A start does not wait until its epoch is on the disk.
    case sendBeforeBeginning
    /// A failed copy removes the files that it was to replace.
    case removeAfterFailedCopy
    /// Bytes that were only written are reported as synced.
    case skipSync
    /// Retracted messages stay in the journal's files.
    case skipRetraction
    /// A stream that stopped inside a message continues it after its deletion, if the log has
    /// evicted the message.
    case keepWhatLeftTheLog
}
