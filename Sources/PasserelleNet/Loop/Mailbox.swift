// SPDX-License-Identifier: MIT

import CLinux
import Glibc
import Synchronization

/// The only way into a loop from another thread: posted closures run on the loop, in order.
package final class Mailbox: Sendable {
    private struct State {
        var posts: [@Sendable (EventLoop) -> Void] = []
        var isOpen = true
    }

    let descriptor: Int32
    private let state = Mutex(State())

    init() throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw .last("eventfd") }
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Runs `body` on the loop in a coming turn, or drops it if the loop no longer exists.
    package func post(_ body: @escaping @Sendable () -> Void) {
        postToLoop { _ in body() }
    }

    /// Runs `body` on the loop and passes the loop, for state that belongs to its thread.
    package func postToLoop(_ body: @escaping @Sendable (EventLoop) -> Void) {
        let wakes = state.withLock { state in
            guard state.isOpen else { return false }
            state.posts.append(body)
            return state.posts.count == 1
        }
        if wakes { eventfd_write(descriptor, 1) }
    }

    /// Returns the closures posted since the last call.
    func takeAll() -> [@Sendable (EventLoop) -> Void] {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        return state.withLock { state in
            defer { state.posts = [] }
            return state.posts
        }
    }

    /// Drops the waiting closures and all that are posted later.
    func close() {
        let dropped = state.withLock { state in
            defer { state.posts = [] }
            state.isOpen = false
            return state.posts
        }
        _ = dropped
    }
}

/// A weak reference that another thread carries and only the loop's thread reads.
///
/// `@unchecked Sendable` is sound because `value` is read only in a closure that is posted to the
/// loop's mailbox, so on the thread that owns the object.
struct LoopBound<Value: AnyObject>: @unchecked Sendable {
    private(set) weak var value: Value?

    init(_ value: Value) { self.value = value }
}
