// SPDX-License-Identifier: MIT
import CLinux
import Glibc
import Synchronization

/// The one way into a loop from another thread: what is posted runs on the loop, in order.
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

    /// Has `body` run on the loop in a coming turn; drops it when the loop is gone.
    package func post(_ body: @escaping @Sendable () -> Void) {
        postToLoop { _ in body() }
    }

    /// Has `body` run on the loop with the loop itself, for what only the loop's thread may touch.
    package func postToLoop(_ body: @escaping @Sendable (EventLoop) -> Void) {
        let wakes = state.withLock { state in
            guard state.isOpen else { return false }
            state.posts.append(body)
            return state.posts.count == 1
        }
        if wakes { eventfd_write(descriptor, 1) }
    }

    /// Everything posted since the last time.
    func takeAll() -> [@Sendable (EventLoop) -> Void] {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        return state.withLock { state in
            defer { state.posts = [] }
            return state.posts
        }
    }

    /// Drops what waits and what is posted from now on.
    func shut() {
        let dropped = state.withLock { state in
            defer { state.posts = [] }
            state.isOpen = false
            return state.posts
        }
        _ = dropped
    }
}
