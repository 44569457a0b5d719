// SPDX-License-Identifier: MIT

/// How long to wait before the next connection attempt: exponential, with full jitter.
///
/// | attempt | delay |
/// |---|---|
/// | 0 | 1 s |
/// | 1 | between 1 s and 2 s |
/// | 2 | between 1 s and 4 s |
/// | 6 and up | between 1 s and 60 s |
package enum Backoff {
    /// The shortest delay: a lost connection is never tried again at once.
    package static let least: Duration = .seconds(1)
    /// The longest delay.
    package static let most: Duration = .seconds(60)

    /// The delay before an attempt, where `jitter` is a random number in 0..<1.
    package static func delay(attempt: Int, jitter: Double) -> Duration {
        let cap = min(most, least * (1 << min(max(attempt, 0), 6)))
        return least + (cap - least) * min(max(jitter, 0), 1)
    }
}
