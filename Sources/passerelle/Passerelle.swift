// SPDX-License-Identifier: MIT

import PasserelleCommands
import PasserelleConfiguration
import PasserelleLog
import Glibc
import PasserelleDaemon

/// The executable: parses its arguments and runs the command.
@main
enum Passerelle {
    static func main() {
        exit(run(Array(CommandLine.arguments.dropFirst())))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        if let first = arguments.first, ["--version", "-V", "version"].contains(first) {
            return show("passerelle \(Version.text)\n")
        }
        do throws(UsageError) {
            let invocation = try Invocation.parse(arguments)
            if invocation.wantsHelp { return show(HelpText.command(invocation.command)) }
            if invocation.command == .help {
                return show(try HelpText.topic(invocation))
            }
            let environment = ProcessEnvironment.process()
            CoreDumps.forbid()
            // Keeps crash reports if they were requested explicitly.
            if environment.value("SWIFT_BACKTRACE") == nil { CoreDumps.forbidReports() }
            return run(invocation, environment)
        } catch {
            report(error.message, at: .process())
            return UsageError.exitCode
        }
    }

    /// Runs any command except `help`.
    private static func run(_ invocation: Invocation, _ environment: ProcessEnvironment) -> Int32 {
        var source = ConfigurationSource(invocation, environment)
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try source.load()
        } catch {
            if invocation.command == .check { return check(invocation, environment).run(error) }
            report(error.message, at: environment)
            Systemd.report(failure: error.message)
            return ConfigurationError.exitCode
        }
        if invocation.command == .check {
            return check(invocation, environment).run(configuration)
        }
        if Command.clients.contains(invocation.command) {
            return ClientCommands.run(
                invocation, path: configuration.ipc, streams: ClientStreams.process())
        }
        if invocation.command == .token {
            let command = TokenCommand(
                invocation, settings: configuration.accessSettings, environment: environment)
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            let milliseconds = Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
            return command.run(at: milliseconds, streams: .process())
        }
        let log = Log(
            level: configuration.logLevel, journalStream: environment.value("JOURNAL_STREAM"))
        for warning in configuration.warnings { log.warning(warning) }
        switch invocation.command {
        case .sandbox: return Launcher.sandbox(configuration, log: log)
        case .demo: return Launcher.demo(configuration, log: log)
        default: return Launcher.serve(configuration, source: source, log: log)
        }
    }

    private static func check(
        _ invocation: Invocation, _ environment: ProcessEnvironment
    ) -> CheckCommand {
        CheckCommand(invocation, environment: environment) {
            Terminal.write($0, to: STDOUT_FILENO)
        }
    }

    private static func show(_ text: String) -> Int32 {
        Terminal.write(Array(text.utf8), to: STDOUT_FILENO) ? 0 : 1
    }

    /// Reports an error: to the journal as an error record, otherwise as text on standard error.
    private static func report(_ message: String, at environment: ProcessEnvironment) {
        let stream = environment.value("JOURNAL_STREAM")
        if Log.isJournald(stream) {
            Log(level: .error, journalStream: stream).error(message)
        } else {
            Terminal.writeLine("passerelle: " + message, to: STDERR_FILENO)
        }
    }
}
