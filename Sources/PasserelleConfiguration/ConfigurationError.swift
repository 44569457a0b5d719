// SPDX-License-Identifier: MIT

import PasserelleLog
package import PasserelleNet

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

/// The reason why a gateway cannot start: one sentence with the remedy.
package struct StartError: Error, CustomStringConvertible {
    package let description: String
    /// The process's exit code.
    package var exitCode = Self.transientExitCode

    /// The exit code if a later attempt may succeed, so that a service manager tries again.
    package static let transientExitCode: Int32 = 1

    package init(description: String, exitCode: Int32 = Self.transientExitCode) {
        self.description = description
        self.exitCode = exitCode
    }

    /// A setting that turns out to be unusable while the gateway is built.
    package init(setting words: String) {
        self.init(description: words, exitCode: ConfigurationError.exitCode)
    }
}

/// The reason why the value of a variable is invalid.
package enum ValueProblem: Error, Equatable, Sendable {
    /// It is not of the required kind.
    case not(String)
    /// It is outside the range from `low` to `high`.
    case outside(low: String, high: String)
    /// A part of the list is invalid; `part` is shown.
    case part(String, is: String)
    /// It contains control characters or invalid UTF-8.
    case unprintable
    /// It names a file that cannot be read.
    case unreadable(FileFailure)
    /// It cannot be used; the text is a predicate about the value, which may be secret.
    case unfit(String)
    /// It is longer than `limit` bytes.
    case tooLong(limit: Int)

    /// The same problem without any part of the value.
    package var withoutPart: ValueProblem {
        if case .part(_, let fault) = self { .unfit("has a part that \(fault)") } else { self }
    }

    /// A predicate about the value.
    package var reason: String {
        switch self {
        case .not(let thing): "is not \(thing)"
        case .outside(let low, let high): "is not between \(low) and \(high)"
        case .part(let part, let fault): "has \(QuotedText.quoted(part, limit: 60)), which \(fault)"
        case .unprintable: "has a control character or bytes that are not UTF-8"
        case .unreadable(let failure): "cannot be read (\(failure.reason))"
        case .unfit(let words): words
        case .tooLong(let limit): "is longer than \(limit) bytes"
        }
    }
}
