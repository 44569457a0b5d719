// SPDX-License-Identifier: MIT

/// One operation on the journal's files; operations run in order, and a failure ends the batch.
package enum DiskOperation: Equatable, Sendable {
    /// Creates an empty segment, which must not exist yet.
    case create(segment: Int)
    /// Writes bytes at an offset, which is the end of the bytes written before.
    case write(segment: Int, at: Int, bytes: [UInt8])
    /// Reads a record and overwrites it with `JournalRecord.retracted`, unless that returns `nil`.
    case retract(segment: Int, at: Int, bytes: Int, Retraction)
    /// Truncates a segment to a length in bytes.
    case cut(segment: Int, to: Int)
    /// Syncs a segment to the disk.
    case sync(segment: Int)
    /// Removes a segment; it is not a failure if the segment does not exist.
    case remove(segment: Int)
    /// Syncs the directory to the disk, so that created and removed segments are durable.
    case syncDirectory
}
