// SPDX-License-Identifier: MIT

/// One thing to do with the journal's files, in the order given; a failed one ends the batch.
package enum DiskOperation: Equatable, Sendable {
    /// Make an empty segment that is not there yet.
    case create(segment: Int)
    /// Write bytes at a place, the end of what was written before.
    case write(segment: Int, at: Int, bytes: [UInt8])
    /// Read a record, and write what `JournalRecord.buried` gives for it in its place, if anything.
    case bury(segment: Int, at: Int, bytes: Int, Burial)
    /// Take off what lies behind so many bytes.
    case cut(segment: Int, to: Int)
    /// Have what was written reach the disk.
    case sync(segment: Int)
    /// Take a segment away; one that is not there is no failure.
    case remove(segment: Int)
    /// Have what segments there are reach the disk.
    case syncFolder
}
