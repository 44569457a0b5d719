// SPDX-License-Identifier: MIT

/// Why a command line cannot be understood.
package enum UsageError: Error, Equatable, Sendable {
    /// There is no command.
    case noCommand
    /// There is no such command.
    case unknownCommand(String, suggestion: String?)
    /// The command has no such flag.
    case unknownFlag(String, command: Command, suggestion: String?)
    /// The flag needs a value and is the last word.
    case noValue(flag: String, placeholder: String, command: Command)
    /// The flag takes no value and got one.
    case needlessValue(flag: String, command: Command)
    /// The option takes something else.
    case badValue(flag: String, value: String, takes: String, command: Command)
    /// Two options that cannot be meant together.
    case together(String, String, command: Command)
    /// The flag would show a secret to everybody who lists processes.
    case secretFlag(String)
    /// A word that the command needs is not there.
    case missingOperand(String, command: Command)
    /// A word that the command does not take.
    case needlessOperand(String, command: Command)
    /// There is nothing to explain under that name.
    case unknownTopic(String)
}

extension UsageError {
    /// The process's exit code: EX_USAGE.
    package static let exitCode: Int32 = 64

    /// The one line that tells it, without the program's name and a line break.
    package var message: String {
        switch self {
        case .noCommand: "no command given; 'passerelle help' lists them"
        case .unknownCommand(let word, let suggestion):
            "there is no command \(shown(word)); "
                + (suggestion.map { "did you mean '\($0)'?" } ?? "'passerelle help' lists them")
        case .unknownFlag(let flag, let command, let suggestion):
            "'\(command.rawValue)' has no flag \(shown(flag)); "
                + (suggestion.map { "did you mean \($0)?" } ?? hint(command))
        case .noValue(let flag, let placeholder, let command):
            "\(flag) needs a value, \(flag) \(placeholder); \(hint(command))"
        case .needlessValue(let flag, let command): "\(flag) takes no value; \(hint(command))"
        case .badValue(let flag, let value, let takes, let command):
            "\(flag) does not take \(shown(value)); it takes \(takes); \(hint(command))"
        case .together(let one, let other, let command):
            "\(one) and \(other) cannot go together; \(hint(command))"
        case .secretFlag(let name): secretMessage(name)
        case .missingOperand(let name, let command):
            "'\(command.rawValue)' needs \(name); \(hint(command))"
        case .needlessOperand(let word, let command):
            "'\(command.rawValue)' does not take \(shown(word)); \(hint(command))"
        case .unknownTopic(let word):
            "there is no help on \(shown(word)); 'passerelle help' lists the commands"
        }
    }

    private func shown(_ word: String) -> String { QuotedText.quoted(word, limit: 60) }

    private func hint(_ command: Command) -> String {
        "see 'passerelle \(command.rawValue) --help'"
    }

    private func secretMessage(_ name: String) -> String {
        let variable = Variables.named(name)
        let credential = variable?.credential ?? ""
        return "\(variable?.flag ?? name) is refused, since every user of this host can read a"
            + " process's arguments; set \(name) in the environment or in a file given with"
            + " --env-file, or give the credential \(credential)"
    }
}
