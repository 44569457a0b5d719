// SPDX-License-Identifier: MIT

/// Decides which of Channels' errors get a log line.
///
/// That is the first of a code, and then one a minute that says how many there were: a user who
/// types too fast elsewhere must not fill the log.
package struct ErrorPace {
    /// How long further errors of a code are only counted.
    package static let rest: Duration = .seconds(60)
    /// Codes that are told apart, since they are the peer's; the others share one line.
    static let codeLimit = 32

    private struct Entry {
        var toldAt: Duration
        var untold: UInt64 = 0
    }

    private var entries: [Int?: Entry] = [:]

    package init() {}

    /// An error came: answers how many there were since the last line, this one included, or `nil`
    /// where it gets none.
    package mutating func came(_ code: Int?, now: Duration) -> UInt64? {
        let isKnown = entries[code] != nil || entries.count < Self.codeLimit
        let key = isKnown ? code : nil
        guard var entry = entries[key] else {
            entries[key] = Entry(toldAt: now)
            return 1
        }
        entry.untold += 1
        defer { entries[key] = entry }
        guard now - entry.toldAt >= Self.rest else { return nil }
        defer { entry = Entry(toldAt: now) }
        return entry.untold
    }
}
