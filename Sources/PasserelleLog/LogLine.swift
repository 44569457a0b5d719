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
