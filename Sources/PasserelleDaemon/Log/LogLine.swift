// SPDX-License-Identifier: MIT

/// Writes one record as one line, whatever its values hold.
package enum LogLine {
    /// Where the lines go decides what stands before the message.
    package enum Form: Sendable, Equatable {
        /// `time=… level=… msg=…`, for a terminal or a file.
        case timed
        /// `<N>msg=…`: journald reads the priority and has a clock of its own.
        case journal
    }

    /// The longest value that is written whole, in UTF-8 bytes; the rest of a longer one is cut.
    package static let valueBytes = 1_024

    /// The record's line, its LF included; `time` is milliseconds since 1970 UTC.
    package static func bytes(
        _ form: Form, _ level: LogLevel, time: Int64, message: String,
        fields: KeyValuePairs<String, String>
    ) -> [UInt8] {
        var line = ""
        switch form {
        case .timed: line += "time=\(UTCTime.text(milliseconds: time)) level=\(level.name) "
        case .journal: line += "<\(level.priority)>level=\(level.name) "
        }
        line += "msg=" + QuotedText.word(message, limit: valueBytes)
        for (key, value) in fields {
            line += " \(key)=" + QuotedText.word(value, limit: valueBytes)
        }
        line += "\n"
        return Array(line.utf8)
    }
}
