// SPDX-License-Identifier: MIT

/// Where a variable's value came from.
package enum SettingOrigin: Equatable, Sendable {
    /// The process's environment.
    case environment
    /// A command-line flag.
    case flag(String)
    /// A line of a file given with `--env-file`.
    case file(path: String, line: Int)
    /// A file of `$CREDENTIALS_DIRECTORY`.
    case credential(String)
    /// Nobody said anything.
    case preset

    /// The origin in a message: `environment`, `flag --http`, `.env.local:12`.
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
