// SPDX-License-Identifier: MIT

/// The sizes of a journal, in bytes, and its sync interval.
package struct JournalLimits: Sendable {
    /// The size at which a segment is followed by the next.
    package var segmentBytes = 16 * 1_048_576
    /// The bytes of a segment that are read; no segment grows longer, and the rest is damage.
    package static let readBytes = 256 * 1_048_576
    /// The bytes of a copy that are written in one batch.
    package var sliceBytes = 131_072
    /// The bytes that the journal may have beyond twice the held data, before it is rewritten.
    package var floorBytes = 8 * 1_048_576
    /// The bytes that may wait for an unresponsive disk; beyond that, the disk counts as failed.
    package var waitingBytes = 64 * 1_048_576

    /// The time within which an event is on the disk, if a batch takes at most half of it.
    ///
    /// If a batch takes longer, an event is there within twice the time of a batch.
    package var sync: Duration = .milliseconds(50)

    package init() {}
}
