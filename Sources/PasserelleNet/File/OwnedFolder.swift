// SPDX-License-Identifier: MIT
import Glibc

/// A folder that belongs to this process alone for as long as this object lives: a lock on its
/// file `lock` says so (flock(2)).
///
/// Its calls wait for the disk. Not for several threads at once.
package final class OwnedFolder {
    /// Bytes that `read` gives at a time.
    package static let pieceBytes = 1 << 20

    private let folder: Int32
    private let lock: Int32
    private var open: [String: Int32] = [:]

    /// Takes a folder, making it (mode 0700) where it is not there; changes nothing else.
    package init(path: String) throws(FolderError) {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw .system(.last("mkdir \(path)"))
        }
        let folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else {
            throw errno == ENOTDIR ? .notAFolder : .system(.last("open"))
        }
        do throws(FolderError) {
            try Self.check(folder)
            lock = try Self.lock(folder)
        } catch {
            close(folder)
            throw error
        }
        self.folder = folder
        // A file size limit is a failed write, and no end of the process.
        Glibc.signal(SIGXFSZ, SIG_IGN)
    }

    deinit {
        for descriptor in open.values { close(descriptor) }
        // Said, and not left to `close`: a process that is just being started by another thread has
        // every descriptor of this one until its program begins, and would keep the lock.
        flock(lock, LOCK_UN)
        close(lock)
        close(folder)
    }

    private static func check(_ folder: Int32) throws(FolderError) {
        var found = stat()
        guard fstat(folder, &found) == 0 else { throw .system(.last("fstat")) }
        guard found.st_uid == geteuid() else { throw .otherOwner(found.st_uid) }
        guard found.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw .openToOthers(mode: found.st_mode & 0o777)
        }
    }

    private static func lock(_ folder: Int32) throws(FolderError) -> Int32 {
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW
        let lock = openat(folder, "lock", flags, 0o600)
        guard lock >= 0 else { throw .system(.last("open lock")) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let error = FolderError.system(.last("flock"))
            let isHeld = errno == EWOULDBLOCK
            close(lock)
            throw isHeld ? .inUse : error
        }
        return lock
    }

    // MARK: - Reading

    /// The names of the files there are, without order.
    package func names() throws(SystemError) -> [String] {
        let copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
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

    /// Gives a file's bytes, piece by piece.
    package func read<Failure: Error>(
        _ name: String, _ take: ([UInt8]) throws(Failure) -> Void
    ) throws(FolderReadError<Failure>) {
        let descriptor = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .system(.last("open \(name)")) }
        defer { close(descriptor) }
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
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
                throw .system(SystemError(call: "read \(name)", code: failure))
            }
            guard !piece.isEmpty else { return }
            do throws(Failure) { try take(piece) } catch { throw .taker(error) }
        }
    }

    // MARK: - Writing

    /// Does some operations in order; the first that fails ends it.
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
            guard unlinkat(folder, name, 0) == 0 || errno == ENOENT else {
                throw .last("unlink \(name)")
            }
        case .syncFolder:
            guard fsync(folder) == 0 else { throw .last("fsync") }
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

    /// The file, or `nil` where there is none.
    private func existing(_ name: String) throws(SystemError) -> Int32? {
        do throws(SystemError) {
            return try descriptor(name)
        } catch {
            if error.code == ENOENT { return nil }
            throw error
        }
    }

    /// The file, opened once; only a few are open at a time.
    private func descriptor(_ name: String, _ flags: Int32 = 0) throws(SystemError) -> Int32 {
        if let known = open[name] { return known }
        let descriptor = openat(folder, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0o600)
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

/// Why a file could not be read to its end.
package enum FolderReadError<Failure: Error>: Error {
    case system(SystemError)
    /// Whoever took the bytes did not want more.
    case taker(Failure)
}
