// SPDX-License-Identifier: MIT

/// A deadline that moves often and is seldom reached.
///
/// The timer that watches it is left where it is when the deadline moves to later or is lifted: it
/// looks when it fires, and is set again where there is still something to wait for. So to move a
/// deadline costs no timer. Its owner sets the timer when it is told to.
package struct Deadline: Equatable, Sendable {
    /// What is to be done when the timer has fired.
    package enum Verdict: Equatable, Sendable {
        /// Nothing is waited for any more.
        case idle
        /// The deadline has moved: set the timer to it.
        case setAgain(Duration)
        /// The deadline is reached, and no longer stands.
        case reached
    }

    private var time: Duration?
    private var alarm: Duration?

    /// Makes one that does not stand yet.
    package init() {}

    /// Moves the deadline; gives when a timer must fire, in the place of the one that is set, if
    /// that one would be too late.
    package mutating func move(to time: Duration) -> Duration? {
        self.time = time
        if let alarm, alarm <= time { return nil }
        alarm = time
        return time
    }

    /// Takes the deadline back.
    package mutating func lift() { time = nil }

    /// The timer has fired.
    package mutating func fired(at now: Duration) -> Verdict {
        alarm = nil
        guard let time else { return .idle }
        if time <= now {
            self.time = nil
            return .reached
        }
        alarm = time
        return .setAgain(time)
    }
}
