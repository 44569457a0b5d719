// SPDX-License-Identifier: MIT

/// The times of a test stream's frames.
///
/// The first ten frames follow each other quickly, so that a client sees whether they arrive one by
/// one. Then there is one every 15 s, as often as a silent event stream has a comment:
///
///     frame     0    1    2   …    9     10    11    12    13
///     at      0 s  0.2  0.4   …  1.8    15 s  30 s  45 s  60 s
struct DiagnoseFrames: Equatable {
    enum Action: Equatable {
        /// Send the frame with this number.
        case send(Int)
        /// End the stream.
        case end
    }

    /// The number of frames at the beginning.
    static let burst = 10
    /// The time between two of them.
    static let burstInterval: Duration = .milliseconds(200)
    /// The time between two frames after that.
    static let quietInterval: Duration = .seconds(15)
    /// The length of the longest stream, in seconds; a longer one is reduced to it.
    static let longest = 75

    private let began: Duration
    private let ends: Duration
    private var count = 0

    /// Begins a stream of `seconds`.
    init(seconds: Int, at now: Duration) {
        began = now
        ends = now + .seconds(min(max(seconds, 1), Self.longest))
    }

    /// The time of the next action.
    var next: Duration {
        let quiet = count - Self.burst
        let due = quiet < 0 ? Self.burstInterval * count : Self.quietInterval * (quiet + 1)
        return min(began + due, ends)
    }

    /// Returns the action that is due at `next`.
    mutating func action(at now: Duration) -> Action {
        guard now < ends else { return .end }
        defer { count += 1 }
        return .send(count)
    }
}
