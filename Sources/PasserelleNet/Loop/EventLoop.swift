// SPDX-License-Identifier: MIT
import CLinux
import Glibc

/// One thread's loop: watches descriptors, fires timers, and runs what other threads post.
///
/// A *turn* is: wait in epoll; read both clocks once; tell every ready descriptor; run what the
/// mailbox held; fire due timers; run what `soon` gathered; run the hooks of `atTurnEnd`.
///
/// The loop keeps alive whatever is registered in it (open links, listeners, signal sources) and
/// the bodies of its timers. It is kept by the program alone: nothing it holds holds it. When it
/// goes away, every descriptor that is still registered is closed and nobody is called.
/// Not Sendable: all but `mailbox` belongs to the thread that turns it.
package final class EventLoop {
    /// Bytes of the buffer that all links of the loop receive into: the most that one link is
    /// read in one turn.
    package static let receiveBytes = 65_536

    /// Monotonic time, read once a turn and constant within it.
    package private(set) var now: Duration

    /// Milliseconds since 1970, UTC, read once a turn.
    package private(set) var wallMilliseconds: Int64

    /// Where other threads post what is to run here.
    package let mailbox: Mailbox

    let poller: Poller
    let receiveBuffer: UnsafeMutableRawBufferPointer
    let lookups = Lookups()
    private var timers = Timers()
    private var gathered: [() -> Void] = []
    private var ended: [(link: Link, end: LinkEnd)] = []
    private var hooks: [() -> Void] = []
    private var isTurning = false
    private var isStopping = false

    /// Makes a loop; fails only when the process has no descriptor left.
    package init() throws(SystemError) {
        poller = try Poller()
        mailbox = try Mailbox()
        receiveBuffer = .allocate(byteCount: Self.receiveBytes, alignment: 4_096)
        now = Self.monotonicTime()
        wallMilliseconds = Self.wallTime()
        try poller.watch(mailbox.descriptor, for: .readable, by: MailboxReader(self))
    }

    deinit {
        mailbox.shut()
        lookups.drop()
        for (link, _) in ended { link.loopEnded() }
        receiveBuffer.deallocate()
    }

    /// Makes one turn, waiting at most `limit` for something to do (`nil`: as long as it takes).
    package func turn(upTo limit: Duration? = nil) throws(SystemError) {
        precondition(!isTurning, "a turn inside a turn")
        let count = try poller.wait(milliseconds: waitingTime(upTo: limit))
        now = Self.monotonicTime()
        wallMilliseconds = Self.wallTime()
        isTurning = true
        defer { isTurning = false }
        let mark = timers.mark
        poller.dispatch(count)
        while let body = timers.takeDue(at: now, upTo: mark) { body() }
        runGathered()
        for hook in hooks { hook() }
    }

    /// Turns until `stop`.
    package func run() throws(SystemError) {
        while !isStopping { try turn() }
        isStopping = false
    }

    /// Has `run` return after this turn; from another thread, post it to the mailbox.
    package func stop() { isStopping = true }

    /// Has `body` run once, `delay` from now; never within the turn that sets it.
    @discardableResult
    package func after(_ delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
        timers.set(at: time + min(max(delay, .zero), Self.longestDelay), body)
    }

    /// Forgets a timer; does nothing when it fired already.
    package func cancel(_ timer: TimerToken) { timers.cancel(timer) }

    /// Has `body` run at the end of every turn from now on, in the order given.
    package func atTurnEnd(_ body: @escaping () -> Void) { hooks.append(body) }

    /// Has `body` run once, at the end of this turn before the hooks; from a hook or from outside
    /// a turn, at the end of the next, which then does not wait.
    package func soon(_ body: @escaping () -> Void) { gathered.append(body) }

    /// Has the link tell its owner how it ended, where `soon` would.
    func ended(_ link: Link, _ end: LinkEnd) { ended.append((link, end)) }

    /// How long the turn has taken so far, by a fresh look at the clock.
    package var turnLength: Duration { Self.monotonicTime() - now }

    /// The turn's time, or outside a turn the time as it is.
    var time: Duration { isTurning ? now : Self.monotonicTime() }

    private var hasGathered: Bool { !gathered.isEmpty || !ended.isEmpty }

    private static let longestDelay = Duration.seconds(1 << 32)
    private static let gatheredRounds = 8

    private func waitingTime(upTo limit: Duration?) -> Int32 {
        if isStopping || hasGathered { return 0 }
        guard limit != .zero else { return 0 }
        var wait = limit
        if let next = timers.next {
            let untilTimer = next - Self.monotonicTime()
            wait = min(wait ?? untilTimer, untilTimer)
        }
        guard let wait else { return -1 }
        // Rounded up, so that a timer is due when the wait ends.
        let (seconds, attoseconds) = min(max(wait, .zero), .seconds(1 << 20)).components
        return Int32(seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    private func runGathered() {
        // What gathers more than a few rounds deep waits for the next turn: others are due too.
        for _ in 0..<Self.gatheredRounds where hasGathered {
            let (bodies, links) = (gathered, ended)
            gathered = []
            ended = []
            for body in bodies { body() }
            for (link, end) in links { link.tell(end) }
        }
    }

    private static func monotonicTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func wallTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}

/// Runs what the mailbox holds; apart from the loop, so that the loop does not hold itself.
private final class MailboxReader: Watching {
    private unowned let loop: EventLoop

    init(_ loop: EventLoop) { self.loop = loop }

    func ready(_ events: Interest) {
        for body in loop.mailbox.takeAll() { body(loop) }
    }

    func loopEnded() {}
}
