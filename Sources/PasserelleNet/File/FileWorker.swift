// SPDX-License-Identifier: MIT
import CLinux
import Glibc
import Synchronization

/// A thread that works on a folder's files, so that the loop never waits for a disk.
///
/// It does one batch at a time and posts how it ended to the loop's mailbox. It belongs to the
/// loop's thread.
package final class FileWorker {
    private let desk: FileDesk
    private let mailbox: Mailbox
    private var thread = pthread_t()
    private var done: ((SystemError?) -> Void)?

    /// Hands a folder to a thread of its own.
    package init(_ folder: sending OwnedFolder, loop: EventLoop) throws(SystemError) {
        mailbox = loop.mailbox
        desk = try FileDesk(folder)
        let retained = Unmanaged.passRetained(desk)
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<FileDesk>.fromOpaque(argument).takeRetainedValue().work()
                return nil
            }, retained.toOpaque())
        guard code == 0 else {
            retained.release()
            throw SystemError(call: "pthread_create", code: code)
        }
    }

    deinit { close() }

    /// True while a batch is under way.
    package var isBusy: Bool { done != nil }

    /// Begins a batch; none may be under way.
    ///
    /// `done` is called in a coming turn, with what failed.
    package func begin(
        _ operations: [FileOperation], done: @escaping (SystemError?) -> Void
    ) {
        precondition(self.done == nil, "one batch at a time")
        self.done = done
        let worker = LoopBound(self)
        desk.begin(operations) { [mailbox] in
            mailbox.post { worker.value?.ended() }
        }
    }

    /// Waits until the batch that is under way has ended, and has its `done` called now.
    package func wait() {
        guard done != nil else { return }
        desk.waitForResult()
        ended()
    }

    /// Ends the thread once the batch under way has ended; nothing can be begun afterwards.
    package func close() {
        guard desk.close() else { return }
        pthread_join(thread, nil)
    }

    private func ended() {
        guard let done, let result = desk.takeResult() else { return }
        self.done = nil
        done(result.error)
    }
}

/// What only the loop's thread reads, on its way through another thread and back.
private struct LoopBound: @unchecked Sendable {
    private(set) weak var value: FileWorker?

    init(_ value: FileWorker) { self.value = value }
}

/// How a batch ended.
private struct BatchResult: Sendable {
    let error: SystemError?
}

/// Where the loop leaves a batch and its thread finds it.
private final class FileDesk: Sendable {
    private struct State {
        var batch: (operations: [FileOperation], ended: @Sendable () -> Void)?
        var result: BatchResult?
        var isClosed = false
    }

    private let folder: Mutex<OwnedFolder>
    private let state = Mutex(State())
    /// Counts what the thread has to look at, and what the loop may wait for (eventfd(2)).
    private let toDo: Int32
    private let results: Int32

    init(_ folder: sending OwnedFolder) throws(SystemError) {
        self.folder = Mutex(folder)
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

    /// Answers whether it was open.
    func close() -> Bool {
        let wasOpen = state.withLock { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        if wasOpen { eventfd_write(toDo, 1) }
        return wasOpen
    }

    func takeResult() -> BatchResult? {
        state.withLock { state in
            defer { state.result = nil }
            return state.result
        }
    }

    func waitForResult() {
        var count: eventfd_t = 0
        while state.withLock({ $0.result == nil }) { eventfd_read(results, &count) }
    }

    func work() {
        CLinux_name_thread("journal")
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
        var count: eventfd_t = 0
        while true {
            eventfd_read(toDo, &count)
            let (batch, isClosed) = state.withLock { state in
                defer { state.batch = nil }
                return (state.batch, state.isClosed)
            }
            if let batch {
                let error = perform(batch.operations)
                state.withLock { $0.result = BatchResult(error: error) }
                eventfd_write(results, 1)
                batch.ended()
            }
            if isClosed { return }
        }
    }

    private func perform(_ operations: [FileOperation]) -> SystemError? {
        folder.withLock { folder in
            do throws(SystemError) {
                try folder.perform(operations)
                return nil
            } catch {
                return error
            }
        }
    }
}
