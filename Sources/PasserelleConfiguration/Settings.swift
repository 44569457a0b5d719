// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleLog

/// The values of all variables, from all sources.
///
/// In descending order of precedence: flags, the environment, and the environment files, of which
/// later ones take precedence. An empty value selects the default, even if a source with lower
/// precedence sets the variable. A credential sets a secret that no other source sets.
package struct Settings {
    private var values: [String: Setting] = [:]
    private var badLines: [String: ConfigurationError] = [:]
    /// The names that other programs use for a variable and the sources that set them, by the name
    /// of the variable in this program.
    package private(set) var foreignNames: [String: (name: String, origin: SettingOrigin)] = [:]
    /// Findings about the environment files, for `check`.
    package private(set) var notes: [ConfigurationNote] = []

    /// Collects the values; throws for an unknown `PASSERELLE_` variable if the command is one of
    /// `Command.builders`.
    package init(_ invocation: Invocation, _ environment: ProcessEnvironment)
        throws(ConfigurationError)
    {
        let isStrict = Command.builders.contains(invocation.command)
        let files = try EnvironmentFiles(invocation.environmentFiles, environment)
        for line in files.lines { try take(line, isStrict: isStrict) }
        if invocation.command == .check { notes = files.notes }
        for name in environment.environment.keys.sorted() {
            let value = environment.environment[name] ?? ""
            try take(name, value, .environment, isStrict: isStrict)
        }
        for variable in Variables.all where variable.hasLowerCaseName && self[variable.name] == nil
        {
            guard let value = environment.environment[variable.name.lowercased()] else { continue }
            try take(variable.name, value, .environment, isStrict: isStrict)
        }
        for (name, value) in invocation.settings {
            let flag = Variables.named(name)?.flag ?? name
            try take(name, value, .flag(flag), isStrict: isStrict)
        }
        if let directory = environment.value("CREDENTIALS_DIRECTORY") {
            for variable in Variables.all where self[variable.name] == nil {
                try take(credentialOf: variable, directory, environment)
            }
        }
    }

    /// The value of a variable, or `nil` if it is not set or is empty.
    package subscript(name: String) -> Setting? {
        guard let value = values[name], !value.text.isEmpty else { return nil }
        return value
    }

    /// Returns the source that sets a variable to an empty value, or `nil` if there is none.
    package func emptied(_ name: String) -> SettingOrigin? {
        guard let value = values[name], value.text.isEmpty else { return nil }
        return value.origin
    }

    /// Throws if an invalid line of a file has the highest precedence for a variable.
    package func checkLine(_ name: String) throws(ConfigurationError) {
        if let error = badLines[name] { throw error }
    }

    /// Adds a line of a file.
    ///
    /// A line without a value is an error only if no other source sets the variable. An expansion
    /// that does not terminate is an error unless a source with higher precedence sets the
    /// variable.
    private mutating func take(
        _ line: EnvironmentFiles.Line, isStrict: Bool
    ) throws(ConfigurationError) {
        switch line.value {
        case .success(let value):
            try take(line.name, value.text, line.origin, isStrict: isStrict)
            if !value.unset.isEmpty { values[line.name]?.unset = value.unset }
            values[line.name]?.isExpanded = line.isExpanded
        case .failure(let error) where Variables.named(line.name) != nil:
            if error == .noEqualsSign, values[line.name] != nil { return }
            badLines[line.name] = .badLine(name: line.name, error: error, origin: line.origin)
        case .failure:
            try take(line.name, "", line.origin, isStrict: isStrict)
        }
    }

    private mutating func take(
        _ name: String, _ text: String, _ origin: SettingOrigin, isStrict: Bool
    ) throws(ConfigurationError) {
        if !text.isEmpty, let own = ForeignName.variable(of: name) {
            foreignNames[own] = (name, origin)
        }
        guard Variables.named(name) != nil else {
            guard isStrict, name.hasPrefix(Variable.prefix) else { return }
            throw .unknown(name: name, suggestion: Self.suggestion(name), origin: origin)
        }
        values[name] = Setting(text: text, origin: origin)
        badLines[name] = nil
    }

    /// Returns the variable with the most similar name after the prefix.
    private static func suggestion(_ name: String) -> String? {
        let known = Variables.all.filter { $0.name.hasPrefix(Variable.prefix) }
        let rest = String(name.dropFirst(Variable.prefix.count))
        let words = known.map { String($0.name.dropFirst(Variable.prefix.count)) }
        return Spelling.nearest(to: rest, among: words).map { Variable.prefix + $0 }
    }

    /// Adds the credential of a variable, if it exists; throws if it cannot be read.
    private mutating func take(
        credentialOf variable: Variable, _ directory: String, _ environment: ProcessEnvironment
    ) throws(ConfigurationError) {
        guard let credential = variable.credential else { return }
        let path = "\(directory)/\(credential)"
        guard environment.exists(path) else { return }
        switch environment.readFile(path) {
        case .failure(let failure):
            throw .unreadable(path: path, role: "credential", reason: failure.reason)
        case .success(let bytes) where EnvironmentFiles.isUTF16(bytes):
            throw .unreadable(
                path: path, role: "credential", reason: EnvironmentFiles.utf16Reason)
        case .success(var bytes):
            while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
            let text = String(decoding: bytes, as: UTF8.self)
            values[variable.name] = Setting(text: text, origin: .credential(credential))
        }
    }
}

/// The source of a variable's value.
package enum SettingOrigin: Equatable, Sendable {
    /// The process's environment.
    case environment
    /// A command-line flag.
    case flag(String)
    /// A line of a file given with `--env-file`.
    case file(path: String, line: Int)
    /// A file of `$CREDENTIALS_DIRECTORY`.
    case credential(String)
    /// The default.
    case preset

    /// The source as messages name it: `environment`, `flag --http`, `.env.local:12`.
    package var description: String {
        switch self {
        case .environment: "environment"
        case .flag(let flag): "flag \(flag)"
        case .file(let path, let line):
            "\(QuotedText.escaped(path, limit: 200)):\(line)"
        case .credential(let name): "credential \(name)"
        case .preset: "default"
        }
    }
}
