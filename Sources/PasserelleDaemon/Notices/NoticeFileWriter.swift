// SPDX-License-Identifier: MIT

import CLinux
import Glibc
import PasserelleNet
import Synchronization

/// The thread that writes the notices' file: there is one only while there is something to write.
final class NoticeFileWriter: Sendable {
    /// One thing to write.
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

    init(path: String) {
        self.path = path
    }

    /// Has a job done after those before it; `done` is called from the thread.
    func add(_ job: Job, _ done: @escaping @Sendable (SystemError?) -> Void) {
        let needsThread = state.withLock { state in
            state.jobs.append((job, done))
            defer { state.isWorking = true }
            return !state.isWorking
        }
        guard needsThread, let failure = startThread() else { return }
        let jobs = state.withLock { state in
            state.isWorking = false
            defer { state.jobs = [] }
            return state.jobs
        }
        for entry in jobs { entry.done(failure) }
    }

    private func startThread() -> SystemError? {
        let writer = Unmanaged.passRetained(self)
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                Unmanaged<NoticeFileWriter>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, writer.toOpaque())
        guard code != 0 else { return nil }
        writer.release()
        return SystemError(call: "pthread_create", code: code)
    }

    private func work() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
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

    /// Writes runs of additions with one sync; of several replacements each in its turn.
    private func write(_ jobs: [(job: Job, done: @Sendable (SystemError?) -> Void)]) {
        var added: [UInt8] = []
        var waiting: [@Sendable (SystemError?) -> Void] = []
        func flush() {
            guard !waiting.isEmpty else { return }
            let failure = append(added)
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

    private func append(_ bytes: [UInt8]) -> SystemError? {
        Self.write(bytes, to: path, flags: O_APPEND)
    }

    private func replace(_ bytes: [UInt8]) -> SystemError? {
        let temporary = path + ".new"
        if let failure = Self.write(bytes, to: temporary, flags: O_TRUNC) { return failure }
        guard rename(temporary, path) == 0 else { return .here("rename") }
        // The name must outlive a loss of power, too.
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        let descriptor = open(
            folder.joined(separator: "/") + "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return .here("open") }
        defer { close(descriptor) }
        return fsync(descriptor) == 0 ? nil : .here("fsync")
    }

    private static func write(_ bytes: [UInt8], to path: String, flags: Int32) -> SystemError? {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0o600)
        guard descriptor >= 0 else { return .here("open") }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return .here("write") }
            rest = rest.dropFirst(count)
        }
        return fdatasync(descriptor) == 0 ? nil : .here("fdatasync")
    }
}

extension SystemError {
    /// What the call that just failed left behind.
    fileprivate static func here(_ call: String) -> SystemError {
        SystemError(call: call, code: errno)
    }
}
