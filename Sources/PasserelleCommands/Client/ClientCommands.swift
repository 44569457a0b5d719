// SPDX-License-Identifier: MIT

package import PasserelleConfiguration
import PasserelleLog
import PasserelleWire

/// Runs the client commands of the command line.
package enum ClientCommands {
    /// The time limit of an answer; a publication waits for the answer of Channels.
    private static let limit: Duration = .seconds(30)
    /// The time limit of an upgrade: the longest preparation, and the take-over.
    private static let upgradeLimit: Duration = .seconds(75)

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
        case .tail: return tail(invocation, path: path, streams: streams)
        case .members:
            return ask(.members(channel: operands[0])) {
                TextTable.members(of: operands[0], in: $0)
            }
        case .publish:
            return PublishCommand(channel: operands[0], event: operands[1], data: operands[2])
                .run(path: path, streams: streams)
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
        case .upgrade:
            return self.ask(.upgrade, within: upgradeLimit, path: path, streams: streams) {
                let version = JSONObject($0)?.text("version") ?? "unknown"
                return "the gateway runs version \(QuotedText.escaped(version, limit: 60))"
            }
        case .status: return ask(.status, TextTable.status)
        case .serve, .sandbox, .demo, .token, .check, .help:
            preconditionFailure("\(invocation.command) is not a client command")
        }
    }

    private static func tail(
        _ invocation: Invocation, path: String, streams: ClientStreams
    ) -> Int32 {
        let session = TailSession(
            channels: invocation.operands, after: invocation.options["--after"],
            last: invocation.options["--last"].flatMap { Int($0) })
        var tail = TailCommand(session, path: path, streams: streams)
        tail.isPretty = invocation.options["--pretty"] != nil
        tail.isOnce = invocation.options["--once"] != nil
        return tail.run()
    }

    /// Sends a command to the gateway with the socket at `path`, and prints the result of `text`
    /// for the answer's JSON, unless it is `nil`; returns the process's exit code.
    static func ask(
        _ command: LineCommand, within limit: Duration = limit, path: String,
        streams: ClientStreams, text: ([UInt8]) -> String?
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
