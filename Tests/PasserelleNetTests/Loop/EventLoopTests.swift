// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct EventLoopTests {
    @Test func `a timer does not fire before its time`() throws {
        let loop = try EventLoop()
        let start = ContinuousClock.now
        var firedAt: ContinuousClock.Instant?
        loop.scheduleTask(in: .milliseconds(30)) { firedAt = .now }
        try run(loop, until: { firedAt != nil })
        #expect(try #require(firedAt) - start >= .milliseconds(29))
    }

    @Test func `a timer of zero fires in the next turn, not in the one that sets it`() throws {
        let loop = try EventLoop()
        var log: [String] = []
        loop.scheduleTask(in: .zero) {
            log.append("first")
            loop.scheduleTask(in: .zero) { log.append("second") }
        }
        loop.atTurnEnd { log.append("end") }
        try loop.runOnce(timeout: .zero)
        #expect(log == ["first", "end"])
        try loop.runOnce(timeout: .seconds(5))
        #expect(log == ["first", "end", "second", "end"])
    }

    @Test func `a timer set by an event does not fire in the same turn`() throws {
        let loop = try EventLoop()
        let pair = try SocketPair(loop: loop)
        var log: [String] = []
        pair.recorder.onReceived = { [unowned loop] _, _ in
            loop.scheduleTask(in: .zero) { log.append("timer") }
            log.append("event")
        }
        loop.atTurnEnd { log.append("end") }
        pair.send([1])
        try loop.runOnce(timeout: .seconds(5))
        #expect(log == ["event", "end"])
    }

    @Test func `a cancelled timer does not fire`() throws {
        let loop = try EventLoop()
        var fired = false
        var isOver = false
        loop.cancel(loop.scheduleTask(in: .milliseconds(1)) { fired = true })
        loop.scheduleTask(in: .milliseconds(5)) { isOver = true }
        try run(loop, until: { isOver })
        #expect(!fired)
    }

    @Test func `an excessive delay can be set and cancelled like any other`() throws {
        let loop = try EventLoop()
        let token = loop.scheduleTask(in: .seconds(Int64.max)) {}
        loop.scheduleTask(in: .seconds(-5)) {}
        try loop.runOnce(timeout: .milliseconds(1))
        loop.cancel(token)
    }

    @Test func `a turn ends with timers, scheduled closures and hooks, in that order`() throws {
        let loop = try EventLoop()
        var log: [String] = []
        loop.atTurnEnd { log.append("hook 1") }
        loop.atTurnEnd { log.append("hook 2") }
        loop.scheduleTask(in: .zero) {
            loop.execute {
                log.append("soon")
                loop.execute { log.append("soon again") }
            }
            log.append("timer")
        }
        try loop.runOnce(timeout: .seconds(1))
        #expect(log == ["timer", "soon", "soon again", "hook 1", "hook 2"])
    }

    @Test func `a closure scheduled by a hook runs in the next turn, which does not wait`() throws {
        let loop = try EventLoop()
        var log: [String] = []
        var isFirst = true
        loop.atTurnEnd { [unowned loop] in
            if isFirst { loop.execute { log.append("soon") } }
            isFirst = false
            log.append("hook")
        }
        try loop.runOnce(timeout: .zero)
        #expect(log == ["hook"])
        let start = ContinuousClock.now
        try loop.runOnce(timeout: hangLimit)
        #expect(log == ["hook", "soon", "hook"])
        #expect(ContinuousClock.now - start < hangLimit)
    }

    @Test func `closures that schedule each other without end do not block the loop`() throws {
        let loop = try EventLoop()
        var rounds = 0
        weak let gathering = loop
        func again() {
            rounds += 1
            gathering?.execute(again)
        }
        again()
        try loop.runOnce(timeout: .zero)
        #expect((1...20).contains(rounds))
    }

    @Test func `time is constant within a turn`() throws {
        let loop = try EventLoop()
        var times: [Duration] = []
        loop.scheduleTask(in: .zero) {
            times.append(loop.now)
            let start = ContinuousClock.now
            while ContinuousClock.now - start < .milliseconds(3) {}
            times.append(loop.now)
        }
        try loop.runOnce(timeout: .seconds(1))
        #expect(times.count == 2)
        #expect(times.first == times.last)
        #expect(loop.wallMilliseconds > 1_700_000_000_000)
    }

    @Test func `run returns after stop`() throws {
        let loop = try EventLoop()
        loop.scheduleTask(in: .milliseconds(2)) { loop.stop() }
        try loop.run()
    }

    @Test func `the mailbox runs posts from other threads in order`() throws {
        let loop = try EventLoop()
        let mailbox = loop.mailbox
        let counter = Counter()
        let thread = try OtherThread {
            for number in 0..<1_000 { mailbox.post { counter.values.append(number) } }
            mailbox.postToLoop { $0.stop() }
        }
        try loop.run()
        thread.join()
        #expect(counter.values == Array(0..<1_000))
    }

    @Test func `posts to a deallocated loop are dropped`() throws {
        var loop: EventLoop? = try EventLoop()
        let mailbox = try #require(loop?.mailbox)
        weak let gone = loop
        loop = nil
        #expect(gone == nil)
        mailbox.post { Issue.record("this must never run") }
    }

    @Test func `signals arrive as events`() throws {
        let loop = try EventLoop()
        var seen: [Int32] = []
        // Real-time signals, sent to this thread only: other tests never receive them.
        let signals: [Int32] = [44, 45]
        let source = try SignalSource(loop: loop, signals: signals) { seen.append($0) }
        for signal in signals { pthread_kill(pthread_self(), signal) }
        try run(loop, until: { seen.count == 2 })
        #expect(seen.sorted() == signals)
        source.close()
        source.close()
    }
}

/// Written by posts only, which all run on the loop's thread.
private final class Counter: @unchecked Sendable {
    var values: [Int] = []
}

/// A thread that runs one closure.
private final class OtherThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private var thread = pthread_t()

    init(_ run: @escaping @Sendable () -> Void) throws {
        let body = Unmanaged.passRetained(Body(run))
        let code = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        guard code == 0 else { throw TestFailure("pthread_create: \(code)") }
    }

    func join() { pthread_join(thread, nil) }
}
