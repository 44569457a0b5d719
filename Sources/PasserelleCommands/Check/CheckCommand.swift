// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
import PasserelleNet

/// `passerelle check`: tests a configuration, and reports each problem with its remedy.
package struct CheckCommand {
    private let invocation: Invocation
    private let environment: ProcessEnvironment
    private let output: ([UInt8]) -> Bool

    /// Creates the command for `invocation`; `output` writes its report.
    package init(
        _ invocation: Invocation, environment: ProcessEnvironment,
        output: @escaping ([UInt8]) -> Bool
    ) {
        self.invocation = invocation
        self.environment = environment
        self.output = output
    }

    /// Runs every check and returns the process's exit code.
    ///
    /// 0 if everything works, 1 if a check failed, 2 if there are only warnings.
    package func run(_ configuration: Configuration) -> Int32 {
        do {
            let run = try CheckRun(loop: EventLoop(), configuration: configuration)
            run.site = CheckOptions.site(invocation.options["--public"])
            run.watch =
                CheckOptions.watchTime(invocation.options["--for"]) ?? CheckOptions.defaultWatchTime
            run.login = login
            let report = try run.run()
            write(report)
            return report.outcome.rawValue
        } catch {
            write(CheckReport(findings: [Self.failed("\(error)")]))
            return 1
        }
    }

    /// The credentials in the file named by `--as`.
    private var login: Result<PublicLogin, PublicLogin.Problem>? {
        guard let path = invocation.options["--as"] else { return nil }
        let file = environment.readFile(path)
        return Result { () throws(PublicLogin.Problem) in
            switch file {
            case .success(let bytes):
                try PublicLogin(bytes, channel: invocation.options["--channel"])
            case .failure(let failure): throw .unreadable(failure.reason)
            }
        }
    }

    /// Reports that the configuration cannot be read; returns the process's exit code.
    package func run(_ error: ConfigurationError) -> Int32 {
        let files = try? EnvironmentFiles(invocation.environmentFiles, environment)
        let notes = (files?.notes ?? []).map(Finding.note)
        write(CheckReport(findings: [Self.failed(error.message)] + notes))
        return ConfigurationError.exitCode
    }

    private static func failed(_ words: String) -> Finding {
        .failed(
            "configuration", "variables, flags and files", words,
            do: "correct it and check again; see 'passerelle help variables'")
    }

    private func write(_ report: CheckReport) {
        _ = output(invocation.options["--json"] != nil ? report.json : Array(report.text.utf8))
    }
}
