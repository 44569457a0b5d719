// SPDX-License-Identifier: MIT

/// How soon a client should poll again: sooner where something was said lately.
///
/// A tenth of the time for which the channels have been silent, so that news is late by a tenth of
/// the silence before it, within bounds:
///
///     silent for    2 s   10 s   20 s   30 s   50 s and more, or nothing is held
///     retry_ms     1000   1000   2000   3000   5000
///
/// A poll that waits for news holds its own request while nothing is said: its client comes back at
/// once, only not so soon that each event of a lively channel costs a request of its own.
package enum PollPace {
    /// What part of the silence is waited.
    package static let share = 10
    /// The shortest time between polls that do not wait, in milliseconds.
    package static let shortest = 1_000
    /// The longest, in milliseconds.
    package static let longest = 5_000
    /// The time before a poll that waits, in milliseconds.
    package static let betweenWaits = 100

    /// The `retry_ms` of an answer; `silence` is the time since the newest entry of all channels
    /// asked for, `nil` where none is held.
    package static func milliseconds(silence: Duration?, waits: Bool) -> Int {
        if waits { return betweenWaits }
        guard let silence else { return longest }
        let limit: Duration = .milliseconds(longest * share)
        let (seconds, attoseconds) = min(max(silence, .zero), limit).components
        let milliseconds = Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
        return min(max(milliseconds / share, shortest), longest)
    }
}
