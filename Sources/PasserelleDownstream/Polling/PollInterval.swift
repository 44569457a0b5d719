// SPDX-License-Identifier: MIT

/// The delay before a client should poll again: shorter if an event arrived recently.
///
/// It is a tenth of the time since the newest event, within bounds. An event is thus delayed by at
/// most a tenth of the silence before it:
///
///     silent for    2 s   10 s   20 s   30 s   50 s and more, or no event is held
///     retry_ms     1000   1000   2000   3000   5000
///
/// A poll that waits for events holds its request open during silence. Its client polls again
/// almost at once, but not so soon that each event of a busy channel costs a separate request.
package enum PollInterval {
    /// The divisor: the delay is the silence divided by this.
    package static let share = 10
    /// The shortest delay between polls that do not wait, in milliseconds.
    package static let shortest = 1_000
    /// The longest delay, in milliseconds.
    package static let longest = 5_000
    /// The delay before a poll that waits, in milliseconds.
    package static let betweenWaits = 100

    /// The longest delay before a poll that waits during an outage of Channels, in milliseconds.
    ///
    /// The beginning of an outage answers all waiting polls at once; they are repeated within this
    /// time, since no event can arrive meanwhile.
    package static let longestDuringOutage = 3_000

    /// Returns the delay before a poll that waits during an outage; `fraction` is in 0..<1.
    package static func duringOutage(_ fraction: Double) -> Int {
        betweenWaits + Int(fraction * Double(longestDuringOutage - betweenWaits))
    }

    /// The `wait` that an answer advises for the next poll, in seconds: less than the 30 s after
    /// which common proxies, and the rewrites of Next.js, give a request up.
    package static let advisedWait = 25

    /// Returns the `retry_ms` of an answer; `silence` is the time since the newest entry of all
    /// requested channels, or `nil` if none is held.
    package static func milliseconds(silence: Duration?, waits: Bool) -> Int {
        if waits { return betweenWaits }
        guard let silence else { return longest }
        let limit: Duration = .milliseconds(longest * share)
        let (seconds, attoseconds) = min(max(silence, .zero), limit).components
        let milliseconds = Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
        return min(max(milliseconds / share, shortest), longest)
    }
}
