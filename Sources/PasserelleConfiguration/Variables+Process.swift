// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleHub
import PasserelleLog
import PasserelleNet
import PasserelleUpstream
import PasserelleWire

extension Variables {
    /// The logs of the channels and the streams.
    package static let logs: [Variable] = [
        Variable(
            id: .history, preset: "512 events, 1 MiB, 1h", placeholder: "BOUNDS",
            meaning: "The limits of each channel's log: number of events, size and age",
            expected: "a number of events, a size and an age, separated by commas, such as"
                + " 512 events, 1 MiB, 1h",
            read: into(\.history, LogLimits.init(setting:))),
        bytes(
            .memory, \.memoryBytes, preset: "256 MiB", low: 1 << 20, high: 1 << 40,
            meaning: "The limit on all logs and member data together",
            expected: "a size such as 256 MiB or 1G, from 1 MiB to 1024 GiB"),
        bytes(
            .memberBytes, \.memberBytes, preset: "16 KiB", low: 1 << 10, high: 4 << 20,
            meaning: "Maximum size of a member's user_info; a larger one is omitted"),
        Variable(
            id: .stateDir, presetWords: "$STATE_DIRECTORY, otherwise none",
            placeholder: "DIRECTORY",
            meaning: "The directory that keeps the logs over a restart; none: memory only",
            expected: "the path of a directory",
            read: { draft, text in draft.configuration.stateDirectory = text }),
        duration(
            .sync, \.sync, preset: "50ms", from: .milliseconds(1),
            through: .seconds(10),
            meaning: "The maximum time span of the logs that a power failure can lose"),
        duration(
            .heartbeat, \.heartbeat, preset: "15s", from: .seconds(1),
            through: .seconds(600),
            meaning: "The interval of keep-alive comments on a silent stream"),
        duration(
            .stall, \.stall, preset: "60s", from: .seconds(1), through: .seconds(3600),
            meaning: "How long a stalled reader is kept before it is disconnected"),
    ]

    /// The sandbox.
    package static let sandbox: [Variable] = [
        Variable(
            id: .sandbox, preset: "127.0.0.1:6001", placeholder: "HOST:PORT",
            meaning: "The address of the sandbox; loopback only",
            expected: "HOST:PORT with a loopback address as HOST", commands: [.sandbox, .demo],
            read: { draft, text throws(ValueProblem) in
                guard let address = try? ListenAddress.parse(text), case .tcp = address else {
                    throw .not("an address")
                }
                guard address.isLoopback else {
                    throw .not("a loopback address, which the sandbox requires")
                }
                draft.configuration.sandbox = address
            }),
        Variable(
            id: .sandboxWebhook, presetWords: "none", placeholder: "URL",
            meaning: "The URL to which the sandbox posts webhooks",
            expected: "an http or https URL", commands: [.sandbox, .demo],
            read: into(\.sandboxWebhook, WebAddress.init(setting:))),
    ]

    /// The process.
    package static let process: [Variable] = [
        Variable(
            id: .log, preset: "info", placeholder: "LEVEL",
            meaning: "The lowest log level: debug, info, warning or error",
            expected: "debug, info, warning or error", commands: Command.builders,
            read: { draft, text throws(ValueProblem) in
                guard let level = LogLevel(name: text) else { throw .not("a log level") }
                draft.configuration.logLevel = level
            })
    ]
}

extension Variables {
    /// The available channels and their events.
    package static let channels: [Variable] = [
        Variable(
            id: .channels, preset: "presence-bail-*", placeholder: "PATTERN,…",
            meaning: "Channels that readers can request, as comma-separated patterns",
            expected: "channel names, separated by commas, in which one '*' matches any characters",
            read: { draft, text throws(ValueProblem) in
                for part in try SettingList.parts(text) where (try? ChannelPattern(part)) == nil {
                    throw .part(part, is: "is not a channel pattern")
                }
                guard let patterns = try? ChannelPatterns(text) else {
                    throw .not("a list of channel patterns")
                }
                draft.configuration.channels = patterns
            }),
        Variable(
            id: .pin, presetWords: "none", placeholder: "CHANNEL,…",
            meaning: "Channels that stay subscribed without readers",
            expected: "channel names, separated by commas",
            read: { draft, text throws(ValueProblem) in
                var pinned: [ChannelName] = []
                for part in try SettingList.parts(text) {
                    guard let name = try? ChannelName(part) else {
                        throw .part(part, is: "is not a channel name")
                    }
                    if !pinned.contains(name) { pinned.append(name) }
                }
                draft.configuration.pinned = pinned
            }),
        duration(
            .linger, \.linger, preset: "10m", through: .seconds(7 * 86_400),
            meaning: "How long a channel without readers stays subscribed"),
        Variable(
            id: .clientEvents, preset: "client-typing", placeholder: "EVENT,…",
            meaning: "Client events that readers may send",
            expected: "event names that begin with 'client-', separated by commas, or none",
            read: { draft, text throws(ValueProblem) in
                guard !SettingKeyword.matches(text, "none") else {
                    return draft.configuration.clientEvents = []
                }
                let names = try SettingList.parts(text)
                for name in names where !name.hasPrefix("client-") || name.utf8.count > 200 {
                    throw .part(name, is: "is not the name of a client event")
                }
                draft.configuration.clientEvents = names
            }),
        Variable(
            id: .retract,
            preset: "message-deleted:messageId=new-message:message.id",
            placeholder: "RULE,…", meaning: "Events that retract earlier events from the log",
            expected: "rules of the form EVENT:PATH=EVENT:PATH, separated by commas, or none",
            read: into(\.retractions, RetractionRule.list(setting:))),
        Variable(
            id: .sequence, preset: "none", placeholder: "PATH",
            meaning: "The application's own sequence number in its events, as message.seq",
            expected: "member names of the data, separated by dots, or none",
            read: { draft, text throws(ValueProblem) in
                guard !SettingKeyword.matches(text, "none") else {
                    return draft.configuration.sequencePath = []
                }
                guard let path = SettingList.path(text[...]) else {
                    throw .not("member names, separated by dots, such as message.seq")
                }
                draft.configuration.sequencePath = path
            }),
    ]
}
