// SPDX-License-Identifier: MIT

import Glibc

/// An event loop on one thread: watches descriptors, fires timers, and runs closures posted by
/// other threads.
///
/// A *turn* is: wait in epoll; read both clocks once; dispatch the ready descriptors, including the
/// mailbox; fire due timers; run the closures of `execute`; run the hooks of `atTurnEnd`.
///
/// The loop keeps its registered objects (open links, listeners, signal sources) and timer closures
/// alive. They hold no strong reference to the loop; the program owns it. When the loop is
/// deallocated, it closes every registered descriptor and calls no owner.
///
/// Not Sendable: only `mailbox` may be used from threads other than the loop's.
package final class EventLoop {
    /// Bytes of the receive buffer that all links of the loop share; also the limit that one link
    /// reads in one turn.
    package static let receiveBufferSize = 65_536

    /// Monotonic time, read once a turn and constant within it.
    package private(set) var now: Duration

    /// Milliseconds since 1970, UTC, read once a turn.
    package private(set) var wallMilliseconds: Int64

    /// The mailbox by which other threads run closures on the loop.
    package let mailbox: Mailbox

    let poller: Poller
    let receiveBuffer: UnsafeMutableRawBufferPointer
    let lookups = Lookups()
    private let clock: LoopClock
    private var timers = DeadlineHeap<TimerBody>()
    private var deferredClosures: [() -> Void] = []
    private var endedLinks: [(link: Link, end: LinkEnd)] = []
    private var turnEndHooks: [() -> Void] = []
    private var isTurning = false
    private var isStopping = false

    /// Creates a loop; fails only if the process has no descriptor left.
    package init(clock: LoopClock = .system) throws(SystemError) {
        self.clock = clock
        poller = try Poller()
        mailbox = try Mailbox()
        receiveBuffer = .allocate(byteCount: Self.receiveBufferSize, alignment: 4_096)
        now = clock.steady()
        wallMilliseconds = clock.wallMilliseconds()
        try poller.watch(mailbox.descriptor, for: .readable, by: MailboxReader(self))
    }

    deinit {
        mailbox.close()
        lookups.close()
        for (link, _) in endedLinks { link.loopEnded() }
        receiveBuffer.deallocate()
    }

    /// Makes one turn, waiting at most `limit` for an event (`nil`: without a limit).
    package func runOnce(timeout limit: Duration? = nil) throws(SystemError) {
        precondition(!isTurning, "a turn inside a turn")
        let count = try poller.wait(milliseconds: waitingTime(upTo: limit))
        now = clock.steady()
        wallMilliseconds = clock.wallMilliseconds()
        isTurning = true
        defer { isTurning = false }
        // Timers added during this turn fire in a later one.
        let mark = timers.mark
        poller.dispatch(count)
        while let timer = timers.popFirst(through: now, upTo: mark) { timer.body() }
        runDeferred()
        for hook in turnEndHooks { hook() }
    }

    /// Makes turns until `stop` is called.
    package func run() throws(SystemError) {
        while !isStopping { try runOnce() }
        isStopping = false
    }

    /// Makes `run` return after this turn; another thread must post the call to the mailbox.
    package func stop() { isStopping = true }

    /// Runs `body` once after `delay`, but never within the turn that sets it.
    @discardableResult
    package func scheduleTask(in delay: Duration, _ body: @escaping () -> Void) -> TimerToken {
        timers.add(
            TimerBody(body: body), at: timerBase + min(max(delay, .zero), Self.longestDelay))
    }

    /// Cancels a timer; does nothing if it has fired.
    package func cancel(_ timer: TimerToken) { timers.remove(timer) }

    /// Runs `body` at the end of every turn from now on, in the order of the calls.
    package func atTurnEnd(_ body: @escaping () -> Void) { turnEndHooks.append(body) }

    /// Runs `body` once at the end of this turn, before the hooks; if called from a hook or outside
    /// a turn, it runs at the end of the next turn, which then does not wait.
    package func execute(_ body: @escaping () -> Void) { deferredClosures.append(body) }

    /// Makes the link report its end to its owner, when the closures of `execute` run.
    func scheduleEndNotification(of link: Link, _ end: LinkEnd) { endedLinks.append((link, end)) }

    /// The duration of the turn so far; reads the clock.
    package var turnDuration: Duration { clock.steady() - now }

    /// The turn's time, or the current time when outside a turn.
    var timerBase: Duration { isTurning ? now : clock.steady() }

    private var hasDeferred: Bool { !deferredClosures.isEmpty || !endedLinks.isEmpty }

    private static let longestDelay = Duration.seconds(1 << 32)
    private static let deferredRounds = 8

    private func waitingTime(upTo limit: Duration?) -> Int32 {
        if isStopping || hasDeferred { return 0 }
        guard limit != .zero else { return 0 }
        var wait = limit
        if let next = timers.first {
            let untilTimer = next - clock.steady()
            wait = min(wait ?? untilTimer, untilTimer)
        }
        guard let wait else { return -1 }
        // Rounded up, so that a timer is due when the wait ends.
        let (seconds, attoseconds) = min(max(wait, .zero), .seconds(1 << 20)).components
        return Int32(seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }

    private func runDeferred() {
        // After a few rounds, more closures wait for the next turn: other events are due too.
        for _ in 0..<Self.deferredRounds where hasDeferred {
            let (bodies, links) = (deferredClosures, endedLinks)
            deferredClosures = []
            endedLinks = []
            for body in bodies { body() }
            for (link, end) in links { link.notifyOwner(end) }
        }
    }
}

/// The closure of a timer: as an element, a bare closure would be wrapped in another one.
private struct TimerBody {
    let body: () -> Void
}

/// Runs the mailbox's closures; separate from the loop, so that the loop does not retain itself.
private final class MailboxReader: ReadinessHandler {
    private unowned let loop: EventLoop

    init(_ loop: EventLoop) { self.loop = loop }

    func ready(_ events: Interest) {
        for body in loop.mailbox.takeAll() { body(loop) }
    }

    func loopEnded() {}
}
