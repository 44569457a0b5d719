// SPDX-License-Identifier: MIT

/// Decides which of many notes that are alike get a log line.
///
/// That is the first of a kind, and then one a minute that says how many there were: a user who
/// types too fast elsewhere, or a server that refuses everything, must not fill the log.
package struct NotePace<Kind: Hashable & Sendable>: Sendable {
    /// How long further notes of a kind are only counted.
    package static var rest: Duration { .seconds(60) }
    /// Kinds that are told apart, since a peer may make them up; the others share one line.
    static var kindLimit: Int { 32 }

    private struct Entry {
        var toldAt: Duration
        var untold: UInt64 = 0
    }

    /// By kind; those that are too many under `nil`.
    private var entries: [Kind?: Entry] = [:]

    package init() {}

    /// Something came: answers how many others were passed over since the last line, or `nil` where
    /// this gets none either.
    package mutating func passes(_ kind: Kind, now: Duration) -> UInt64? {
        let isKnown = entries[kind] != nil || entries.count < Self.kindLimit
        let key = isKnown ? kind : nil
        if var entry = entries[key], now - entry.toldAt < Self.rest {
            entry.untold += 1
            entries[key] = entry
            return nil
        }
        let untold = entries[key]?.untold ?? 0
        entries[key] = Entry(toldAt: now)
        return untold
    }
}
