// SPDX-License-Identifier: MIT

/// An encoder for metrics in Prometheus' text format, version 0.0.4.
///
/// Call `family` first, then append the family's samples.
package struct MetricsWriter {
    /// The `Content-Type` of the format.
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The type of a family.
    package enum Kind: String, Sendable {
        /// A value that only increases, except on a restart.
        case counter
        /// A value that can increase and decrease.
        case gauge
        case histogram
    }

    /// The text so far.
    package private(set) var text: [UInt8] = []
    private var name = ""

    package init() {}

    /// Starts a family; `name` must be well-formed, since it is not escaped.
    package mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        self.name = name
        text += "# HELP \(name) ".utf8
        escape(help, quotes: false)
        text += "\n# TYPE \(name) \(kind.rawValue)\n".utf8
    }

    /// Appends a sample to the family, with an optional label.
    package mutating func sample(_ value: Double, _ label: (name: String, value: String)? = nil) {
        sample(Self.number(value), label)
    }

    /// Appends an integer sample, exactly.
    package mutating func sample(
        _ value: some FixedWidthInteger, _ label: (name: String, value: String)? = nil
    ) {
        sample(String(value), label)
    }

    /// Appends a histogram's samples, in seconds.
    package mutating func samples(_ histogram: DurationHistogram) {
        let family = name
        var count: UInt64 = 0
        name = family + "_bucket"
        for (index, bound) in DurationHistogram.bounds.enumerated() {
            count += histogram.counts[index]
            sample(count, ("le", Self.number(bound.inSeconds)))
        }
        count += histogram.counts.last ?? 0
        sample(count, ("le", "+Inf"))
        name = family + "_sum"
        sample(histogram.sum.inSeconds)
        name = family + "_count"
        sample(count)
        name = family
    }

    private mutating func sample(_ value: String, _ label: (name: String, value: String)?) {
        text += name.utf8
        if let label {
            text += "{\(label.name)=\"".utf8
            escape(label.value, quotes: true)
            text += "\"}".utf8
        }
        text += " \(value)\n".utf8
    }

    private mutating func escape(_ words: String, quotes: Bool) {
        for byte in words.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): text += #"\\"#.utf8
            case UInt8(ascii: "\n"): text += #"\n"#.utf8
            case UInt8(ascii: "\"") where quotes: text += #"\""#.utf8
            default: text.append(byte)
            }
        }
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? value.description
    }
}

extension Duration {
    /// The duration in seconds, as a floating-point number.
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) / 1e18
    }
}

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
