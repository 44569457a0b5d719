// SPDX-License-Identifier: MIT

import PasserelleLog

/// The reason why a command line is invalid.
package struct UsageError: Error, Equatable, Sendable {
    /// The process's exit code: EX_USAGE.
    package static let exitCode: Int32 = 64

    /// The message, in one line, without the program's name and without a line break.
    package let message: String

    private init(_ message: String) { self.message = message }

    private init(_ message: String, _ command: Command) {
        self.message = message + "; see 'passerelle \(command.rawValue) --help'"
    }
}

extension UsageError {
    package static let noCommand = UsageError("no command given; 'passerelle help' lists them")
    package static func unknownCommand(_ word: String, suggestion: String?) -> UsageError {
        UsageError(
            "unknown command \(shown(word)); "
                + (suggestion.map { "did you mean '\($0)'?" } ?? "'passerelle help' lists them"))
    }
    package static func unknownFlag(
        _ flag: String, command: Command, suggestion: String?
    ) -> UsageError {
        let message = "unknown flag \(shown(flag)) for '\(command.rawValue)'"
        guard let suggestion else { return UsageError(message, command) }
        return UsageError("\(message); did you mean \(suggestion)?")
    }
    package static func noValue(
        flag: String, placeholder: String, command: Command
    ) -> UsageError {
        UsageError("\(flag) requires a value: \(flag) \(placeholder)", command)
    }
    package static func unexpectedValue(flag: String, command: Command) -> UsageError {
        UsageError("\(flag) takes no value", command)
    }
    package static func badValue(
        flag: String, value: String, expected: String, command: Command
    ) -> UsageError {
        UsageError("invalid value \(shown(value)) for \(flag); expected \(expected)", command)
    }
    package static func mutuallyExclusive(
        _ one: String, _ other: String, command: Command
    ) -> UsageError {
        UsageError("\(one) and \(other) cannot be combined", command)
    }
    /// The flag would reveal a secret to every user of the host, in the list of processes.
    package static func secretFlag(_ name: String) -> UsageError {
        let variable = Variables.named(name)
        let credential = variable?.credential ?? ""
        return UsageError(
            "\(variable?.flag ?? name) is refused, since every user of this host can read a"
                + " process's arguments; set \(name) in the environment or in a file given with"
                + " --env-file, or give the credential \(credential)")
    }
    package static func missingOperand(_ name: String, command: Command) -> UsageError {
        UsageError("'\(command.rawValue)' requires \(name)", command)
    }
    package static func unexpectedOperand(_ word: String, command: Command) -> UsageError {
        UsageError("unexpected argument \(shown(word)) for '\(command.rawValue)'", command)
    }
    package static func unknownTopic(_ word: String) -> UsageError {
        UsageError("unknown help topic \(shown(word)); 'passerelle help' lists the commands")
    }

    private static func shown(_ word: String) -> String { QuotedText.quoted(word, limit: 60) }
}
