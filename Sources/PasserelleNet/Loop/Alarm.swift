// SPDX-License-Identifier: MIT

/// One movable deadline with its timer, for the owner of a value that computes the deadline.
///
/// Postponing the deadline costs no timer: the earlier timer fires, and the callback must check the
/// time and set the alarm again.
package final class Alarm {
    private let loop: EventLoop
    private let body: () -> Void
    private var timer: TimerToken?
    private var firesAt: Duration?

    /// Creates an alarm that is not set; `body` is called each time the alarm fires.
    package init(_ loop: EventLoop, _ body: @escaping () -> Void) {
        self.loop = loop
        self.body = body
    }

    deinit {
        if let timer { loop.cancel(timer) }
    }

    /// Makes the alarm fire at `deadline` on the loop's clock, or earlier if it was set to an
    /// earlier deadline before; `nil` cancels it.
    package func set(_ deadline: Duration?) {
        if let firesAt, let deadline, deadline >= firesAt { return }
        if let timer { loop.cancel(timer) }
        timer = nil
        firesAt = deadline
        guard let deadline else { return }
        timer = loop.after(deadline - loop.now) { [weak self] in
            guard let self else { return }
            timer = nil
            firesAt = nil
            body()
        }
    }
}

/// A deadline that moves often and is seldom reached.
///
/// If the deadline moves to later or is cancelled, its timer is left as it is. When the timer
/// fires, it is set again if a deadline remains. So moving a deadline costs no timer. The owner
/// must set the timer when the methods return a time.
///
/// Each HTTP connection holds one. `Alarm` sets its own timer, but is an object with a closure: it
/// would take about 100 bytes more per connection.
package struct Deadline: Equatable, Sendable {
    /// The action required after the timer has fired.
    package enum Verdict: Equatable, Sendable {
        /// No deadline is set.
        case idle
        /// The deadline has moved: set the timer to it.
        case setAgain(Duration)
        /// The deadline is reached, and is now cleared.
        case reached
    }

    private var time: Duration?
    private var timerDeadline: Duration?

    /// Creates a deadline that is not set.
    package init() {}

    /// Moves the deadline; returns a time if a timer must be set to it, in place of a later one.
    package mutating func move(to time: Duration) -> Duration? {
        self.time = time
        if let timerDeadline, timerDeadline <= time { return nil }
        timerDeadline = time
        return time
    }

    /// Cancels the deadline.
    package mutating func cancel() { time = nil }

    /// Must be called when the timer fires.
    package mutating func fired(at now: Duration) -> Verdict {
        timerDeadline = nil
        guard let time else { return .idle }
        if time <= now {
            self.time = nil
            return .reached
        }
        timerDeadline = time
        return .setAgain(time)
    }
}
