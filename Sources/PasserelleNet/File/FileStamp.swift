// SPDX-License-Identifier: MIT
import Glibc

/// Which file stands at a path, and as of when: where two are equal, nothing was put in its place or
/// written to it in between.
package struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let written: [Int]

    /// Looks at the file that a path leads to, through whatever links; `nil` where there is none.
    package init?(path: String) {
        var found = stat()
        guard stat(path, &found) == 0 else { return nil }
        device = UInt64(found.st_dev)
        inode = UInt64(found.st_ino)
        size = Int64(found.st_size)
        written = [
            found.st_mtim.tv_sec, found.st_mtim.tv_nsec, found.st_ctim.tv_sec,
            found.st_ctim.tv_nsec,
        ]
    }
}
