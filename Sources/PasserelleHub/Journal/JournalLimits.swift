// SPDX-License-Identifier: MIT

/// The sizes that a journal keeps to, in bytes, and its pace.
package struct JournalLimits: Sendable {
    /// At what size a segment is followed by the next.
    package var segmentBytes = 16 * 1_048_576
    /// How much of a copy is written in one batch.
    package var sliceBytes = 131_072
    /// What the journal may have beyond twice what is held, before it is written anew.
    package var floorBytes = 8 * 1_048_576
    /// What may wait for a disk that does not answer; beyond it the disk counts as failed.
    package var waitingBytes = 64 * 1_048_576

    /// How old an event is at the most when it is on the disk, where the disk takes no longer than
    /// half of this for a batch; where it does, twice the time that it takes.
    package var sync: Duration = .milliseconds(50)

    package init() {}
}
