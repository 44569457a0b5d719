// SPDX-License-Identifier: MIT

/// The list of all variables.
package enum Variables {
    /// Every variable, in the order of the help.
    package static let all: [Variable] =
        application + upstream + listeners + channels + access + requests + limits + logs + notices
        + sandbox
        + process

    /// Returns the variable with a name.
    package static func named(_ name: String) -> Variable? { byName[name] }

    /// Returns the variable that a flag sets.
    package static func flagged(_ flag: String) -> Variable? { byFlag[flag] }

    /// A part of the configuration that one variable sets.
    typealias Place<Value> = WritableKeyPath<Configuration, Value> & Sendable

    /// Returns a reader that sets a part of the configuration.
    static func into<Value>(
        _ place: any Place<Value>,
        _ parse: @escaping @Sendable (String) throws(ValueProblem) -> Value
    ) -> Variable.Reader {
        { draft, text throws(ValueProblem) in
            draft.configuration[keyPath: place] = try parse(text)
        }
    }

    /// The accepted form of a duration.
    static let durationTakes = "a number with a unit such as 250ms, 30s, 10m or 1h"

    /// A duration within an inclusive range.
    static func duration(
        _ id: VariableName, _ place: any Place<Duration>, preset: String,
        from low: Duration = .zero, through high: Duration, meaning: String, expected: String? = nil
    ) -> Variable {
        let (least, most) = (low.settingText, high.settingText)
        let range = low == .zero ? ", up to \(most)" : ", from \(least) to \(most)"
        return Variable(
            id: id, preset: preset, placeholder: "DURATION", meaning: meaning,
            expected: expected ?? durationTakes + range,
            read: into(place) { text throws(ValueProblem) in
                let value = try Duration(setting: text)
                guard value >= low, value <= high else { throw .outside(low: least, high: most) }
                return value
            })
    }

    /// A size within an inclusive range.
    static func bytes(
        _ id: VariableName, _ place: any Place<Int>, preset: String, low: Int, high: Int,
        meaning: String, expected: String? = nil
    ) -> Variable {
        let (least, most) = (ByteCount.text(low), ByteCount.text(high))
        return Variable(
            id: id, preset: preset, placeholder: "SIZE", meaning: meaning,
            expected: expected ?? "a size such as 16 KiB, from \(least) to \(most)",
            read: into(place) { text throws(ValueProblem) in
                let bytes = try ByteCount.parse(text)
                guard (low...high).contains(bytes) else { throw .outside(low: least, high: most) }
                return bytes
            })
    }

    /// A text of at most `limit` bytes.
    static func text(
        _ limit: Int
    ) -> @Sendable (String) throws(ValueProblem) -> String {
        { text throws(ValueProblem) in
            guard text.utf8.count <= limit else { throw .tooLong(limit: limit) }
            return text
        }
    }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    private static let byFlag = Dictionary(uniqueKeysWithValues: all.map { ($0.flag, $0) })
}

/// A configuration variable; it defines parsing, `--help` and the table in deploy/README.md.
package struct Variable: Sendable {
    /// Reads a value into the draft, or throws the reason why it is invalid.
    package typealias Reader =
        @Sendable (inout ConfigurationDraft, String) throws(ValueProblem) -> Void

    /// The prefix of the names that belong to this program alone.
    package static let prefix = "PASSERELLE_"

    package let id: VariableName
    /// The default as it would be written; `nil` if there is none, or if it is computed.
    package var preset: String?
    /// The defaults of single commands, which replace `preset`.
    package var presets: [Command: String] = [:]
    /// The description of the default in the help; `nil` to show `preset`.
    package var presetWords: String?
    /// The value that an empty value means; `nil` if an empty value means unset.
    package var emptied: String?
    /// The placeholder of the value in a usage line.
    package var placeholder: String
    /// The one-line description.
    package var meaning: String
    /// The accepted values, for the message about an invalid one.
    package var expected: String
    /// The commands that read it.
    package var commands = Command.gateways
    /// True if its value must not be shown or given on the command line.
    package var isSecret = false
    /// True if a value can have line breaks, as a key in PEM has.
    package var mayHaveLines = false
    /// True if the name in lower case is read too, as is usual for proxy variables.
    package var hasLowerCaseName = false
    package let read: Reader

    /// The environment variable's name.
    package var name: String { id.rawValue }

    /// The flag, `--http` for `PASSERELLE_HTTP` and `--pusher-key` for `PUSHER_KEY`.
    package var flag: String { "--" + word }

    /// The name of its file in `$CREDENTIALS_DIRECTORY`; `nil` if it is not secret.
    package var credential: String? { isSecret ? word : nil }

    /// Returns the default for `command`.
    package func preset(for command: Command) -> String? { presets[command] ?? preset }

    /// The default as the help shows it.
    package var presetText: String { presetWords ?? preset ?? "—" }

    private var word: String {
        let rest = name.hasPrefix(Self.prefix) ? String(name.dropFirst(Self.prefix.count)) : name
        return String(rest.lowercased().map { $0 == "_" ? "-" : $0 })
    }
}
