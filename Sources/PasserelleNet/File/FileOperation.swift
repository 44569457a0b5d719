// SPDX-License-Identifier: MIT

/// One thing to do with the files of a folder; names have no slash.
package enum FileOperation: Sendable {
    /// Make an empty file, mode 0600; one that is there loses what it holds.
    case create(String)
    /// Write bytes at a place.
    case write(String, at: Int, [UInt8])
    /// Read so many bytes at a place and write what the closure gives for them there, if anything;
    /// where there are fewer, or no file, nothing is done.
    case rewrite(String, at: Int, count: Int, @Sendable ([UInt8]) -> [UInt8]?)
    /// Take off what lies behind so many bytes; a file that is not there, or no longer, stays so.
    case cut(String, to: Int)
    /// Have what was written reach the disk (fdatasync(2)); a file that is not there has nothing.
    case sync(String)
    /// Take a file away; one that is not there is no failure.
    case remove(String)
    /// Have what files there are reach the disk (fsync(2) of the folder).
    case syncFolder
}
