// SPDX-License-Identifier: MIT

/// Why a configuration cannot be used.
package enum ConfigurationError: Error, Equatable, Sendable {
    /// Variables that the command needs and nobody set; `hint` tells what was found instead.
    case missing(names: [String], command: String, hint: String?)
    /// A value that its variable does not take; `shown` is nil where it is secret.
    case badValue(
        name: String, shown: String?, problem: ValueProblem, takes: String, origin: SettingOrigin)
    /// A `PASSERELLE_` variable that there is none of.
    case unknown(name: String, suggestion: String?, origin: SettingOrigin)
    /// A line of an environment file that cannot be read and names one of our variables.
    case badLine(name: String, error: EnvironmentFileError, origin: SettingOrigin)
    /// A file that cannot be read; `role` says what it was wanted for.
    case unreadable(path: String, role: String, reason: String)
    /// Values that are each right and do not go together.
    case conflict(name: String, reason: String, origin: SettingOrigin)
}

extension ConfigurationError {
    /// The process's exit code: EX_CONFIG.
    package static let exitCode: Int32 = 78

    /// The one line that tells it, without the program's name and a line break.
    package var message: String {
        switch self {
        case .missing(let names, let command, let hint):
            return Self.missing(names, command, hint)
        case .badValue(let name, let shown, let problem, let takes, let origin):
            let value = shown.map { QuotedText.quoted($0, limit: 60) + " " } ?? "the value "
            return
                "\(name): \(value)\(problem.reason); it takes \(takes) (from \(origin.description))"
        case .unknown(let name, let suggestion, let origin):
            let known = suggestion.map { "did you mean \($0)?" }
            let name = QuotedText.escaped(name, limit: 80)
            return "\(name): there is no such variable; "
                + (known ?? "'passerelle help variables' lists them")
                + " (from \(origin.description))"
        case .badLine(let name, let error, let origin):
            return "\(name) \(error.reason) (from \(origin.description))"
        case .unreadable(let path, let role, let reason):
            return "\(role) \(QuotedText.quoted(path, limit: 200)) cannot be read: \(reason)"
        case .conflict(let name, let reason, let origin):
            return "\(name): \(reason) (from \(origin.description))"
        }
    }

    private static func missing(_ names: [String], _ command: String, _ hint: String?) -> String {
        let place = "in the environment or in a file given with --env-file"
        guard names.count == 1, let name = names.first else {
            return "\(list(names)) are not set, and \(command) needs them; "
                + (hint ?? "set them \(place)")
        }
        let takes = Variables.named(name).map { "it takes \($0.takes); " } ?? ""
        return "\(name) is not set, and \(command) needs it; " + takes + (hint ?? "set it \(place)")
    }

    private static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}
