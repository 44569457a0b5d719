// SPDX-License-Identifier: MIT

import Glibc
import Synchronization

/// The pending name lookups of one loop's dials, and the threads that perform them.
///
/// Keeps each waiting link alive until its answer comes or it is cancelled. A thread in
/// getaddrinfo(3) cannot be stopped, so a late answer is dropped here.
final class Lookups {
    private var waiting: [UInt64: Link] = [:]
    private var lastNumber: UInt64 = 0
    private let context = LookupInbox()

    /// Looks `host` up for `link`, which receives the answer in a later turn; returns its number.
    func start(host: String, port: Int, for link: Link, on loop: EventLoop) -> UInt64 {
        lastNumber += 1
        let number = lastNumber
        waiting[number] = link
        let mailbox = loop.mailbox
        let started = context.add(
            LookupInbox.Job(host: host, port: port) { answer in
                mailbox.postToLoop { loop in loop.lookups.answered(number, answer) }
            })
        if let error = started {
            let words = "cannot resolve \(host): \(error)"
            loop.soon { [unowned loop] in
                loop.lookups.answered(number, .failure(Resolver.Failure(words: words)))
            }
        }
        return number
    }

    /// Cancels the lookup with this number and releases its link.
    func cancel(_ number: UInt64) { waiting[number] = nil }

    /// Closes and releases every link, when the loop is deallocated.
    func close() {
        for link in waiting.values { link.loopEnded() }
        waiting = [:]
    }

    private func answered(_ number: UInt64, _ answer: Resolver.Answer) {
        waiting.removeValue(forKey: number)?.dial?.resolved(answer)
    }
}

/// The queue of lookups, shared by the loop and its lookup threads.
private final class LookupInbox: Sendable {
    struct Job: Sendable {
        let host: String
        let port: Int
        let deliver: @Sendable (Resolver.Answer) -> Void
    }

    private struct State {
        var jobs: [Job] = []
        var threads = 0
    }

    private let state = Mutex(State())

    /// Adds a job, and a thread if too few are running; returns an error if there is no thread.
    func add(_ job: Job) -> SystemError? {
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            guard state.threads < Resolver.threadLimit else { return false }
            state.threads += 1
            return true
        }
        guard needsThread else { return nil }
        do throws(SystemError) {
            pthread_detach(try WorkerThread.start("resolver") { self.work() })
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

    /// Performs lookups until the queue is empty.
    private func work() {
        while let job = next() {
            job.deliver(Resolver.addresses(host: job.host, port: job.port))
        }
    }

    private func next() -> Job? {
        state.withLock { state in
            guard state.jobs.isEmpty else { return state.jobs.removeFirst() }
            state.threads -= 1
            return nil
        }
    }
}
