// SPDX-License-Identifier: MIT

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
