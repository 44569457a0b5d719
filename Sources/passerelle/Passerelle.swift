// SPDX-License-Identifier: MIT

import Glibc
import PasserelleDaemon

/// The executable: understands its arguments, and runs the command they name.
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
            let surroundings = Surroundings.process()
            CoreDumps.forbid()
            // Whoever asks for crash reports gets them.
            if surroundings.value("SWIFT_BACKTRACE") == nil { CoreDumps.forbidReports() }
            return run(invocation, surroundings)
        } catch {
            complain(error.message, at: .process())
            return UsageError.exitCode
        }
    }

    /// Runs any command but `help`.
    private static func run(_ invocation: Invocation, _ surroundings: Surroundings) -> Int32 {
        var source = ConfigurationSource(invocation, surroundings)
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try source.load()
        } catch {
            if invocation.command == .check { return check(invocation, surroundings).run(error) }
            complain(error.message, at: surroundings)
            Systemd.tell(failure: error.message)
            return ConfigurationError.exitCode
        }
        if invocation.command == .check {
            return check(invocation, surroundings).run(configuration)
        }
        if Command.clients.contains(invocation.command) {
            return ClientCommands.run(
                invocation, path: configuration.ipc, streams: ClientStreams.process())
        }
        if invocation.command == .token {
            let command = TokenCommand(
                invocation, keys: configuration.accessSettings.tokenKeys,
                surroundings: surroundings)
            return command.run(at: Int64(time(nil)), streams: .process())
        }
        let log = Log(
            level: configuration.logLevel, journalStream: surroundings.value("JOURNAL_STREAM"))
        for warning in configuration.warnings { log.warning(warning) }
        switch invocation.command {
        case .sandbox: return Gateway.sandbox(configuration, log: log)
        case .demo: return Gateway.demo(configuration, log: log)
        default: return Gateway.serve(configuration, source: source, log: log)
        }
    }

    private static func check(
        _ invocation: Invocation, _ surroundings: Surroundings
    ) -> CheckCommand {
        CheckCommand(invocation, surroundings: surroundings) {
            Terminal.write($0, to: STDOUT_FILENO)
        }
    }

    private static func show(_ text: String) -> Int32 {
        Terminal.write(Array(text.utf8), to: STDOUT_FILENO) ? 0 : 1
    }

    /// Says what is wrong: to a person in plain words, to the journal as an error.
    private static func complain(_ message: String, at surroundings: Surroundings) {
        let stream = surroundings.value("JOURNAL_STREAM")
        if Log.isJournal(stream) {
            Log(level: .error, journalStream: stream).error(message)
        } else {
            Terminal.writeLine("passerelle: " + message, to: STDERR_FILENO)
        }
    }
}
