// SPDX-License-Identifier: MIT

/// One thing that can be said to the process: what drives parsing, `--help` and the README's table.
package struct Variable: Sendable {
    /// Takes a value into the draft, or says what is wrong with it.
    typealias Reader = @Sendable (inout ConfigurationDraft, String) throws(ValueProblem) -> Void

    /// What the names begin with that are this program's alone.
    package static let prefix = "PASSERELLE_"

    /// The environment variable's name.
    package let name: String
    /// The value where nobody says one, as it would be written; nil: none, or computed.
    package var preset: String?
    /// Defaults that hold for one command in the place of `preset`.
    package var presets: [Command: String] = [:]
    /// The default in the help's words, where `preset` is not enough.
    package var presetWords: String?
    /// What it means to set it to nothing, where that is not to leave it unset.
    package var emptied: String?
    /// The value in a usage line.
    package var placeholder: String
    /// What the variable does, in one line.
    package var meaning: String
    /// What it takes, for the message about a value that it does not take.
    package var takes: String
    /// The commands that it concerns.
    package var commands: Set<Command>
    /// Whether its value must not be shown, nor taken from the command line.
    package var isSecret = false
    /// Whether a value may have line breaks, as a key in PEM has.
    package var mayHaveLines = false
    /// Whether the environment may have it in lower case too, as other programs' users write it.
    package var hasLowerCaseName = false
    let read: Reader

    /// The flag, `--http` for `PASSERELLE_HTTP` and `--pusher-key` for `PUSHER_KEY`.
    package var flag: String { "--" + word }

    /// The name of its file in `$CREDENTIALS_DIRECTORY`; nil for what is no secret.
    package var credential: String? { isSecret ? word : nil }

    /// The default that `command` has.
    package func preset(for command: Command) -> String? { presets[command] ?? preset }

    /// The default in the help's column.
    package var presetText: String { presetWords ?? preset ?? "—" }

    private var word: String {
        let rest = name.hasPrefix(Self.prefix) ? String(name.dropFirst(Self.prefix.count)) : name
        return String(rest.lowercased().map { $0 == "_" ? "-" : $0 })
    }
}
