// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleUpstream

extension Variables {
    /// Who is told of a message while absent.
    static let notices: [Variable] = [
        Variable(
            name: "PASSERELLE_INNGEST_KEY", presetWords: "none: no notices", placeholder: "KEY",
            meaning: "Inngest's event key: tells absent users of messages; never a flag",
            takes: "the event key as Inngest's dashboard shows it", commands: Command.gateways,
            isSecret: true,
            read: { draft, text throws(ValueProblem) in
                guard text.utf8.count <= 512 else { throw .tooLong(limit: 512) }
                draft.configuration.notices.key = Secret(text)
            }),
        Variable(
            name: "PASSERELLE_INNGEST_URL", preset: "https://inn.gs", placeholder: "URL",
            meaning: "Where Inngest takes events; for its dev server http://127.0.0.1:8288",
            takes: "an http or https URL without a query", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                let address = try WebAddress(setting: text)
                guard !text.contains("?") else { throw .not("a URL without a query") }
                draft.configuration.notices.address = address
                if !address.isTLS, !ListenAddress.isLoopbackHost(address.host) {
                    draft.configuration.warnings.append(
                        "PASSERELLE_INNGEST_URL is http: key and notices travel unencrypted")
                }
            }),
        Variable(
            name: "PASSERELLE_NOTICE_EVENT", preset: "chat/message.offline",
            placeholder: "NAME", meaning: "The name of the event that Inngest gets",
            takes: "a name of at most 256 bytes that does not begin with inngest/",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                guard text.utf8.count <= 256 else { throw .tooLong(limit: 256) }
                guard !text.lowercased().hasPrefix("inngest/") else {
                    throw .not("a name that Inngest leaves to others")
                }
                draft.configuration.notices.rules.event = text
            }),
        Variable(
            name: "PASSERELLE_NOTICE_RECIPIENTS", presetWords: "everyone seen in 30 days",
            placeholder: "PATH", meaning: "Where a message names its recipients, by id or ids",
            takes: pathTakes, commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.notices.rules.recipients = try path(text)
            }),
        Variable(
            name: "PASSERELLE_NOTICE_SENDER", preset: "message.senderId", placeholder: "PATH",
            meaning: "Where a message names its sender; the message is the object around",
            takes: pathTakes, commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.notices.rules.sender = try path(text)
            }),
        Variable(
            name: "PASSERELLE_NOTICE_LINK", presetWords: "none", placeholder: "URL",
            meaning: "A link to the chat; {bail} is what the channel pattern's * matched",
            takes: "an http or https URL in which {bail} may stand", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                let plain = text.split(separator: "{bail}", omittingEmptySubsequences: false)
                    .joined(separator: "bail")
                _ = try WebAddress(setting: plain)
                guard !plain.contains("{"), !plain.contains("}"), text.utf8.count <= 1_024 else {
                    throw .not("a URL in which only {bail} stands for something")
                }
                draft.configuration.notices.rules.link = text
            }),
        Variable(
            name: "PASSERELLE_NOTICE_DELAY", preset: "10s", placeholder: "DURATION",
            meaning: "How long a reader has to come back before a notice",
            takes: durationTakes + ", up to 10m", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.notices.rules.delay = try duration(
                    text, from: .zero, through: .seconds(600))
            }),
        Variable(
            name: "PASSERELLE_NOTICE_THROTTLE", preset: "5m", placeholder: "DURATION",
            meaning: "At most one notice a recipient and channel in this time",
            takes: durationTakes + ", up to 1d", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.notices.rules.throttle = try duration(
                    text, from: .zero, through: .seconds(86_400))
            }),
    ]

    private static let pathTakes = "up to 16 member names with dots between them"

    /// Reads a path into a payload.
    private static func path(_ text: String) throws(ValueProblem) -> [String] {
        let path = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard path.count <= 16, path.allSatisfy({ !$0.isEmpty }) else { throw .not("a path") }
        return path
    }
}
