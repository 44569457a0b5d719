// SPDX-License-Identifier: MIT

/// How much a record matters; `PASSERELLE_LOG` names the lowest that is written.
package enum LogLevel: UInt8, CaseIterable, Comparable, Sendable {
    case debug, info, warning, error

    /// The level called `name`, or `nil` where none is.
    package init?(name: String) {
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    /// The level's word, in a record as in `PASSERELLE_LOG`.
    package var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    /// The syslog priority that journald reads from a record's `<N>` (sd-daemon(3)).
    package var priority: UInt8 {
        switch self {
        case .debug: 7
        case .info: 6
        case .warning: 4
        case .error: 3
        }
    }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
