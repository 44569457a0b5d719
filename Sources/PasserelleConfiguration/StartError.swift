// SPDX-License-Identifier: MIT

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
