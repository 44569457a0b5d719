// SPDX-License-Identifier: MIT
package import PasserelleNet

/// A clock that only the test advances: `EventLoop(clock: manual.clock)`.
///
/// The loop's timers fire by the test's time. The kernel's time is not affected, for example that
/// of `TCP_USER_TIMEOUT`.
package final class ManualClock {
    private static let start: Duration = .seconds(1_000)
    private var steady = ManualClock.start
    /// The wall clock's offset, in milliseconds.
    private var wallShift: Int64 = 0

    package init() {}

    /// The loop's clock; its wall clock starts at the year 2026.
    package var clock: LoopClock {
        LoopClock(
            steady: { self.steady },
            wallMilliseconds: {
                1_767_225_600_000 + self.wallShift
                    + Int64((self.steady - Self.start) / .milliseconds(1))
            })
    }

    /// Advances both clocks.
    package func pass(_ time: Duration) {
        steady += time
    }

    /// Moves the wall clock, as an administrator does; the steady clock is not affected.
    package func setWall(by milliseconds: Int64) {
        wallShift += milliseconds
    }

    /// Advances both clocks in at least ten steps of at most half a second, and turns the loop a
    /// few times after each.
    package func pass(_ time: Duration, turning loop: EventLoop) throws {
        let end = steady + time
        let steps = max(10, Int((time / .milliseconds(500)).rounded(.up)))
        for step in 1...steps {
            steady = step == steps ? end : steady + time / steps
            for _ in 0..<5 { try loop.runOnce(timeout: .zero) }
        }
    }
}
