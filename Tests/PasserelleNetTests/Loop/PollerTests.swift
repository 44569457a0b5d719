// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct PollerTests {
    @Test func `an event for a descriptor that was closed and reused in the same batch is dropped`()
        throws
    {
        let loop = try EventLoop()
        let first = try SocketPair(loop: loop)
        let second = try SocketPair(loop: loop)
        var reused: SocketPair?
        // The first one notified closes the other; the next socket reuses its number.
        func replace(_ other: SocketPair) throws {
            guard reused == nil else { return }
            let number = other.link.fileDescriptor
            other.link.close()
            let fresh = try SocketPair(loop: loop)
            reused = fresh
            #expect(fresh.link.fileDescriptor == number)
        }
        var failures: [any Error] = []
        func attempt(_ body: () throws -> Void) {
            do { try body() } catch { failures.append(error) }
        }
        first.recorder.onReceived = { _, _ in attempt { try replace(second) } }
        second.recorder.onReceived = { _, _ in attempt { try replace(first) } }
        first.send([1])
        second.send([2])
        try loop.runOnce(timeout: .seconds(5))
        let fresh = try #require(reused)
        #expect(failures.isEmpty)
        #expect(first.recorder.receivedCount + second.recorder.receivedCount == 1)
        // The new socket received no event. If it had, it would have found no bytes or, with the
        // old socket's hang-up, an end.
        #expect(fresh.recorder.received.isEmpty && fresh.recorder.ends.isEmpty)
        fresh.send([3])
        try run(loop, until: { fresh.recorder.received == [3] })
        first.recorder.onReceived = nil
        second.recorder.onReceived = nil
    }

    @Test func `a stale event is dropped`() throws {
        let poller = try Poller()
        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let old = Listening()
        try poller.watch(ends[0], for: .writable, by: old)
        let count = try poller.wait(milliseconds: 1_000)
        #expect(count == 1)
        // Between the wait and the dispatch, the descriptor gets another watcher.
        poller.unwatch(ends[0])
        let new = Listening()
        try poller.watch(ends[0], for: .readable, by: new)
        poller.dispatch(count)
        #expect(old.events.isEmpty && new.events.isEmpty)
        poller.unwatch(ends[0])
        for end in ends { close(end) }
    }

    @Test func `more ready descriptors than one batch holds are all reported`() throws {
        let poller = try Poller()
        var descriptors: [Int32] = []
        let watchers = (0..<600).map { _ in Listening() }
        for watcher in watchers {
            let descriptor = dup(1)
            var ends: [Int32] = [0, 0]
            close(descriptor)
            #expect(pipe(&ends) == 0)
            descriptors += ends
            try poller.watch(ends[1], for: .writable, by: watcher)
        }
        for _ in 0..<4 { poller.dispatch(try poller.wait(milliseconds: 100)) }
        #expect(!watchers.contains { $0.events.isEmpty })
        for index in stride(from: 1, to: descriptors.count, by: 2) {
            poller.unwatch(descriptors[index])
        }
        for descriptor in descriptors { close(descriptor) }
    }

    @Test func `a descriptor that cannot be watched is refused`() throws {
        let poller = try Poller()
        #expect(throws: SystemError(call: "epoll_ctl", code: EBADF)) {
            try poller.watch(1_000_000, for: .readable, by: Listening())
        }
    }
}

/// Records the events it receives.
private final class Listening: ReadinessHandler {
    var events: [Interest] = []
    func ready(_ events: Interest) { self.events.append(events) }
    func loopEnded() {}
}
