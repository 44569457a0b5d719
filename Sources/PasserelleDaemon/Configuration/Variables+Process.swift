// SPDX-License-Identifier: MIT

import PasserelleNet

extension Variables {
    /// How much is remembered.
    static let logs: [Variable] = [
        Variable(
            name: "PASSERELLE_HISTORY", preset: "512 events, 1 MiB, 1h", placeholder: "BOUNDS",
            meaning: "Each channel's log bounds: number, size, age",
            takes: "a number of events, a size and an age with commas between them, such as"
                + " 512 events, 1 MiB, 1h", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.history = try HistoryLimits(setting: text)
            }),
        Variable(
            name: "PASSERELLE_MEMORY", preset: "256 MiB", placeholder: "SIZE",
            meaning: "Bound on all logs together",
            takes: "a size such as 256 MiB or 1G, from 1 MiB to 1024 GiB",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                let bytes = try ByteCount.parse(text)
                guard bytes >= 1 << 20 else { throw .outside(low: "1 MiB", high: "1024 GiB") }
                draft.configuration.memoryBytes = bytes
            }),
        Variable(
            name: "PASSERELLE_STATE_DIR", presetWords: "$STATE_DIRECTORY, else none",
            placeholder: "DIRECTORY",
            meaning: "Where the logs survive a restart; none: memory only",
            takes: "a directory's path", commands: Command.gateways,
            read: { draft, text in draft.configuration.stateDirectory = text }),
        Variable(
            name: "PASSERELLE_SYNC", preset: "50ms", placeholder: "DURATION",
            meaning: "How much of the logs the loss of power may take",
            takes: durationTakes + ", from 1ms to 10s", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.sync = try duration(
                    text, from: .milliseconds(1), through: .seconds(10))
            }),
        Variable(
            name: "PASSERELLE_HEARTBEAT", preset: "15s", placeholder: "DURATION",
            meaning: "How often a silent stream says a comment",
            takes: durationTakes + ", from 1s to 10m", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.heartbeat = try duration(
                    text, from: .seconds(1), through: .seconds(600))
            }),
        Variable(
            name: "PASSERELLE_STALL", preset: "60s", placeholder: "DURATION",
            meaning: "How long a reader may take nothing before it is cut off",
            takes: durationTakes + ", from 1s to 1h", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.stall = try duration(
                    text, from: .seconds(1), through: .seconds(3600))
            }),
    ]

    /// The embedded Channels server.
    static let sandbox: [Variable] = [
        Variable(
            name: "PASSERELLE_SANDBOX", preset: "127.0.0.1:6001", placeholder: "HOST:PORT",
            meaning: "Where the sandbox listens; loopback only",
            takes: "HOST:PORT where HOST is a loopback address", commands: [.sandbox, .demo],
            read: { draft, text throws(ValueProblem) in
                guard let address = try? ListenAddress.parse(text), case .tcp = address else {
                    throw .not("an address")
                }
                guard address.isLoopback else {
                    throw .not("on a loopback address, and the sandbox is for this host alone")
                }
                draft.configuration.sandbox = address
            }),
        Variable(
            name: "PASSERELLE_SANDBOX_WEBHOOK", presetWords: "none", placeholder: "URL",
            meaning: "Where the sandbox posts webhooks",
            takes: "an http or https URL", commands: [.sandbox, .demo],
            read: { draft, text throws(ValueProblem) in
                draft.configuration.sandboxWebhook = try WebAddress(setting: text)
            }),
    ]

    /// The process itself.
    static let process: [Variable] = [
        Variable(
            name: "PASSERELLE_LOG", preset: "info", placeholder: "LEVEL",
            meaning: "The lowest level that is logged: debug, info, warning, error",
            takes: "debug, info, warning or error", commands: Command.builders,
            read: { draft, text throws(ValueProblem) in
                guard let level = LogLevel(name: text) else { throw .not("a level") }
                draft.configuration.logLevel = level
            })
    ]
}
