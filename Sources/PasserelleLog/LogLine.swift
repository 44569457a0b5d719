// SPDX-License-Identifier: MIT

import Glibc

/// Formats a record as exactly one line, or as one journald entry, for any content of its values.
package enum LogLine {
    /// The format of a record, which depends on the destination.
    package enum Form: Sendable, Equatable {
        /// `time=… level=… msg=…`, for a terminal or a file.
        case timed
        /// `<N>level=… msg=…`: journald reads the priority and adds its own time.
        case journald
        /// A datagram for journald, with separate fields.
        case native
    }

    /// The maximum length of a value in UTF-8 bytes; longer values are truncated.
    package static let valueBytes = 1_024

    /// Returns the line of a record, including its LF; `time` is in milliseconds since 1970 UTC.
    package static func bytes(_ form: Form, _ record: LogRecord, time: Int64) -> [UInt8] {
        let level = record.level
        var line = ""
        switch form {
        case .timed: line += "time=\(UTCTime.text(milliseconds: time)) level=\(level.name) "
        case .journald: line += "<\(level.priority)>level=\(level.name) "
        case .native: return JournaldEntry.bytes(record)
        }
        line += "msg=" + QuotedText.word(record.message, limit: valueBytes)
        for field in record.fields {
            line += " \(field.name)=" + QuotedText.word(field.value, limit: valueBytes)
        }
        line += "\n"
        return Array(line.utf8)
    }
}

/// Formats times as in RFC 3339.
package enum UTCTime {
    /// Formats milliseconds since 1970 as `2026-03-02T09:01:10.412Z`; earlier times as 1970.
    package static func text(milliseconds: Int64) -> String {
        let all = max(0, milliseconds)
        var seconds = time_t(all / 1_000)
        var date = tm()
        gmtime_r(&seconds, &date)
        var text = [CChar](repeating: 0, count: 40)
        let count = strftime(&text, text.count, "%FT%T", &date)
        return String(decoding: text[..<count].map(UInt8.init), as: UTF8.self)
            + ".\(String(1_000 + all % 1_000).dropFirst())Z"
    }
}

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

/// Suppresses repeated records: counts them and reports the count.
///
/// The first record is written at once. Equal records within the next `window` are counted. At the
/// end of the window, the last of them is written with their number as `repeated`, and a new window
/// begins. A window without records ends the suppression. If there are more than `limit` kinds of
/// records, the kind with the oldest window is dropped, after its count is written.
package struct RepeatedRecords: Sendable {
    /// The time for which equal records are counted.
    package static let window: Duration = .seconds(60)
    /// The maximum number of kinds of records.
    package static let limit = 16

    private struct Kind: Sendable {
        var last: LogRecord
        var since: Duration
        var count = 0

        /// The record that reports the count, if it is not zero.
        var summary: [LogRecord] {
            guard count > 0 else { return [] }
            var record = last
            record.fields.append(LogRecord.Field(name: "repeated", value: "\(count)"))
            return [record]
        }
    }

    /// The kinds, in the order in which their windows began.
    private var kinds: [Kind] = []

    /// Adds a record and returns the records to write now.
    ///
    /// Debug records are always written.
    package mutating func add(_ record: LogRecord, at now: Duration) -> [LogRecord] {
        var due = timePassed(at: now)
        guard record.level > .debug else { return due + [record] }
        if let index = kinds.firstIndex(where: { $0.last.isLike(record) }) {
            kinds[index].last = record
            kinds[index].count += 1
            return due
        }
        if kinds.count == Self.limit { due += kinds.removeFirst().summary }
        kinds.append(Kind(last: record, since: now))
        return due + [record]
    }

    /// Ends the windows that are over and returns the records to write.
    ///
    /// A clock that jumps backwards also ends a window.
    package mutating func timePassed(at now: Duration) -> [LogRecord] {
        guard let first = kinds.first,
            now - first.since >= Self.window || now < first.since
        else { return [] }
        let over = kinds.filter { now - $0.since >= Self.window || now < $0.since }
        kinds.removeAll { now - $0.since >= Self.window || now < $0.since }
        for kind in over where kind.count > 0 { kinds.append(Kind(last: kind.last, since: now)) }
        return over.flatMap(\.summary)
    }

    /// Ends all windows and returns the records to write.
    package mutating func ended() -> [LogRecord] {
        defer { kinds = [] }
        return kinds.flatMap(\.summary)
    }
}
