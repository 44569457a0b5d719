// SPDX-License-Identifier: MIT

import Glibc
import Synchronization

/// Writes a `RecordFile` on a thread that exists only while there are bytes to write.
final class RecordFileWriter: Sendable {
    /// One write.
    enum Job: Sendable {
        case append([UInt8])
        case replace([UInt8])
    }

    private typealias Entry = (job: Job, done: @Sendable (SystemError?) -> Void)

    private let entries: JobQueue<Entry>
    /// The jobs that are not done yet.
    private let unfinished = Mutex(0)

    init(path: String) {
        entries = JobQueue("records", threadLimit: 1, batchLimit: .max) {
            Self.write($0, to: path)
        }
    }

    /// Queues a job; `done` is called on the thread, or at once if there is none.
    func add(_ job: Job, _ done: @escaping @Sendable (SystemError?) -> Void) {
        unfinished.withLock { $0 += 1 }
        let counted: @Sendable (SystemError?) -> Void = { [self] error in
            unfinished.withLock { $0 -= 1 }
            done(error)
        }
        if let error = entries.add((job, counted)) { counted(error) }
    }

    /// Waits until all jobs are done, for at most `limit`.
    func wait(atMost limit: Duration) {
        let end = ContinuousClock.now + limit
        while unfinished.withLock({ $0 }) > 0, .now < end { usleep(500) }
    }

    /// Writes the jobs in order; consecutive appends share one sync.
    private static func write(_ entries: [Entry], to path: String) {
        var added: [UInt8] = []
        var waiting: [@Sendable (SystemError?) -> Void] = []
        func flush() {
            guard !waiting.isEmpty else { return }
            let failure = write(added, to: path, flags: O_APPEND)
            for done in waiting { done(failure) }
            (added, waiting) = ([], [])
        }
        for entry in entries {
            switch entry.job {
            case .append(let bytes):
                added += bytes
                waiting.append(entry.done)
            case .replace(let bytes):
                flush()
                entry.done(replace(path, by: bytes))
            }
        }
        flush()
    }

    private static func replace(_ path: String, by bytes: [UInt8]) -> SystemError? {
        let temporary = path + ".new"
        if let failure = write(bytes, to: temporary, flags: O_TRUNC) { return failure }
        guard rename(temporary, path) == 0 else { return .last("rename") }
        // The rename must be synced too.
        let directory = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let descriptor = open(
            directory.joined(separator: "/") + "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return .last("open") }
        defer { close(descriptor) }
        return fsync(descriptor) == 0 ? nil : .last("fsync")
    }

    private static func write(_ bytes: [UInt8], to path: String, flags: Int32) -> SystemError? {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK | flags, 0o600)
        guard descriptor >= 0 else { return .last("open") }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return .last("write") }
            rest = rest.dropFirst(count)
        }
        return fdatasync(descriptor) == 0 ? nil : .last("fdatasync")
    }
}
