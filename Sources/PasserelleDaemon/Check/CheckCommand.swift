// SPDX-License-Identifier: MIT

import PasserelleNet

/// `passerelle check`: says what of a configuration works, and what to change.
package struct CheckCommand {
    /// Whether programs read what is said.
    package var isJSON = false
    private let output: ([UInt8]) -> Bool

    /// The command; `output` is where its report goes.
    package init(isJSON: Bool, output: @escaping ([UInt8]) -> Bool) {
        self.isJSON = isJSON
        self.output = output
    }

    /// Tries everything, and gives the process's exit code: 0 where nothing failed, else 1.
    package func run(_ configuration: Configuration) -> Int32 {
        do {
            let run = try CheckRun(loop: EventLoop(), configuration: configuration)
            let report = try run.run()
            say(report)
            return report.isWell ? 0 : 1
        } catch {
            say(CheckReport(findings: [Self.failed("\(error)")]))
            return 1
        }
    }

    /// Says that the configuration cannot be read; gives the process's exit code.
    package func run(_ error: ConfigurationError) -> Int32 {
        say(CheckReport(findings: [Self.failed(error.message)]))
        return ConfigurationError.exitCode
    }

    private static func failed(_ words: String) -> Finding {
        .failed(
            "configuration", "variables, flags and files", words,
            do: "change that, and check again; 'passerelle help variables' lists them")
    }

    private func say(_ report: CheckReport) {
        _ = output(isJSON ? report.json : Array(report.text.utf8))
    }
}
