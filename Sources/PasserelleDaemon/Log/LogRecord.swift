// SPDX-License-Identifier: MIT

/// One thing that happened, as it is logged: never a message's content, a secret or a cookie.
package struct LogRecord: Sendable {
    /// A name and its value; the name is lower-case letters, digits and `_`.
    package struct Field: Equatable, Sendable {
        let name: String
        let value: String
    }

    let level: LogLevel
    let message: String
    var fields: [Field]

    /// A record with its fields in their order.
    package init(_ level: LogLevel, _ message: String, _ fields: KeyValuePairs<String, String>) {
        self.level = level
        self.message = message
        self.fields = fields.map(Field.init)
    }

    /// Fields that differ each time though the same thing happens.
    private static let fleeting: Set<String> = ["retry_in"]

    /// Says whether the same thing happened, whenever that was.
    func isLike(_ other: LogRecord) -> Bool {
        guard level == other.level, message == other.message, fields.count == other.fields.count
        else { return false }
        return zip(fields, other.fields).allSatisfy { one, other in
            one == other || one.name == other.name && Self.fleeting.contains(one.name)
        }
    }
}

extension LogRecord.Field {
    fileprivate init(_ pair: (key: String, value: String)) {
        self.init(name: pair.key, value: pair.value)
    }
}
