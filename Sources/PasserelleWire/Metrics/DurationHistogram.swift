// SPDX-License-Identifier: MIT

/// How many durations there were, by their length.
package struct DurationHistogram: Equatable, Sendable {
    /// The longest duration that each bucket but the last takes, rising.
    package static let bounds: [Duration] = [
        .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1),
        .microseconds(2_500), .milliseconds(5), .milliseconds(10), .milliseconds(25),
        .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
        .milliseconds(2_500),
    ]

    /// How many fell into each bucket; the last takes what is longer than every bound.
    package private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    /// All of them together.
    package private(set) var sum: Duration = .zero

    package init() {}

    /// Counts one.
    package mutating func add(_ duration: Duration) {
        let bucket = Self.bounds.firstIndex { duration <= $0 } ?? Self.bounds.count
        counts[bucket] += 1
        sum += duration
    }
}
