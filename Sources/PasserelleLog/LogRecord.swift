// SPDX-License-Identifier: MIT

/// One record of the log; it must not contain the content of messages, secrets or cookies.
package struct LogRecord: Sendable {
    /// A field; its name consists of lower-case letters, digits and `_`.
    package struct Field: Equatable, Sendable {
        package let name: String
        package let value: String
    }

    package let level: LogLevel
    package let message: String
    package var fields: [Field]

    /// Creates a record with its fields in order.
    package init(_ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, String>) {
        self.level = level
        self.message = message
        self.fields = fields.map(Field.init)
    }

    /// Fields that are ignored when records are compared.
    private static let ignoredFields: Set<String> = ["retry_in"]

    /// Returns true if both records report the same event, regardless of their time.
    package func isLike(_ other: LogRecord) -> Bool {
        guard level == other.level, message == other.message, fields.count == other.fields.count
        else { return false }
        return zip(fields, other.fields).allSatisfy { one, other in
            one == other || one.name == other.name && Self.ignoredFields.contains(one.name)
        }
    }
}

extension LogRecord.Field {
    fileprivate init(_ pair: (key: String, value: String)) {
        self.init(name: pair.key, value: pair.value)
    }
}

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
