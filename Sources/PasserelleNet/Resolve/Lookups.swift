// SPDX-License-Identifier: MIT

/// The pending name lookups of one loop's dials, and the threads that perform them.
///
/// Keeps each waiting link alive until its answer comes or it is cancelled. A thread in
/// getaddrinfo(3) cannot be stopped, so a late answer is dropped here.
final class Lookups {
    private var waiting: [UInt64: Link] = [:]
    private var lastNumber: UInt64 = 0
    private let jobs = JobQueue<Job>("resolver", threadLimit: Resolver.threadLimit, batchLimit: 1) {
        for job in $0 { job.deliver(Resolver.addresses(host: job.host, port: job.port)) }
    }

    private struct Job: Sendable {
        let host: String
        let port: Int
        let deliver: @Sendable (Resolver.Answer) -> Void
    }

    /// Looks `host` up for `link`, which receives the answer in a later turn; returns its number.
    func start(host: String, port: Int, for link: Link, on loop: EventLoop) -> UInt64 {
        lastNumber += 1
        let number = lastNumber
        waiting[number] = link
        let mailbox = loop.mailbox
        let job = Job(host: host, port: port) { answer in
            mailbox.postToLoop { loop in loop.lookups.answered(number, answer) }
        }
        if let error = jobs.add(job) {
            let words = "cannot resolve \(host): \(error)"
            loop.execute { [unowned loop] in
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
