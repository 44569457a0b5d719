// SPDX-License-Identifier: MIT

import Glibc

/// One operation on the files of a directory; names must not contain a slash.
package enum FileOperation: Sendable {
    /// Creates an empty file, mode 0600; an existing file is truncated.
    case create(String)
    /// Writes bytes at an offset.
    case write(String, at: Int, [UInt8])
    /// Reads `count` bytes at an offset and writes the closure's result there, if any. Does nothing
    /// if the file has fewer bytes or does not exist.
    case rewrite(String, at: Int, count: Int, @Sendable ([UInt8]) -> [UInt8]?)
    /// Truncates a file to a length. Does nothing if the file is shorter or does not exist.
    case cut(String, to: Int)
    /// Writes a file's data to the disk (fdatasync(2)). Does nothing if the file does not exist.
    case sync(String)
    /// Removes a file. Succeeds if the file does not exist.
    case remove(String)
    /// Writes the directory's entries to the disk (fsync(2) of the directory).
    case syncDirectory
}
