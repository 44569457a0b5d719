// SPDX-License-Identifier: MIT

/// One record as journald takes it: a datagram of fields (systemd.io, JOURNAL_NATIVE_PROTOCOL).
///
/// `MESSAGE` has the fields too, for whoever reads only that; `PASSERELLE_CHANNEL=…` and the like
/// are for queries.
enum JournalEntry {
    /// The prefix of our own fields' names.
    static let prefix = "PASSERELLE_"

    /// The record's datagram; journald has a clock of its own.
    static func bytes(_ record: LogRecord) -> [UInt8] {
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

    /// No value has a line break: those are escaped, so that the simple form is enough.
    private static func append(_ name: String, _ value: String, to entry: inout [UInt8]) {
        entry += Array("\(name)=\(value)\n".utf8)
    }

    /// Journald drops a field whose name is anything but capitals, digits and `_`.
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
