// SPDX-License-Identifier: MIT

/// Everything that was said to the process, each variable by its strongest voice.
///
/// A flag wins over the environment, which wins over the environment files, the last of which that
/// names a variable wins over the others. A variable that is set to nothing has its default,
/// whatever the weaker voices say. A credential speaks for a secret that no variable gives.
struct Settings {
    private var values: [String: Setting] = [:]
    private var badLines: [String: ConfigurationError] = [:]
    /// Where `NEXT_PUBLIC_` variables were seen, by the name behind the prefix.
    private(set) var browserVariables: [String: SettingOrigin] = [:]

    /// Collects what the voices say; commands that build something refuse a `PASSERELLE_` variable
    /// that there is none of.
    init(_ invocation: Invocation, _ surroundings: Surroundings) throws(ConfigurationError) {
        let isStrict = Command.builders.contains(invocation.command)
        for path in invocation.environmentFiles {
            try take(file: path, surroundings, isStrict: isStrict)
        }
        for name in surroundings.environment.keys.sorted() {
            try take(
                name, .success(surroundings.environment[name] ?? ""), .environment,
                isStrict: isStrict)
        }
        for variable in Variables.all where variable.hasLowerCaseName && self[variable.name] == nil
        {
            guard let value = surroundings.environment[variable.name.lowercased()] else { continue }
            try take(variable.name, .success(value), .environment, isStrict: isStrict)
        }
        for (name, value) in invocation.settings {
            let flag = Variables.named(name)?.flag ?? name
            try take(name, .success(value), .flag(flag), isStrict: isStrict)
        }
        if let directory = surroundings.value("CREDENTIALS_DIRECTORY") {
            for variable in Variables.all where self[variable.name] == nil {
                try take(credentialOf: variable, directory, surroundings)
            }
        }
    }

    /// What was said of a variable; nil where nothing was, or it was set to nothing.
    subscript(name: String) -> Setting? {
        guard let value = values[name], !value.text.isEmpty else { return nil }
        return value
    }

    /// Where a variable was set to nothing; nil where it was set to something, or not at all.
    func emptied(_ name: String) -> SettingOrigin? {
        guard let value = values[name], value.text.isEmpty else { return nil }
        return value.origin
    }

    /// Throws where the strongest voice on a variable is a line that cannot be read.
    func checkLine(_ name: String) throws(ConfigurationError) {
        if let error = badLines[name] { throw error }
    }

    private mutating func take(
        file path: String, _ surroundings: Surroundings, isStrict: Bool
    ) throws(ConfigurationError) {
        switch surroundings.readFile(path) {
        case .failure(let failure):
            throw .unreadable(path: path, role: "--env-file", reason: failure.reason)
        case .success(let bytes):
            for entry in EnvironmentFile.parse(bytes) {
                let origin = SettingOrigin.file(path: path, line: entry.line)
                try take(entry.name, entry.value, origin, isStrict: isStrict)
            }
        }
    }

    private mutating func take(
        _ name: String, _ value: Result<String, EnvironmentFileError>, _ origin: SettingOrigin,
        isStrict: Bool
    ) throws(ConfigurationError) {
        let browserPrefix = "NEXT_PUBLIC_"
        if name.hasPrefix(browserPrefix) {
            browserVariables[String(name.dropFirst(browserPrefix.count))] = origin
        }
        guard Variables.named(name) != nil else {
            guard isStrict, name.hasPrefix(Variable.prefix) else { return }
            throw .unknown(name: name, suggestion: Self.suggestion(name), origin: origin)
        }
        switch value {
        case .success(let text):
            values[name] = Setting(text: text, origin: origin)
            badLines[name] = nil
        case .failure(let error):
            badLines[name] = .badLine(name: name, error: error, origin: origin)
        }
    }

    /// The variable whose name behind the prefix is nearest.
    private static func suggestion(_ name: String) -> String? {
        let known = Variables.all.filter { $0.name.hasPrefix(Variable.prefix) }
        let rest = String(name.dropFirst(Variable.prefix.count))
        let words = known.map { String($0.name.dropFirst(Variable.prefix.count)) }
        return Spelling.nearest(to: rest, among: words).map { Variable.prefix + $0 }
    }

    /// A missing credential says nothing; one that cannot be read is an error.
    private mutating func take(
        credentialOf variable: Variable, _ directory: String, _ surroundings: Surroundings
    ) throws(ConfigurationError) {
        guard let credential = variable.credential else { return }
        let path = "\(directory)/\(credential)"
        guard surroundings.exists(path) else { return }
        switch surroundings.readFile(path) {
        case .failure(let failure):
            throw .unreadable(path: path, role: "credential", reason: failure.reason)
        case .success(var bytes):
            while let last = bytes.last, last == 0x0A || last == 0x0D { bytes.removeLast() }
            let text = String(decoding: bytes, as: UTF8.self)
            values[variable.name] = Setting(text: text, origin: .credential(credential))
        }
    }
}
