// SPDX-License-Identifier: MIT

/// Turns what was said on the command line into the client command that it means.
package enum ClientCommands {
    /// Runs a client command against the socket at `path`; gives the process's exit code.
    ///
    /// The invocation is one that `Invocation.parse` gave, so that every operand is there.
    package static func run(
        _ invocation: Invocation, path: String, streams: ClientStreams
    ) -> Int32 {
        let operands = invocation.operands
        let isJSON = invocation.options["--json"] != nil
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
            var members = MembersCommand(channel: operands[0])
            members.isJSON = isJSON
            return members.run(path: path, streams: streams)
        case .publish:
            let publish = PublishCommand(
                channel: operands[0], event: operands[1], data: operands[2])
            return publish.run(path: path, streams: streams)
        case .typing:
            let typing = TypingCommand(
                channel: operands[0], user: operands[1], state: operands[2])
            return typing.run(path: path, streams: streams)
        case .status:
            var status = StatusCommand()
            status.isJSON = isJSON
            return status.run(path: path, streams: streams)
        case .serve, .sandbox, .demo, .token, .check, .help:
            preconditionFailure("\(invocation.command) is no client")
        }
    }
}
