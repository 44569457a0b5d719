// SPDX-License-Identifier: MIT

/// Encodes a record as a datagram for journald (systemd.io, JOURNAL_NATIVE_PROTOCOL).
///
/// `MESSAGE` includes the fields, for tools that show only that; `PASSERELLE_CHANNEL=…` and the
/// like are for queries.
package enum JournaldEntry {
    /// The prefix of the names of the record's fields.
    package static let prefix = "PASSERELLE_"

    /// Returns the datagram of a record; it has no time, because journald adds its own.
    package static func bytes(_ record: LogRecord) -> [UInt8] {
        var entry: [UInt8] = []
        let words = record.fields.map {
            " \($0.name)=\(QuotedText.word($0.value, limit: LogLine.valueBytes))"
        }
        let message = QuotedText.escaped(record.message, limit: LogLine.valueBytes)
        append("MESSAGE", message + words.joined(), to: &entry)
        append("PRIORITY", "\(record.level.priority)", to: &entry)
        append("SYSLOG_IDENTIFIER", "passerelle", to: &entry)
        for field in record.fields {
            let value = QuotedText.escaped(field.value, limit: LogLine.valueBytes)
            append(prefix + name(field.name), value, to: &entry)
        }
        return entry
    }

    /// Appends a field in the simple form, which suffices because line breaks are escaped.
    private static func append(_ name: String, _ value: String, to entry: inout [UInt8]) {
        entry += Array("\(name)=\(value)\n".utf8)
    }

    /// Converts a field name to upper case, digits and `_`; journald drops fields with other names.
    private static func name(_ name: String) -> String {
        String(
            decoding: name.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - 32
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                    byte
                default: UInt8(ascii: "_")
                }
            }, as: UTF8.self)
    }
}
