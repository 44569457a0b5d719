// SPDX-License-Identifier: MIT
import CLinux
import Glibc
import Synchronization

/// A thread that performs operations on a directory's files, so that the loop never waits for a
/// disk.
///
/// Performs one batch at a time and posts its result to the loop's mailbox. Its methods must be
/// called on the loop's thread.
package final class FileWorker {
    private let context: FileWorkerInbox
    private let mailbox: Mailbox
    private let thread: pthread_t
    private var done: ((SystemError?) -> Void)?

    /// Starts a thread that owns `directory`.
    package init(_ directory: sending OwnedDirectory, loop: EventLoop) throws(SystemError) {
        mailbox = loop.mailbox
        let inbox = try FileWorkerInbox(directory)
        context = inbox
        thread = try WorkerThread.start("journal") { inbox.work() }
    }

    deinit { close() }

    /// True while a batch is in progress.
    package var isBusy: Bool { done != nil }

    /// Starts a batch; none may be in progress.
    ///
    /// `done` is called in a coming turn with the error, if any.
    package func begin(
        _ operations: [FileOperation], done: @escaping (SystemError?) -> Void
    ) {
        precondition(self.done == nil, "one batch at a time")
        self.done = done
        let worker = LoopBound(self)
        context.begin(operations) { [mailbox] in
            mailbox.post { worker.value?.ended() }
        }
    }

    /// Waits until the current batch has ended, for at most `limit`, and calls its `done` now;
    /// returns `false` if it has not ended.
    @discardableResult
    package func wait(atMost limit: Duration? = nil) -> Bool {
        guard done != nil else { return true }
        guard context.waitForResult(until: limit.map { .now + $0 }) else { return false }
        ended()
        return true
    }

    /// Ends the thread after the current batch; no batch can be started afterwards.
    package func close() {
        guard context.close() else { return }
        pthread_join(thread, nil)
    }

    private func ended() {
        guard let done, let result = context.takeResult() else { return }
        self.done = nil
        switch result {
        case .success: done(nil)
        case .failure(let error): done(error)
        }
    }
}

/// The shared state by which the loop passes a batch to its thread.
private final class FileWorkerInbox: Sendable {
    private struct State {
        var batch: (operations: [FileOperation], ended: @Sendable () -> Void)?
        var result: Result<Void, SystemError>?
        var isClosed = false
    }

    private let directory: Mutex<OwnedDirectory>
    private let state = Mutex(State())
    /// Wakes the thread for a batch, and the loop that waits for a result (eventfd(2)).
    private let toDo: Int32
    private let results: Int32

    init(_ directory: sending OwnedDirectory) throws(SystemError) {
        self.directory = Mutex(directory)
        toDo = eventfd(0, Int32(EFD_CLOEXEC))
        results = eventfd(0, Int32(EFD_CLOEXEC))
        guard toDo >= 0, results >= 0 else { throw .last("eventfd") }
    }

    deinit {
        _ = Glibc.close(toDo)
        _ = Glibc.close(results)
    }

    func begin(_ operations: [FileOperation], ended: @escaping @Sendable () -> Void) {
        state.withLock { $0.batch = (operations, ended) }
        eventfd_write(toDo, 1)
    }

    /// Closes the inbox; returns `true` if it was open.
    func close() -> Bool {
        let wasOpen = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        if wasOpen { eventfd_write(toDo, 1) }
        return wasOpen
    }

    func takeResult() -> Result<Void, SystemError>? {
        state.withLock { $0.result.take() }
    }

    /// Waits for a result; returns `false` if there is none at the deadline.
    func waitForResult(until deadline: ContinuousClock.Instant?) -> Bool {
        var count: eventfd_t = 0
        while state.withLock({ $0.result == nil }) {
            let left = deadline.map { ($0 - .now) / .milliseconds(1) }
            if let left, left <= 0 { return false }
            var descriptor = pollfd(fd: results, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, Int32(left?.rounded(.up) ?? -1)) > 0 {
                eventfd_read(results, &count)
            }
        }
        return true
    }

    func work() {
        var count: eventfd_t = 0
        while true {
            eventfd_read(toDo, &count)
            let (batch, isClosed) = state.withLock { state in
                (state.batch.take(), state.isClosed)
            }
            if let batch {
                let result = directory.withLock { directory in
                    Result { () throws(SystemError) in try directory.perform(batch.operations) }
                }
                state.withLock { $0.result = result }
                eventfd_write(results, 1)
                batch.ended()
            }
            if isClosed { return }
        }
    }
}
