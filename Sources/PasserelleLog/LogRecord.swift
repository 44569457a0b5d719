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
