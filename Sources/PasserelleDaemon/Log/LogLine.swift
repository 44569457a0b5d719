// SPDX-License-Identifier: MIT

/// Writes one record as one line, or as one entry of the journal, whatever its values hold.
package enum LogLine {
    /// Where the lines go decides what stands before the message.
    package enum Form: Sendable, Equatable {
        /// `time=… level=… msg=…`, for a terminal or a file.
        case timed
        /// `<N>msg=…`: journald reads the priority and has a clock of its own.
        case journal
        /// A datagram for journald, with fields of their own.
        case native
    }

    /// The longest value that is written whole, in UTF-8 bytes; the rest of a longer one is cut.
    package static let valueBytes = 1_024

    /// The record's line, its LF included; `time` is milliseconds since 1970 UTC.
    package static func bytes(_ form: Form, _ record: LogRecord, time: Int64) -> [UInt8] {
        let level = record.level
        var line = ""
        switch form {
        case .timed: line += "time=\(UTCTime.text(milliseconds: time)) level=\(level.name) "
        case .journal: line += "<\(level.priority)>level=\(level.name) "
        case .native: return JournalEntry.bytes(record)
        }
        line += "msg=" + QuotedText.word(record.message, limit: valueBytes)
        for field in record.fields {
            line += " \(field.name)=" + QuotedText.word(field.value, limit: valueBytes)
        }
        line += "\n"
        return Array(line.utf8)
    }
}
