// SPDX-License-Identifier: MIT

/// The two clocks of one turn: the steady one for ages and deadlines, the wall clock for display.
package struct Moment: Equatable, Sendable {
    /// Time on a clock that never steps back, from an arbitrary start.
    package let steady: Duration
    /// UTC.
    package let wall: WallTime

    package init(steady: Duration, wall: WallTime) {
        self.steady = steady
        self.wall = wall
    }
}
