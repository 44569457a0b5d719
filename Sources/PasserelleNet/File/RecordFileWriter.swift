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

    private struct State {
        var jobs: [(job: Job, done: @Sendable (SystemError?) -> Void)] = []
        var isWorking = false
    }

    private let state = Mutex(State())
    private let path: String

    init(path: String) { self.path = path }

    /// Queues a job; the thread calls `done`.
    func add(_ job: Job, _ done: @escaping @Sendable (SystemError?) -> Void) {
        let needsThread = state.withLock { state in
            state.jobs.append((job, done))
            defer { state.isWorking = true }
            return !state.isWorking
        }
        guard needsThread else { return }
        do throws(SystemError) {
            pthread_detach(try WorkerThread.start("records") { self.work() })
        } catch {
            let jobs = state.withLock { state in
                state.isWorking = false
                defer { state.jobs = [] }
                return state.jobs
            }
            for entry in jobs { entry.done(error) }
        }
    }

    private func work() {
        while true {
            let jobs = state.withLock { state in
                state.isWorking = !state.jobs.isEmpty
                defer { state.jobs = [] }
                return state.jobs
            }
            guard !jobs.isEmpty else { return }
            write(jobs)
        }
    }

    /// Writes the jobs in order; consecutive appends share one sync.
    private func write(_ jobs: [(job: Job, done: @Sendable (SystemError?) -> Void)]) {
        var added: [UInt8] = []
        var waiting: [@Sendable (SystemError?) -> Void] = []
        func flush() {
            guard !waiting.isEmpty else { return }
            let failure = Self.write(added, to: path, flags: O_APPEND)
            for done in waiting { done(failure) }
            (added, waiting) = ([], [])
        }
        for entry in jobs {
            switch entry.job {
            case .append(let bytes):
                added += bytes
                waiting.append(entry.done)
            case .replace(let bytes):
                flush()
                entry.done(replace(bytes))
            }
        }
        flush()
    }

    private func replace(_ bytes: [UInt8]) -> SystemError? {
        let temporary = path + ".new"
        if let failure = Self.write(bytes, to: temporary, flags: O_TRUNC) { return failure }
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
