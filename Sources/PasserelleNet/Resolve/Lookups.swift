// SPDX-License-Identifier: MIT
import CLinux
import Glibc
import Synchronization

/// The names that one loop's dials wait for, and the threads that look them up.
///
/// Keeps each waiting link alive until its answer came or it was cancelled; a thread that is
/// inside getaddrinfo(3) cannot be stopped, so its late answer is dropped here.
final class Lookups {
    private var waiting: [UInt64: Link] = [:]
    private var lastNumber: UInt64 = 0
    private let desk = LookupDesk()

    /// Looks `host` up; the answer reaches `link` in a later turn.
    ///
    /// Gives a number to cancel by.
    func start(host: String, port: Int, for link: Link, on loop: EventLoop) -> UInt64 {
        lastNumber += 1
        let number = lastNumber
        waiting[number] = link
        let mailbox = loop.mailbox
        let started = desk.add(
            LookupDesk.Job(host: host, port: port) { answer in
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

    /// Lets go of the link that waits under this number.
    func cancel(_ number: UInt64) { waiting[number] = nil }

    /// Lets go of every link, closing it: the loop is going away.
    func drop() {
        for link in waiting.values { link.loopEnded() }
        waiting = [:]
    }

    private func answered(_ number: UInt64, _ answer: Resolver.Answer) {
        waiting.removeValue(forKey: number)?.dial?.resolved(answer)
    }
}

/// What waits to be looked up, shared by the loop and the threads that do it.
private final class LookupDesk: Sendable {
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

    /// Adds a job, and a thread for it unless enough are running; the error if none could start.
    func add(_ job: Job) -> SystemError? {
        let needsThread = state.withLock { state in
            state.jobs.append(job)
            guard state.threads < Resolver.threadLimit else { return false }
            state.threads += 1
            return true
        }
        guard needsThread, let error = startThread() else { return nil }
        return state.withLock { state in
            state.threads -= 1
            // Another thread, if there is one, comes to it.
            guard state.threads == 0, !state.jobs.isEmpty else { return nil }
            state.jobs.removeLast()
            return error
        }
    }

    private func startThread() -> SystemError? {
        let desk = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<LookupDesk>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, desk.toOpaque())
        guard code != 0 else {
            pthread_detach(thread)
            return nil
        }
        desk.release()
        return SystemError(call: "pthread_create", code: code)
    }

    /// Looks names up until none waits; signals stay with the program's own threads.
    private func work() {
        CLinux_name_thread("resolver")
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
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
