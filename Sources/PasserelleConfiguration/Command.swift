// SPDX-License-Identifier: MIT

/// A command of the executable.
package enum Command: String, CaseIterable, Sendable {
    case serve, sandbox, demo, tail, members, publish, typing, revoke, status, upgrade, token
    case check, help

    /// The commands that read the whole configuration and refuse unknown variables.
    package static let builders: Set<Command> = [.serve, .sandbox, .demo, .check]

    /// The commands that run a gateway or check the configuration of one.
    package static let gateways: Set<Command> = [.serve, .demo, .check]

    /// The commands that require the credentials of a Channels application.
    package static let requiringCredentials: Set<Command> = [.serve, .check]

    /// The commands that connect to a running gateway over its Unix socket.
    package static let clients: Set<Command> = [
        .tail, .members, .publish, .typing, .revoke, .status, .upgrade,
    ]

    /// A one-line description.
    package var summary: String {
        switch self {
        case .serve: "run the gateway"
        case .sandbox: "run an embedded Channels server for development and tests"
        case .demo: "run a sandbox, a gateway and a chat page in one process"
        case .tail: "print the events of channels as they arrive"
        case .members: "list the members of a presence channel"
        case .publish: "send a server event to a channel"
        case .typing: "report that a user started or stopped typing"
        case .revoke: "end a user's streams and revoke the user's authorizations"
        case .status: "print the state of a running gateway"
        case .upgrade: "replace a running gateway by the program on disk, without a break"
        case .token: "sign and print an access token"
        case .check: "test a configuration and report what to change"
        case .help: "print the help of a command"
        }
    }

    /// The operands, in the order of the command line.
    package var operands: [Operand] {
        switch self {
        case .serve, .sandbox, .demo, .status, .upgrade, .check: []
        case .tail, .token: [Operand("CHANNEL", isRepeated: true)]
        case .members: [Operand("CHANNEL")]
        case .publish: [Operand("CHANNEL"), Operand("EVENT"), Operand("JSON")]
        case .typing: [Operand("CHANNEL"), Operand("USER"), Operand("on|off")]
        case .revoke: [Operand("USER"), Operand("CHANNEL", isOptional: true)]
        case .help: [Operand("COMMAND", isOptional: true)]
        }
    }

    /// The options of this command alone; options that set variables are in `Variables`.
    package var options: [CommandOption] {
        switch self {
        case .serve, .sandbox, .demo, .publish, .typing, .upgrade: []
        case .tail:
            [
                CommandOption(
                    "--after", value: "POSITION",
                    "Start after this position, or at 'earliest' or 'now' (the default)"),
                CommandOption("--last", value: "N", "Start with the last N events of each channel"),
                CommandOption("--json", "Print each event as a JSON object (the default)"),
                CommandOption("--pretty", "Print time, channel, event and data as readable text"),
                CommandOption(
                    "--once", "Exit when the connection ends, instead of reconnecting"),
            ]
        case .members: [CommandOption("--json", "Print the gateway's answer as JSON")]
        case .revoke, .status:
            [CommandOption("--json", "Print the gateway's answer as JSON")]
        case .check:
            [
                CommandOption("--json", "Print the findings as one JSON object"),
                CommandOption(
                    "--public", value: "URL",
                    "Also test the running gateway from outside, at its public URL"),
                CommandOption(
                    "--for", value: "DURATION",
                    "With --public: how long to watch a silent stream, 1s to 1h (default: 60s)"),
                CommandOption(
                    "--as", value: "FILE",
                    "With --public: a file with a user's Cookie: or Authorization: line to test"),
                CommandOption(
                    "--channel", value: "CHANNEL", "With --as: a channel that this user may read"),
            ]
        case .token:
            [
                CommandOption(
                    "--user", value: "ID", "The user's id (default: an anonymous reader)"),
                CommandOption(
                    "--info", value: "JSON",
                    "The user's user_info, a JSON object that other members see"),
                CommandOption(
                    "--for", value: "DURATION", "How long the token is valid (default: 1h)"),
                CommandOption("--publish", "Allow the user to send client events"),
                CommandOption(
                    "--audience", value: "AUDIENCE",
                    "The token's aud (default: PASSERELLE_TOKEN_AUDIENCE, if set)"),
                CommandOption("--key", value: "FILE", "A private key in PEM to sign with"),
            ]
        case .help: [CommandOption("--markdown", "Print the table of variables as Markdown")]
        }
    }

    /// An operand of a command.
    package struct Operand: Sendable, Equatable {
        /// The placeholder in the usage line.
        package var name: String
        /// True if it can be given more than once.
        package var isRepeated: Bool
        /// True if it can be omitted.
        package var isOptional: Bool

        package init(_ name: String, isRepeated: Bool = false, isOptional: Bool = false) {
            self.name = name
            self.isRepeated = isRepeated
            self.isOptional = isOptional
        }
    }
}

/// An option of one command that does not set a variable.
package struct CommandOption: Sendable, Equatable {
    /// The flag, including its dashes.
    package var flag: String
    /// The placeholder of its value; `nil` if it takes none.
    package var placeholder: String?
    /// The description in the help.
    package var meaning: String

    package init(_ flag: String, value placeholder: String? = nil, _ meaning: String) {
        self.flag = flag
        self.placeholder = placeholder
        self.meaning = meaning
    }
}
