// SPDX-License-Identifier: MIT

import PasserelleWire

/// One command to the gateway and its one answer.
struct Question {
    /// How long an answer may take; a publication waits for Channels' own answer.
    var limit: Duration = .seconds(30)
    private let command: LineCommand

    /// The question that `command` asks.
    init(_ command: LineCommand) {
        self.command = command
    }

    /// Asks the gateway whose socket is at `path`, prints what `text` makes of the answer's JSON
    /// (nil: nothing), and gives the process's exit code.
    func run(path: String, streams: ClientStreams, text: ([UInt8]) -> String?) -> Int32 {
        do throws(GatewayUnreachable) {
            let connection = try GatewayConnection(path: path)
            switch try connection.ask(command, within: limit) {
            case .ok(_, _, let json):
                if let line = text(json ?? []) { _ = streams.line(line) }
                return 0
            case .error(let code, let message):
                streams.complain(
                    "\(QuotedText.escaped(code, limit: 40)):"
                        + " \(QuotedText.escaped(message, limit: 500))")
                return 1
            case .event: return 1
            }
        } catch {
            streams.complain(error.message)
            return GatewayUnreachable.exitCode
        }
    }
}
