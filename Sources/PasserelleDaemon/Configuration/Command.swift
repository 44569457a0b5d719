// SPDX-License-Identifier: MIT

/// What the executable can be asked to do.
package enum Command: String, CaseIterable, Sendable {
    case serve, sandbox, demo, tail, members, publish, typing, status, token, check, help

    /// The commands that build something and read the whole configuration.
    package static let builders: Set<Command> = [.serve, .sandbox, .demo, .check]

    /// The commands that run a gateway, or look whether one could run.
    package static let gateways: Set<Command> = [.serve, .demo, .check]

    /// The commands that need a Channels of somebody's own.
    package static let needy: Set<Command> = [.serve, .check]

    /// The commands that talk to a running gateway over its Unix socket.
    package static let clients: Set<Command> = [.tail, .members, .publish, .typing, .status]

    /// One line on what it does.
    package var summary: String {
        switch self {
        case .serve: "run the gateway"
        case .sandbox: "run an embedded Channels server, for development and tests"
        case .demo: "run sandbox, gateway and a chat page in one process"
        case .tail: "print the events of channels as they come"
        case .members: "print who is in a channel"
        case .publish: "send a server event to a channel"
        case .typing: "say that a user types, or no longer does"
        case .status: "print how the gateway is"
        case .token: "sign an access token and print it"
        case .check: "try everything that a configuration needs, and say what to change"
        case .help: "explain a command"
        }
    }

    /// What it takes besides options, in the order of the command line.
    package var operands: [Operand] {
        switch self {
        case .serve, .sandbox, .demo, .status, .check: []
        case .tail, .token: [Operand("CHANNEL", isRepeated: true)]
        case .members: [Operand("CHANNEL")]
        case .publish: [Operand("CHANNEL"), Operand("EVENT"), Operand("JSON")]
        case .typing: [Operand("CHANNEL"), Operand("USER"), Operand("on|off")]
        case .help: [Operand("COMMAND", isOptional: true)]
        }
    }

    /// Its own options; those that set variables are in the variables' table.
    package var options: [CommandOption] {
        switch self {
        case .serve, .sandbox, .demo, .publish, .typing: []
        case .tail:
            [
                CommandOption(
                    "--after", value: "POSITION",
                    "Begin behind this position, or at 'earliest' or 'now' (the default)"),
                CommandOption("--last", value: "N", "Begin with the channel's last N events"),
                CommandOption("--json", "Print each event as the gateway gives it (the default)"),
                CommandOption("--pretty", "Print time, channel, event and data for people"),
                CommandOption(
                    "--once", "End when the connection ends, instead of connecting again"),
            ]
        case .members: [CommandOption("--json", "Print the gateway's answer as it is")]
        case .status: [CommandOption("--json", "Print the gateway's answer as it is")]
        case .check:
            [
                CommandOption("--json", "Print what was found as one JSON object"),
                CommandOption(
                    "--public", value: "URL",
                    "Look at the running gateway from outside too, where readers find it"),
                CommandOption(
                    "--for", value: "DURATION",
                    "With --public: how long silence is watched, from 1s to 1h (default: 60s)"),
                CommandOption(
                    "--as", value: "FILE",
                    "With --public: a user's Cookie: or Authorization: line, to be tried"),
                CommandOption(
                    "--channel", value: "CHANNEL", "With --as: one that this user may read"),
            ]
        case .token:
            [
                CommandOption(
                    "--user", value: "ID", "Whose it is; without one an anonymous reader's"),
                CommandOption(
                    "--info", value: "JSON", "What others are told of that user: an object"),
                CommandOption("--for", value: "DURATION", "How long it is good for (default: 1h)"),
                CommandOption("--publish", "Let the user send client events"),
                CommandOption("--key", value: "FILE", "A private key in PEM that signs it"),
            ]
        case .help: [CommandOption("--markdown", "Print the table of variables in Markdown")]
        }
    }

    /// One word that a command takes besides options.
    package struct Operand: Sendable, Equatable {
        /// What it stands for.
        package var name: String
        /// Whether one or more may be given.
        package var isRepeated: Bool
        /// Whether it may be left out.
        package var isOptional: Bool

        init(_ name: String, isRepeated: Bool = false, isOptional: Bool = false) {
            self.name = name
            self.isRepeated = isRepeated
            self.isOptional = isOptional
        }
    }
}
