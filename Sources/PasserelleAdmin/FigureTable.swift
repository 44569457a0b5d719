// SPDX-License-Identifier: MIT

import Glibc
import PasserelleNet
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

/// The kernel's figures of this process.
package struct ProcessFigures: Equatable {
    package var residentBytes = 0
    package var virtualBytes = 0
    package var cpu: Duration = .zero
    package var openDescriptors = 0
    package var descriptorLimit: UInt64 = 0

    /// Reads the figures; returns `nil` if `/proc` cannot be read.
    package static func now() -> ProcessFigures? {
        guard let pages = memoryPages(), let descriptors = countDescriptors() else { return nil }
        let page = sysconf(Int32(_SC_PAGESIZE))
        var figures = ProcessFigures()
        figures.virtualBytes = pages.total * page
        figures.residentBytes = pages.resident * page
        figures.openDescriptors = descriptors
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        figures.cpu = usage.ru_utime.duration + usage.ru_stime.duration
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        figures.descriptorLimit = UInt64(limit.rlim_cur)
        return figures
    }

    /// Returns the first two numbers of `/proc/self/statm`.
    private static func memoryPages() -> (total: Int, resident: Int)? {
        guard case .success(let bytes) = FileReader.read("/proc/self/statm") else { return nil }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard words.count >= 2, let total = Int(words[0]), let resident = Int(words[1]) else {
            return nil
        }
        return (total, resident)
    }

    /// Returns the number of open descriptors; takes some milliseconds for ten thousand.
    private static func countDescriptors() -> Int? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Excludes `.`, `..` and the descriptor of this directory.
        return max(0, count - 3)
    }
}

extension timeval {
    fileprivate var duration: Duration { .seconds(tv_sec) + .microseconds(tv_usec) }
}
