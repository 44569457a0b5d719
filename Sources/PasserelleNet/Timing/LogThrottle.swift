// SPDX-License-Identifier: MIT

/// Limits the log lines for repeated occurrences of one kind.
///
/// The first occurrence is logged, and then at most one a minute, with the number of occurrences. A
/// client that sends too fast or a server that refuses everything must not fill the log. The log
/// itself only counts equal records; this type is for records that differ, such as in an address.
package struct LogThrottle<Kind: Hashable & Sendable>: Sendable {
    /// The period after a log line in which further occurrences of its kind are only counted.
    package static var rest: Duration { .seconds(60) }
    /// The number of kinds tracked separately; further ones, which a peer may invent, share a line.
    static var kindLimit: Int { 32 }

    private struct Entry {
        var loggedAt: Duration
        var unlogged: UInt64 = 0
    }

    /// The entries by kind; the key `nil` holds the kinds over the limit.
    private var entries: [Kind?: Entry] = [:]

    package init() {}

    /// Records an occurrence; returns the number of occurrences suppressed since the last log line,
    /// or `nil` if this one must not be logged.
    package mutating func passes(_ kind: Kind, now: Duration) -> UInt64? {
        let isKnown = entries[kind] != nil || entries.count < Self.kindLimit
        let key = isKnown ? kind : nil
        if var entry = entries[key], now - entry.loggedAt < Self.rest {
            entry.unlogged += 1
            entries[key] = entry
            return nil
        }
        let unlogged = entries[key]?.unlogged ?? 0
        entries[key] = Entry(loggedAt: now)
        return unlogged
    }

    /// Ends a kind, so that its next occurrence is logged; returns false if none was logged.
    package mutating func end(_ kind: Kind) -> Bool {
        entries.removeValue(forKey: kind) != nil
    }
}

/// Exponential back-off: the delay doubles with each consecutive failure, up to a bound.
///
/// The caller counts the failures and supplies the random number.
package struct Backoff: Equatable, Sendable {
    /// The delay after the first failure.
    package var first: Duration
    /// The longest delay.
    package var longest: Duration

    /// Creates a back-off.
    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// Returns the delay after consecutive failures; fewer than one count as one.
    package func delay(failures: Int) -> Duration {
        min(longest, first * (1 << min(max(failures, 1) - 1, 16)))
    }

    /// Returns a delay between `least` and `delay(failures:)`; `jitter` is random in 0..<1.
    package func delay(failures: Int, from least: Duration, jitter: Double) -> Duration {
        least + (delay(failures: failures) - least) * min(max(jitter, 0), 1)
    }
}

extension Duration {
    /// Whole milliseconds.
    package var milliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
