// SPDX-License-Identifier: MIT

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
