// SPDX-License-Identifier: MIT

import PasserelleNet

/// `passerelle check`: says what of a configuration works, and what to change.
package struct CheckCommand {
    /// How long silence is watched unless it is said, and for how long it may be.
    package static let usualWatch: Duration = .seconds(60)
    package static let watches: ClosedRange<Duration> = .seconds(1) ... .seconds(3_600)

    private let invocation: Invocation
    private let surroundings: Surroundings
    private let output: ([UInt8]) -> Bool

    /// The command that an invocation means; `output` is where its report goes.
    package init(
        _ invocation: Invocation, surroundings: Surroundings, output: @escaping ([UInt8]) -> Bool
    ) {
        self.invocation = invocation
        self.surroundings = surroundings
        self.output = output
    }

    /// The URL to look at; `nil` where that is not asked for, or is none.
    package static func site(_ text: String?) -> WebAddress? {
        guard let text, !text.contains("?") else { return nil }
        return try? WebAddress(setting: text)
    }

    /// How long to watch; `nil` for what is no such time.
    package static func watch(_ text: String?) -> Duration? {
        guard let text else { return usualWatch }
        return (try? Duration(setting: text)).flatMap { watches.contains($0) ? $0 : nil }
    }

    /// Tries everything, and gives the process's exit code.
    ///
    /// 0 where all is well, 1 where something failed, 2 where there are but warnings.
    package func run(_ configuration: Configuration) -> Int32 {
        do {
            let run = try CheckRun(loop: EventLoop(), configuration: configuration)
            run.site = Self.site(invocation.options["--public"])
            run.watch = Self.watch(invocation.options["--for"]) ?? Self.usualWatch
            run.login = login
            let report = try run.run()
            say(report)
            return report.outcome.rawValue
        } catch {
            say(CheckReport(findings: [Self.failed("\(error)")]))
            return 1
        }
    }

    /// What the file of `--as` holds.
    private var login: Result<PublicLogin, PublicLogin.Problem>? {
        guard let path = invocation.options["--as"] else { return nil }
        let file = surroundings.readFile(path)
        return Result { () throws(PublicLogin.Problem) in
            switch file {
            case .success(let bytes):
                try PublicLogin(bytes, channel: invocation.options["--channel"])
            case .failure(let failure): throw .unreadable(failure.reason)
            }
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
        _ = output(invocation.options["--json"] != nil ? report.json : Array(report.text.utf8))
    }
}
