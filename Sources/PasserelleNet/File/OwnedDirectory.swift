// SPDX-License-Identifier: MIT

import Glibc

/// A directory that belongs to this process alone while this object lives.
///
/// It holds a lock on the directory's file `lock` (flock(2)). Its calls block on the disk. Must not
/// be used by several threads at once.
package final class OwnedDirectory {
    /// Bytes that `read` passes at a time.
    package static let pieceBytes = 1 << 20

    private let directory: Int32
    private let lock: Int32
    private var open: [String: Int32] = [:]

    /// Opens a directory, creating it (mode 0700) if it does not exist; changes nothing else.
    package init(path: String) throws(DirectoryError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw .system(.last("mkdir \(path)"))
        }
        let directory = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            throw errno == ENOTDIR ? .notADirectory : .system(.last("open"))
        }
        do throws(DirectoryError) {
            try Self.check(directory)
            lock = try Self.lock(directory)
        } catch {
            close(directory)
            throw error
        }
        self.directory = directory
        // At the file size limit, a write must fail instead of ending the process.
        Glibc.signal(SIGXFSZ, SIG_IGN)
    }

    deinit {
        for descriptor in open.values { close(descriptor) }
        // Unlocked explicitly, not by `close`: if another thread is starting a process, that
        // process has a copy of every descriptor until its program begins, and would keep the lock.
        flock(lock, LOCK_UN)
        close(lock)
        close(directory)
    }

    private static func check(_ directory: Int32) throws(DirectoryError) {
        var found = stat()
        guard fstat(directory, &found) == 0 else { throw .system(.last("fstat")) }
        guard found.st_uid == geteuid() else { throw .otherOwner(found.st_uid) }
        guard found.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw .openToOthers(mode: found.st_mode & 0o777)
        }
    }

    private static func lock(_ directory: Int32) throws(DirectoryError) -> Int32 {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let lock = openat(directory, "lock", flags, 0o600)
        guard lock >= 0 else { throw .system(.last("open lock")) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let error = DirectoryError.system(.last("flock"))
            let isHeld = errno == EWOULDBLOCK
            close(lock)
            throw isHeld ? .inUse : error
        }
        return lock
    }

    // MARK: - Reading

    /// Returns the names of the files, in no order.
    package func names() throws(SystemError) -> [String] {
        let copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let list = fdopendir(copy) else { throw .last("opendir") }
        defer { closedir(list) }
        var names: [String] = []
        while let entry = readdir(list) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Passes a file's bytes to `take`, piece by piece; returns `false` if the file is longer than
    /// `limit` and was not read to its end.
    @discardableResult
    package func read(
        _ name: String, limit: Int = .max, _ take: ([UInt8]) throws -> Void
    ) throws -> Bool {
        let descriptor = try openFile(name)
        defer { close(descriptor) }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        var total = 0
        while true {
            var failure: Int32 = 0
            let piece = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, count in
                var got = -1
                repeat {
                    got = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                    failure = got < 0 ? errno : 0
                } while failure == EINTR
                count = max(0, got)
            }
            guard failure == 0 else {
                throw SystemError(call: "read \(name)", code: failure)
            }
            guard !piece.isEmpty else { return true }
            total += piece.count
            guard total <= limit else { return false }
            try take(piece)
        }
    }

    /// Throws if a file of that name cannot be read.
    package func checkFile(_ name: String) throws {
        close(try openFile(name))
    }

    /// Opens a regular file; never blocks, for example on a FIFO.
    private func openFile(_ name: String) throws -> Int32 {
        let flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = openat(directory, name, flags)
        guard descriptor >= 0 else {
            // The errors for a symbolic link and for a socket.
            if errno == ELOOP || errno == ENXIO { throw NotAFile(name: name) }
            throw SystemError.last("open \(name)")
        }
        var found = stat()
        guard fstat(descriptor, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw NotAFile(name: name)
        }
        return descriptor
    }

    // MARK: - Writing

    /// Performs operations in order, until one fails.
    package func perform(_ operations: [FileOperation]) throws(SystemError) {
        for operation in operations { try perform(operation) }
    }

    private func perform(_ operation: FileOperation) throws(SystemError) {
        switch operation {
        case .create(let name):
            forget(name)
            _ = try descriptor(name, O_CREAT | O_TRUNC)
        case .write(let name, let place, let bytes): try write(name, place, bytes)
        case .rewrite(let name, let place, let count, let change):
            guard let file = try existing(name),
                let found = try read(file, name, place, count), let changed = change(found)
            else { return }
            try write(name, place, changed)
        case .cut(let name, let count): try cut(name, to: count)
        case .sync(let name):
            guard let file = try existing(name) else { return }
            guard fdatasync(file) == 0 else { throw .last("fdatasync \(name)") }
        case .remove(let name):
            forget(name)
            guard unlinkat(directory, name, 0) == 0 || errno == ENOENT else {
                throw .last("unlink \(name)")
            }
        case .syncDirectory:
            guard fsync(directory) == 0 else { throw .last("fsync") }
        }
    }

    private func write(_ name: String, _ place: Int, _ bytes: [UInt8]) throws(SystemError) {
        let descriptor = try descriptor(name)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(
                    descriptor, $0.baseAddress?.advanced(by: done), $0.count - done, place + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last("write \(name)") }
            done += count
        }
    }

    private func read(
        _ descriptor: Int32, _ name: String, _ place: Int, _ count: Int
    ) throws(SystemError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var done = 0
        while done < count {
            let got = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress?.advanced(by: done), count - done, place + done)
            }
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw .last("read \(name)") }
            guard got > 0 else { return nil }
            done += got
        }
        return bytes
    }

    private func cut(_ name: String, to count: Int) throws(SystemError) {
        guard let descriptor = try existing(name) else { return }
        var found = stat()
        guard fstat(descriptor, &found) == 0 else { throw .last("fstat \(name)") }
        guard found.st_size > count else { return }
        guard ftruncate(descriptor, count) == 0 else { throw .last("ftruncate \(name)") }
    }

    /// Returns the file, or `nil` if it does not exist.
    private func existing(_ name: String) throws(SystemError) -> Int32? {
        do throws(SystemError) {
            return try descriptor(name)
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }

    /// Returns the file, which stays open; only a few are open at a time.
    private func descriptor(_ name: String, _ flags: Int32 = 0) throws(SystemError) -> Int32 {
        if let known = open[name] { return known }
        let descriptor = openat(directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0o600)
        guard descriptor >= 0 else { throw .last("open \(name)") }
        if open.count >= Self.openLimit { open.keys.sorted().first.map(forget) }
        open[name] = descriptor
        return descriptor
    }

    private func forget(_ name: String) {
        if let descriptor = open.removeValue(forKey: name) { close(descriptor) }
    }

    private static let openLimit = 8
}

/// The error for a name that is not that of a regular file.
package struct NotAFile: Error {
    package let name: String
}
