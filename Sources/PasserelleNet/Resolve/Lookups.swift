// SPDX-License-Identifier: MIT

import CLinux
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

/// Name resolution by the system's rules (getaddrinfo(3)), on separate threads.
///
/// At most `threadLimit` names are looked up at once, each on a short-lived thread; others wait.
/// There is no thread when no lookup is pending.
enum Resolver {
    /// The reason a name has no address: the resolver's message.
    struct Failure: Error, Equatable, Sendable {
        let words: String
    }

    typealias Answer = Result<[SocketAddress], Failure>

    static let threadLimit = 4

    /// Looks a name up on this thread, which may block for long; only for the start of a program.
    static func addresses(host: String, port: Int, isPassive: Bool = false) -> Answer {
        guard (0...65_535).contains(port) else { return .failure(Failure(words: "no such port")) }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_NUMERICSERV | (isPassive ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { return .failure(Failure(words: words(host: host, code: code))) }
        defer { freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var entry = list
        while let current = entry?.pointee {
            if let address = current.ai_addr {
                addresses.append(SocketAddress(address, count: current.ai_addrlen))
            }
            entry = current.ai_next
        }
        guard !addresses.isEmpty else {
            return .failure(Failure(words: "\(host) has no address"))
        }
        return .success(addresses)
    }

    private static func words(host: String, code: Int32) -> String {
        let reason = gai_strerror(code).map { String(cString: $0) } ?? "error \(code)"
        let shown = host.utf8.count <= 255 ? host : "a name of \(host.utf8.count) bytes"
        return "cannot resolve \(shown): \(reason)"
    }
}
