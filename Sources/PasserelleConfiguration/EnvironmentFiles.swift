// SPDX-License-Identifier: MIT

import PasserelleLog
import PasserelleNet

/// The variables of the files given with `--env-file`, with references expanded.
package struct EnvironmentFiles {
    /// One line that names a variable.
    package struct Line {
        package let name: String
        package let value: Result<EnvironmentExpansion.Value, EnvironmentFileError>
        package let origin: SettingOrigin
        /// True if the value contains a `$` in the file.
        package let isExpanded: Bool
    }

    /// The lines of all files; if a name occurs more than once, the last line counts.
    package private(set) var lines: [Line] = []
    /// Variables that systemd would set differently if it read these files, and lines that make
    /// Next.js ignore a file.
    package private(set) var notes: [ConfigurationNote] = []

    /// Reads the files, in ascending order of precedence.
    package init(_ paths: [String], _ environment: ProcessEnvironment) throws(ConfigurationError) {
        var files: [(path: String, bytes: [UInt8], entries: [EnvironmentFile.Entry])] = []
        for path in paths {
            let bytes = try Self.read(path, environment)
            files.append((path, bytes, EnvironmentFile.parse(bytes)))
        }
        var expansion = EnvironmentExpansion(environment: environment.environment)
        for index in files.indices.reversed() {
            let file = files[index]
            var weaker: [String: String] = [:]
            for entry in files[..<index].flatMap(\.entries) { weaker[entry.name] = entry.value }
            let values = expansion.expand(file.entries, weaker: weaker)
            let expanded = Set(
                file.entries.filter { $0.value?.contains("$") == true }.map(\.name))
            let lines = file.entries.map {
                Self.line($0, values[$0.name], file.path, expanded.contains($0.name))
            }
            self.lines = lines + self.lines
            notes =
                Self.selfReference(lines) + Self.differences(file.bytes, lines, file.path) + notes
        }
    }

    private static func line(
        _ entry: EnvironmentFile.Entry, _ value: EnvironmentExpansion.Value?, _ path: String,
        _ isExpanded: Bool
    ) -> Line {
        let origin = SettingOrigin.file(path: path, line: entry.line)
        guard let written = entry.value, var value else {
            return Line(
                name: entry.name, value: .failure(.noEqualsSign), origin: origin,
                isExpanded: false)
        }
        // A name that does not occur in the line comes from another variable's value.
        value.unset = value.unset.map { written.contains($0) ? $0 : "" }
        return Line(
            name: entry.name, value: value.isSelfReferencing ? .failure(.endless) : .success(value),
            origin: origin, isExpanded: isExpanded)
    }

    private static func read(
        _ path: String, _ environment: ProcessEnvironment
    ) throws(ConfigurationError) -> [UInt8] {
        switch environment.readFile(path) {
        case .failure(let failure):
            throw .unreadable(path: path, role: "--env-file", reason: failure.reason)
        case .success(let bytes):
            guard !isUTF16(bytes) else {
                throw .unreadable(path: path, role: "--env-file", reason: utf16Reason)
            }
            return bytes
        }
    }

    // MARK: - UTF-16

    /// The reason why a file in UTF-16 cannot be read.
    package static let utf16Reason =
        "it is UTF-16, as PowerShell and Notepad may write it; save it as UTF-8, for example with"
        + " iconv -f UTF-16 -t UTF-8"

    /// True if a file begins with the byte order mark of UTF-16, or is ASCII in UTF-16.
    package static func isUTF16(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 2 else { return false }
        if (bytes[0], bytes[1]) == (0xFF, 0xFE) || (bytes[0], bytes[1]) == (0xFE, 0xFF) {
            return true
        }
        return bytes.count.isMultiple(of: 2) && (bytes[0] == 0) != (bytes[1] == 0)
            && bytes.count { $0 == 0 } * 4 >= bytes.count
    }

    // MARK: - Next.js

    /// The first line that makes Next.js ignore the file, if it sets a variable of another program;
    /// for variables of this program, the same is an error.
    private static func selfReference(_ lines: [Line]) -> [ConfigurationNote] {
        let line = lines.first {
            guard case .failure(.endless) = $0.value else { return false }
            return Variables.named($0.name) == nil && !$0.name.hasPrefix(Variable.prefix)
        }
        guard let line else { return [] }
        return [
            ConfigurationNote(
                subject: line.origin.description,
                text:
                    "\(QuotedText.escaped(line.name, limit: 80)) refers to itself with '$', so that"
                    + " Next.js ignores the whole file; its other lines are read here",
                remedy: "write the value without the reference, or '\\$' for a literal dollar sign",
                isWarning: true)
        ]
    }

    // MARK: - systemd

    /// A difference is a warning only if systemd probably reads the file, that is if it is in /etc.
    private static func differences(
        _ bytes: [UInt8], _ lines: [Line], _ path: String
    ) -> [ConfigurationNote] {
        let isWarning = path.hasPrefix("/etc/")
        let now = SystemdEnvironmentFile(bytes)
        if now.isRefused {
            guard lines.contains(where: { Variables.named($0.name) != nil }) else { return [] }
            return [
                ConfigurationNote(
                    subject: QuotedText.escaped(path, limit: 200),
                    text: "systemd refuses the file, because it is not UTF-8, and Next.js reads it",
                    remedy: "save it as UTF-8, for example with iconv -f ISO-8859-1 -t UTF-8",
                    isWarning: isWarning)
            ]
        }
        let before = SystemdEnvironmentFile(bytes, continuesComments: true)
        let own = settings(lines)
        return Variables.all.compactMap { variable in
            let name = variable.name
            let found = own[name]?.text
            guard found != now.values[name] || found != before.values[name] else { return nil }
            let isOld = found == now.values[name]
            let other = isOld ? before : now
            let isShown =
                !variable.isSecret && own[name]?.isShowable != false
                && !other.spanning.contains(name)
                && other.values[name].map { Setting.isShowable($0) } != false
            return ConfigurationNote(
                subject: own[name]?.origin.description
                    ?? QuotedText.escaped(path, limit: 200),
                text: "\(name): " + (isOld ? "before version 254, systemd" : "systemd")
                    + difference(found, other.values[name], isShown: isShown),
                remedy: "if systemd reads this file too (EnvironmentFile=), write"
                    + " \(name)='VALUE' on one line, without export, comment, quote, '$' or '\\'",
                isWarning: isWarning)
        }
    }

    /// The settings of the lines that are valid, by name.
    private static func settings(_ lines: [Line]) -> [String: Setting] {
        var settings: [String: Setting] = [:]
        for line in lines {
            guard case .success(let value) = line.value else { continue }
            settings[line.name] = Setting(
                text: value.text, origin: line.origin, isExpanded: line.isExpanded)
        }
        return settings
    }

    /// Describes the difference between systemd and Next.js; includes the values only if `isShown`.
    private static func difference(_ own: String?, _ other: String?, isShown: Bool) -> String {
        guard let other else { return " does not set it, and Next.js does" }
        guard let own else { return " sets it, and Next.js does not" }
        guard !isShown else {
            return " reads " + QuotedText.quoted(other, limit: 60) + ", and Next.js reads "
                + QuotedText.quoted(own, limit: 60)
        }
        let (bytes, otherBytes) = (own.utf8.count, other.utf8.count)
        return bytes == otherBytes
            ? " reads another value than Next.js, of the same length"
            : " reads \(otherBytes) bytes, and Next.js reads \(bytes)"
    }
}

/// The reason why a line of an environment file does not set its variable.
package enum EnvironmentFileError: Error, Equatable, Sendable {
    /// No `=` follows the name.
    case noEqualsSign
    /// The expansion of its references does not terminate.
    case endless

    /// The fault and its remedy, as a predicate about the variable.
    package var reason: String {
        switch self {
        case .noEqualsSign: "has no '=' after its name"
        case .endless:
            "refers to itself with '$', so that Next.js ignores the whole file; write the value"
                + " without the reference, or '\\$' for a literal dollar sign"
        }
    }
}
