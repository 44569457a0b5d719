// SPDX-License-Identifier: MIT

import CLinux
import Glibc
import Synchronization

/// Threads for calls that block.
enum WorkerThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(_ name: String, _ run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// Starts a thread that runs `body`, with all signals blocked.
    ///
    /// The caller must join or detach it.
    static func start(
        _ name: String, _ body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> pthread_t {
        let retained = Unmanaged.passRetained(Body(name, body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                CLinux_name_thread(body.name)
                var all = sigset_t()
                sigfillset(&all)
                pthread_sigmask(SIG_BLOCK, &all, nil)
                body.run()
                return nil
            }, retained.toOpaque())
        if code == 0 { return thread }
        retained.release()
        throw SystemError(call: "pthread_create", code: code)
    }
}

/// Jobs for calls that block, performed in order on threads that exist only while there are jobs.
final class JobQueue<Job: Sendable>: Sendable {
    private struct State {
        var jobs: [Job] = []
        var threads = 0
    }

    private let state = Mutex(State())
    private let name: String
    private let threadLimit: Int
    private let batchLimit: Int
    private let perform: @Sendable ([Job]) -> Void

    /// Creates a queue with at most `threadLimit` threads; `perform` receives at most `batchLimit`
    /// jobs at a time.
    init(
        _ name: String, threadLimit: Int, batchLimit: Int,
        _ perform: @escaping @Sendable ([Job]) -> Void
    ) {
        self.name = name
        self.threadLimit = threadLimit
        self.batchLimit = batchLimit
        self.perform = perform
    }

    /// Adds a job, and a thread if too few are running; returns an error if there is no thread.
    func add(_ job: Job) -> SystemError? {
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            guard state.threads < threadLimit else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return nil }
        do throws(SystemError) {
            pthread_detach(try WorkerThread.start(name) { self.work() })
            return nil
        } catch {
            return state.withLock { state in
                state.threads -= 1
                // If another thread runs, it performs the job.
                guard state.threads == 0, !state.jobs.isEmpty else { return nil }
                state.jobs.removeLast()
                return error
            }
        }
    }

    /// Performs jobs until the queue is empty.
    private func work() {
        while true {
            let jobs = state.withLock { state in
                let jobs = Array(state.jobs.prefix(batchLimit))
                state.jobs.removeFirst(jobs.count)
                if jobs.isEmpty { state.threads -= 1 }
                return jobs
            }
            guard !jobs.isEmpty else { return }
            perform(jobs)
        }
    }
}
