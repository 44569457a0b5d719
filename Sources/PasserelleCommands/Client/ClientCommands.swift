// SPDX-License-Identifier: MIT

import Glibc
package import PasserelleConfiguration
import PasserelleLog
package import PasserelleNet
import PasserelleWire

/// Runs the client commands of the command line.
package enum ClientCommands {
    /// The time limit of an answer; a publication waits for the answer of Channels.
    private static let limit: Duration = .seconds(30)

    /// Runs a client command against the socket at `path`; returns the process's exit code: 0 on
    /// success, 1 with the gateway's reason, 64 if an operand is invalid, 69 without a gateway.
    ///
    /// `invocation` comes from `Invocation.parse`, so that every operand is present.
    package static func run(
        _ invocation: Invocation, path: String, streams: ClientStreams
    ) -> Int32 {
        let operands = invocation.operands
        /// Prints the answer as JSON, or as `text`.
        func ask(_ command: LineCommand, _ text: ([UInt8]) -> String) -> Int32 {
            self.ask(command, path: path, streams: streams) { answer in
                invocation.options["--json"] != nil
                    ? String(decoding: answer, as: UTF8.self) : text(answer)
            }
        }
        switch invocation.command {
        case .tail:
            let session = TailSession(
                channels: operands, after: invocation.options["--after"],
                last: invocation.options["--last"].flatMap { Int($0) })
            var tail = TailCommand(session, path: path, streams: streams)
            tail.isPretty = invocation.options["--pretty"] != nil
            tail.isOnce = invocation.options["--once"] != nil
            return tail.run()
        case .members:
            return ask(.members(channel: operands[0])) {
                TextTable.members(of: operands[0], in: $0)
            }
        case .publish:
            let publish = PublishCommand(
                channel: operands[0], event: operands[1], data: operands[2])
            return publish.run(path: path, streams: streams)
        case .typing:
            guard ["on", "off"].contains(operands[2]) else {
                streams.report("the typing state must be on or off")
                return UsageError.exitCode
            }
            let command = LineCommand.typing(
                channel: operands[0], user: operands[1], isTyping: operands[2] == "on")
            return self.ask(command, path: path, streams: streams) { _ in nil }
        case .revoke:
            let channel = operands.count > 1 ? operands[1] : nil
            return ask(.revoke(user: operands[0], channel: channel), revoked)
        case .status: return ask(.status, TextTable.status)
        case .serve, .sandbox, .demo, .token, .check, .help:
            preconditionFailure("\(invocation.command) is not a client command")
        }
    }

    /// Sends a command to the gateway with the socket at `path`, and prints the result of `text`
    /// for the answer's JSON, unless it is `nil`; returns the process's exit code.
    static func ask(
        _ command: LineCommand, path: String, streams: ClientStreams, text: ([UInt8]) -> String?
    ) -> Int32 {
        do throws(GatewayUnreachable) {
            let connection = try LineProtocolClient(path: path)
            switch try connection.ask(command, within: limit) {
            case .ok(_, _, let json):
                if let line = text(json ?? []) { _ = streams.line(line) }
                return 0
            case .error(let code, let message):
                streams.report(
                    "\(QuotedText.escaped(code, limit: 40)):"
                        + " \(QuotedText.escaped(message, limit: 500))")
                return 1
            case .event: return 1
            }
        } catch {
            streams.report(error.message)
            return GatewayUnreachable.exitCode
        }
    }

    private static func revoked(_ answer: [UInt8]) -> String {
        guard let count = JSONObject(answer).flatMap({ EventText.member("streams", of: $0) })
        else { return String(decoding: answer, as: UTF8.self) }
        return count == "1" ? "1 stream ended" : "\(count) streams ended"
    }
}

/// The streams of a client command, apart from its connection.
package struct ClientStreams {
    /// Writes bytes of output; returns false if the output has no reader any more.
    package var output: ([UInt8]) -> Bool
    /// Writes one line for people, without a line break at its end.
    package var report: (String) -> Void
    /// Reads all of standard input, or returns the reason why it cannot be read.
    package var input: () -> Result<[UInt8], FileFailure>
    /// A descriptor for output; the command ends if its reader goes away; `nil` to watch none.
    package var watched: Int32?

    /// The process's own streams.
    ///
    /// Ignores SIGPIPE: if the reader has gone, `output` returns false.
    package static func process() -> ClientStreams {
        signal(SIGPIPE, SIG_IGN)
        return ClientStreams(
            output: { Terminal.write($0, to: STDOUT_FILENO) },
            report: { Terminal.writeLine("passerelle: " + $0, to: STDERR_FILENO) },
            input: { FileReader.read(STDIN_FILENO, limit: PublishCommand.dataBytes) },
            watched: STDOUT_FILENO)
    }

    /// Writes `text` and a line break.
    package func line(_ text: String) -> Bool { output(Array(text.utf8) + [0x0A]) }
}

/// `passerelle publish`: publishes an event on a channel.
package struct PublishCommand {
    /// The maximum number of bytes of data read from standard input; Channels accepts fewer.
    package static let dataBytes = 60_000

    /// The channel.
    package var channel: String
    /// The event's name.
    package var event: String
    /// The event's data as JSON, or `-` for standard input.
    package var data: String

    /// Publishes through the gateway with the socket at `path`; returns the process's exit code: 0
    /// if Channels accepted the event, 1 with the gateway's reason, 64 if the data is not JSON.
    package func run(path: String, streams: ClientStreams) -> Int32 {
        var bytes = Array(data.utf8)
        if data == "-" {
            switch streams.input() {
            case .success(let input): bytes = input
            case .failure(let failure):
                streams.report("standard input cannot be read: \(failure.reason)")
                return 1
            }
        }
        let line: [UInt8]
        do throws(JSONError) {
            let root = try JSONScanner.document(bytes.span)
            line = JSONWriter.oneLine(bytes.span, root)
        } catch {
            streams.report(
                "the data is not JSON: \(error.reason); write a string as '\"text\"'")
            return UsageError.exitCode
        }
        guard line.count <= Self.dataBytes else {
            streams.report("the data has \(line.count) bytes, more than \(Self.dataBytes)")
            return 1
        }
        let command = LineCommand.publish(channel: channel, event: event, data: line)
        return ClientCommands.ask(command, path: path, streams: streams) { _ in nil }
    }
}

extension JSONError {
    /// The error, as the end of a sentence.
    fileprivate var reason: String {
        switch self {
        case .unexpectedEnd: "it ends too soon"
        case .unexpectedByte(let at): "byte \(at + 1) is out of place"
        case .badEscape(let at): "byte \(at + 1) begins an unknown escape"
        case .controlCharacter(let at): "byte \(at + 1) is a raw control character"
        case .badUTF8(let at): "byte \(at + 1) is not UTF-8"
        case .tooDeep(let limit): "it is more than \(limit) levels deep"
        }
    }
}
