// SPDX-License-Identifier: MIT

import Glibc

/// Reads whole files.
package enum FileReader {
    /// Reads a file of at most `limit` bytes.
    package static func read(
        _ path: String, limit: Int = .max
    ) -> Result<[UInt8], FileFailure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return .failure(.refused(errno)) }
        defer { close(descriptor) }
        return read(descriptor, limit: limit)
    }

    /// Reads a whole regular file of at most `limit` bytes; fails for other kinds of files, such as
    /// a FIFO, without blocking.
    package static func readRegular(_ path: String, limit: Int) -> Result<[UInt8], FileFailure> {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            return .failure(errno == ENXIO ? .notAFile : .refused(errno))
        }
        defer { close(descriptor) }
        var found = stat()
        guard fstat(descriptor, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
            return .failure(.notAFile)
        }
        return read(descriptor, limit: limit)
    }

    /// Reads from a descriptor until the end of file, at most `limit` bytes.
    package static func read(_ descriptor: Int32, limit: Int) -> Result<[UInt8], FileFailure> {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &piece, piece.count)
            let failure = errno
            if count == 0 { return .success(bytes) }
            if count < 0 && failure == EINTR { continue }
            guard count > 0 else { return .failure(.refused(failure)) }
            bytes += piece[..<count]
            guard bytes.count <= limit else { return .failure(.tooLarge(limit: limit)) }
        }
    }
}

/// The reason why a file cannot be read.
package enum FileFailure: Error, Equatable, Sendable {
    /// A system call failed with this `errno`.
    case refused(Int32)
    /// The path is a directory, a FIFO or another file that is not regular.
    case notAFile
    /// The file has more than `limit` bytes.
    case tooLarge(limit: Int)
}

extension FileFailure {
    /// The description of the failure, from `strerror(3)` if the system reported it.
    package var reason: String {
        switch self {
        case .refused(let code): String(cString: strerror(code))
        case .notAFile: "not a regular file"
        case .tooLarge(let limit): "longer than \(limit) bytes"
        }
    }
}

/// The identity and time of a file; equal stamps mean that it was neither replaced nor written to.
package struct FileStamp: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let written: [Int]

    /// Reads the stamp of the file at `path`, following links; returns `nil` if there is none.
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
