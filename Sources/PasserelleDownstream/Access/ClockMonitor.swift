// SPDX-License-Identifier: MIT

/// Detects that the wall clock was set or the machine was suspended, by a change of the difference
/// between the wall clock and the steady clock.
struct ClockMonitor: Sendable {
    /// The smallest change that counts; smaller ones are gradual corrections of the clock.
    static let tolerance: Duration = .milliseconds(500)

    private var offset: Duration

    init(steady: Duration, wallMilliseconds: Int64) {
        offset = .milliseconds(wallMilliseconds) - steady
    }

    /// Returns true if the clock was set since this last returned true.
    mutating func wasSet(steady: Duration, wallMilliseconds: Int64) -> Bool {
        let now = Duration.milliseconds(wallMilliseconds) - steady
        let difference = now - offset
        guard difference >= Self.tolerance || difference <= .zero - Self.tolerance else {
            return false
        }
        offset = now
        return true
    }
}
