// SPDX-License-Identifier: MIT

import PasserelleLog
import PasserelleNet

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

/// The value of a variable, before it is parsed.
package struct Setting: Equatable, Sendable {
    /// The value.
    package var text: String
    /// The source of the value.
    package var origin: SettingOrigin
    /// The names of unset variables that the value refers to; A name is empty if it does not occur
    /// in the value as written.
    package var unset: [String] = []
    /// True if the value as written contains a `$`, so that it may include another variable.
    package var isExpanded = false

    /// False if the value may contain another variable, which may be secret; messages then omit it.
    package var isShowable: Bool {
        if case .flag = origin { return true }
        // A value with several lines was intended as one, unless it comes from a file.
        var mayHaveLines = true
        if case .file = origin { mayHaveLines = false }
        return !isExpanded && Self.isShowable(text, mayHaveLines: mayHaveLines)
    }

    /// True if the value comes from a file and ends in a backslash, which continues the line in
    /// other formats.
    package var endsInBackslash: Bool {
        if case .file = origin { text.utf8.last == UInt8(ascii: "\\") } else { false }
    }

    /// The remedy for a backslash at the end of a line.
    package static let noContinuation =
        "'\\' does not continue a line here, so put the value on one line"

    /// Returns true if the value contains no assignment of a variable, and no line break unless
    /// `mayHaveLines`.
    package static func isShowable(_ text: String, mayHaveLines: Bool = false) -> Bool {
        var word = 0
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"):
                word += 1
            case UInt8(ascii: "=") where word >= 3: return false
            case 0x0A where !mayHaveLines, 0x0D where !mayHaveLines: return false
            case 0x20, 0x09: break
            default: word = 0
            }
        }
        return true
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

/// The sources of a configuration, which can be read again while the process runs.
///
/// Arguments and environment are those of the start of the process; files and credentials are read
/// again.
package struct ConfigurationSource {
    private let invocation: Invocation
    private let environment: ProcessEnvironment
    /// The settings that the process was started with.
    private var first: Settings?
    /// The settings read most recently.
    private var latest: Settings?

    /// A source that has not been read.
    package init(_ invocation: Invocation, _ environment: ProcessEnvironment) {
        self.invocation = invocation
        self.environment = environment
    }

    /// Loads the configuration that the process starts with.
    package mutating func load() throws(ConfigurationError) -> Configuration {
        let (settings, configuration) = try read()
        first = settings
        latest = settings
        return configuration
    }

    /// Reloads the configuration; only the variables in `reloadable` can take effect.
    ///
    /// `taken` lists the reloadable variables that differ from the previous load. `waiting` lists
    /// the others that differ from the start of the process. If it throws, the state does not
    /// change.
    package mutating func reloadConfiguration(taking reloadable: Set<String>)
        throws(ConfigurationError) -> (
            configuration: Configuration, taken: [String], waiting: [String]
        )
    {
        let (settings, configuration) = try read()
        let names = Variables.all.map(\.name)
        let taken = names.filter {
            reloadable.contains($0) && settings[$0]?.text != latest?[$0]?.text
        }
        let waiting = names.filter {
            !reloadable.contains($0) && settings[$0]?.text != first?[$0]?.text
        }
        latest = settings
        return (configuration, taken, waiting)
    }

    private func read() throws(ConfigurationError) -> (Settings, Configuration) {
        let settings = try Settings(invocation, environment)
        return (settings, try Configuration.load(invocation.command, settings, environment))
    }
}
