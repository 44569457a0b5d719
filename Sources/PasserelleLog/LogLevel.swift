// SPDX-License-Identifier: MIT

/// The severity of a record; the configuration sets the lowest level that is written.
package enum LogLevel: UInt8, CaseIterable, Comparable, Sendable {
    case debug, info, warning, error

    /// Returns the level with a name, in upper or lower case, or `nil` if there is none.
    package init?(name: String) {
        let names = ["warn": "warning", "err": "error"]
        let name = names[name.lowercased()] ?? name.lowercased()
        guard let level = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    /// The name of the level, in records and in the configuration.
    package var name: String { "\(self)" }

    /// The syslog priority, which journald reads from the `<N>` of a record (sd-daemon(3)).
    package var priority: UInt8 { [7, 6, 4, 3][Int(rawValue)] }

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}
