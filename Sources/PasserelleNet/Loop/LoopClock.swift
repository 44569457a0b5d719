// SPDX-License-Identifier: MIT

import Glibc

/// The two clocks of a loop; tests can replace them with clocks that they advance.
package struct LoopClock {
    /// Monotonic time.
    package let steady: () -> Duration

    /// Milliseconds since 1970, UTC.
    package let wallMilliseconds: () -> Int64

    package init(steady: @escaping () -> Duration, wallMilliseconds: @escaping () -> Int64) {
        self.steady = steady
        self.wallMilliseconds = wallMilliseconds
    }

    /// The kernel's clocks.
    package static var system: LoopClock {
        LoopClock(
            steady: {
                var time = timespec()
                clock_gettime(CLOCK_MONOTONIC, &time)
                return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
            },
            wallMilliseconds: {
                var time = timespec()
                clock_gettime(CLOCK_REALTIME, &time)
                return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
            })
    }
}
