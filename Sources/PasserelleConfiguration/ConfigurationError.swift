// SPDX-License-Identifier: MIT

import PasserelleLog

/// The reason why a configuration cannot be used.
package enum ConfigurationError: Error, Equatable, Sendable {
    /// Variables that the command requires are not set; `hint` suggests a remedy.
    case missing(names: [String], command: String, hint: String?)
    /// The value of a variable is invalid; `shown` is `nil` if it is secret.
    case badValue(
        name: String, shown: String?, problem: ValueProblem, expected: String, origin: SettingOrigin
    )
    /// A `PASSERELLE_` variable does not exist.
    case unknown(name: String, suggestion: String?, origin: SettingOrigin)
    /// A line of an environment file names a known variable and cannot be parsed.
    case badLine(name: String, error: EnvironmentFileError, origin: SettingOrigin)
    /// A file cannot be read; `role` is the option or setting that names it.
    case unreadable(path: String, role: String, reason: String)
    /// Values that are valid by themselves contradict each other.
    case conflict(name: String, reason: String, origin: SettingOrigin)
}

extension ConfigurationError {
    /// The process's exit code: EX_CONFIG.
    package static let exitCode: Int32 = 78

    /// The message, in one line, without the program's name and without a line break.
    package var message: String {
        switch self {
        case .missing(let names, let command, let hint):
            return Self.missing(names, command, hint)
        case .badValue(let name, let shown, let problem, let expected, let origin):
            let value = shown.map { QuotedText.quoted($0, limit: 60) + " " } ?? "the value "
            return
                "\(name): \(value)\(problem.reason); expected \(expected) (from \(origin.description))"
        case .unknown(let name, let suggestion, let origin):
            let known = suggestion.map { "did you mean \($0)?" }
            let name = QuotedText.escaped(Self.shown(name), limit: 80)
            return "\(name): unknown variable; "
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

    /// The name, cut after the name of a secret variable: if the `=` is missing, the rest is the
    /// secret.
    private static func shown(_ name: String) -> String {
        let known = Variables.all.filter { $0.isSecret && name.hasPrefix($0.name) }
            .map(\.name).max { $0.utf8.count < $1.utf8.count }
        guard let known, name.utf8.count > known.utf8.count + 2 else { return name }
        return known + "…"
    }

    private static func missing(_ names: [String], _ command: String, _ hint: String?) -> String {
        let place = "in the environment or in a file given with --env-file"
        guard names.count == 1, let name = names.first else {
            return "\(list(names)) are not set, and \(command) requires them; "
                + (hint ?? "set them \(place)")
        }
        let expected = Variables.named(name).map { "expected \($0.expected); " } ?? ""
        return "\(name) is not set, and \(command) requires it; " + expected
            + (hint ?? "set it \(place)")
    }

    private static func list(_ names: [String]) -> String {
        guard let last = names.last, names.count > 1 else { return names.first ?? "" }
        return names.dropLast().joined(separator: ", ") + " and " + last
    }
}
