// SPDX-License-Identifier: MIT

/// How long to wait before the next connection attempt: exponential, with full jitter.
///
/// | failures in a row | delay |
/// |---|---|
/// | 1 | between 1 s and 2 s |
/// | 2 | between 1 s and 4 s |
/// | 3 | between 1 s and 8 s |
/// | 4 | between 1 s and 16 s |
/// | 5 | between 1 s and 32 s |
/// | 6 and more | between 1 s and 60 s |
package enum Backoff {
    /// The shortest delay: a lost connection is never tried again at once.
    package static let least: Duration = .seconds(1)
    /// The longest delay.
    package static let most: Duration = .seconds(60)

    /// The delay after so many failures in a row, where `jitter` is a random number in 0..<1.
    package static func delay(failures: Int, jitter: Double) -> Duration {
        let cap = min(most, least * (1 << min(max(failures, 1), 6)))
        return least + (cap - least) * min(max(jitter, 0), 1)
    }
}
