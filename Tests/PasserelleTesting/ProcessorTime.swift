// SPDX-License-Identifier: MIT
import Glibc

/// Returns the processor time of this thread for `body`; other programs do not count.
package func processorTime(of body: () throws -> Void) rethrows -> Duration {
    func now() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
    let began = now()
    try body()
    return now() - began
}

/// Returns the ratio of processor time that `work` takes for 8,000 and for 1,000.
///
/// About 8 if the work is linear, and about 64 if it is quadratic. Uses the shortest of three
/// measurements of each.
package func growth(of work: (Int) throws -> Void) rethrows -> Double {
    func least(_ count: Int) throws -> Duration {
        try (0..<3).map { _ in try processorTime(of: { try work(count) }) }.min() ?? .zero
    }
    let few = try least(1_000)
    return try least(8_000) / few
}
