// SPDX-License-Identifier: MIT

/// A histogram of durations.
package struct DurationHistogram: Equatable, Sendable {
    /// The upper bounds of all buckets except the last, ascending.
    package static let bounds: [Duration] = [
        .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1),
        .microseconds(2_500), .milliseconds(5), .milliseconds(10), .milliseconds(25),
        .milliseconds(50), .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
        .milliseconds(2_500),
    ]

    /// The number of durations per bucket; the last bucket has those above every bound.
    package private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    /// The sum of all durations.
    package private(set) var sum: Duration = .zero

    package init() {}

    /// Adds a duration.
    package mutating func add(_ duration: Duration) {
        let bucket = Self.bounds.firstIndex { duration <= $0 } ?? Self.bounds.count
        counts[bucket] += 1
        sum += duration
    }
}
