// SPDX-License-Identifier: MIT

package import PasserelleHub

/// The state of the connection to Channels as it is reported to readers.
///
/// A loss is reported once it has lasted for `delay`; the new connection is reported at once. So a
/// reader does not see a reconnect that takes less than `delay`, as when Channels asks for one; the
/// events that were lost by it are covered by a gap.
package struct ReportedUpstream: Equatable, Sendable {
    /// How long the connection must be lost before it is reported to readers.
    package static let delay: Duration = .seconds(2)

    /// How long after an outage a conditional poll is answered in full, with the new state: its
    /// client holds an answer of the outage, which may have the same position.
    package static let fullAnswerPeriod: Duration = .seconds(60)

    /// True if readers are told that Channels is away.
    package private(set) var isAway = false
    /// The time of the loss, or of the connection that ended it.
    package private(set) var since: WallTime
    /// The time of a loss that is not reported yet.
    private var lost: Moment?

    /// When the last outage that was reported ended, on the steady clock.
    private var ended: Duration?

    /// Creates the state of a connection that is not lost.
    package init(at now: Moment) {
        since = now.wall
    }

    /// The state in one word.
    package var word: String { isAway ? "away" : "connected" }

    /// True during an outage and for `fullAnswerPeriod` after it.
    package func requiresFullAnswer(at now: Duration) -> Bool {
        isAway || ended.map { now - $0 < Self.fullAnswerPeriod } ?? false
    }

    /// The time at which `timePassed` must be called; `nil` if no time is awaited.
    package var deadline: Duration? { lost.map { $0.steady + Self.delay } }

    /// Handles the loss of the connection; a further loss before the next connection has no effect.
    package mutating func lost(at now: Moment) {
        if !isAway, lost == nil { lost = now }
    }

    /// Handles a new connection; returns true if the reported state has changed.
    package mutating func connected(at now: Moment) -> Bool {
        lost = nil
        guard isAway else { return false }
        isAway = false
        ended = now.steady
        since = now.wall
        return true
    }

    /// Handles the passage of time; returns true if the reported state has changed.
    package mutating func timePassed(at now: Moment) -> Bool {
        guard let lost, now.steady - lost.steady >= Self.delay else { return false }
        self.lost = nil
        isAway = true
        since = lost.wall
        return true
    }
}
