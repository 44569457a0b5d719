// SPDX-License-Identifier: MIT

import PasserelleWire

/// Figures with the names under which they are published: in the metrics, in `STATUS`, or in both.
struct FigureTable {
    enum Value: Equatable {
        case integer(Int)
        case number(Double)
        case text(String)
        case histogram(DurationHistogram)
        /// A value that is already JSON.
        case json([UInt8])
    }

    /// A family of metrics, whose samples may differ in one label.
    struct Family {
        let name: String
        let kind: MetricsWriter.Kind
        let help: String
        let label: String?
    }

    struct Figure {
        let value: Value
        /// The family and the value of its label; `nil` if the figure is not a metric.
        let sample: (family: Family, label: String?)?
        /// The path in the object of `STATUS`, such as `log.bytes`; `nil` if it is not there.
        let status: String?
    }

    /// The figures in the order of the metrics.
    private(set) var figures: [Figure] = []
    /// If true, the figures that follow are not metrics.
    var isStatusOnly = false
    private var family: Family?

    /// Begins a family; `label` is the name of its label.
    mutating func family(
        _ name: String, _ kind: MetricsWriter.Kind, _ help: String, by label: String? = nil
    ) {
        family = Family(name: name, kind: kind, help: help, label: label)
    }

    /// Adds a sample of the family.
    mutating func sample(_ value: Value, _ label: String? = nil, status: String? = nil) {
        let sample = isStatusOnly ? nil : family.map { ($0, label) }
        figures.append(Figure(value: value, sample: sample, status: status))
    }

    /// Adds an integer sample of the family.
    mutating func sample(
        _ value: some BinaryInteger, _ label: String? = nil, status: String? = nil
    ) {
        sample(.integer(Int(clamping: value)), label, status: status)
    }

    /// Adds a counter, which only increases.
    mutating func counter(
        _ name: String, _ help: String, _ value: some BinaryInteger, status: String? = nil
    ) {
        family(name, .counter, help)
        sample(value, status: status)
    }

    /// Adds a gauge.
    mutating func gauge(
        _ name: String, _ help: String, _ value: some BinaryInteger, status: String? = nil
    ) {
        family(name, .gauge, help)
        sample(value, status: status)
    }

    /// Adds a gauge that is not an integer.
    mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        family(name, .gauge, help)
        sample(.number(value))
    }

    /// Adds a figure that only `STATUS` shows.
    mutating func status(_ path: String, _ value: Value) {
        figures.append(Figure(value: value, sample: nil, status: path))
    }

    /// Adds an integer that only `STATUS` shows.
    mutating func status(_ path: String, _ value: some BinaryInteger) {
        status(path, .integer(Int(clamping: value)))
    }

    /// Adds a text that only `STATUS` shows; `nil` is left out.
    mutating func status(_ path: String, _ text: String?) {
        if let text { status(path, .text(text)) }
    }
}
