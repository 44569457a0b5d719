// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleNotices
import PasserelleNet

extension Variables {
    /// Notices about absent recipients.
    package static let notices: [Variable] = [
        Variable(
            id: .inngestKey, presetWords: "no notices", placeholder: "KEY",
            meaning: "Inngest's event key, which enables notices; not available as a flag",
            expected: "the event key as shown in Inngest's dashboard",
            isSecret: true,
            read: { draft, value throws(ValueProblem) in
                draft.configuration.notices.key = Secret(try text(512)(value))
            }),
        Variable(
            id: .inngestURL, preset: "https://inn.gs", placeholder: "URL",
            meaning: "The URL of Inngest; its dev server is at http://127.0.0.1:8288",
            expected: "an http or https URL without a query",
            read: { draft, text throws(ValueProblem) in
                let address = try WebAddress(setting: text)
                guard !text.contains("?") else { throw .not("a URL without a query") }
                draft.configuration.notices.address = address
                if !address.isTLS, !ListenAddress.isLoopbackHost(address.host) {
                    draft.configuration.warnings.append(
                        "PASSERELLE_INNGEST_URL is an http URL: the key and notices are sent"
                            + " unencrypted")
                }
            }),
        Variable(
            id: .noticeEvent, preset: "chat/message.offline",
            placeholder: "NAME", meaning: "The name of the events sent to Inngest",
            expected: "a name of at most 256 bytes that does not begin with inngest/",
            read: { draft, text throws(ValueProblem) in
                guard text.utf8.count <= 256 else { throw .tooLong(limit: 256) }
                guard !text.lowercased().hasPrefix("inngest/") else {
                    throw .not("allowed, because inngest/ is reserved")
                }
                draft.configuration.notices.rules.event = text
            }),
        Variable(
            id: .noticeRecipients, presetWords: "members of the last 30 days",
            placeholder: "PATH", meaning: "The path of the recipients' id or ids in a message",
            expected: pathTakes,
            read: into(\.notices.rules.recipients, path)),
        Variable(
            id: .noticeSender, preset: "message.senderId", placeholder: "PATH",
            meaning: "The path of the sender's id; the object that contains it is the message",
            expected: pathTakes,
            read: into(\.notices.rules.sender, path)),
        Variable(
            id: .noticeLink, presetWords: "none", placeholder: "URL",
            meaning:
                "A link to the chat; {bail} is replaced by the match of the channel pattern's *",
            expected: "an http or https URL, which can contain {bail}",
            read: { draft, text throws(ValueProblem) in
                let plain = text.split(separator: "{bail}", omittingEmptySubsequences: false)
                    .joined(separator: "bail")
                _ = try WebAddress(setting: plain)
                guard !plain.contains("{"), !plain.contains("}"), text.utf8.count <= 1_024 else {
                    throw .not("a URL with {bail} as the only placeholder")
                }
                draft.configuration.notices.rules.link = text
            }),
        duration(
            .noticeDelay, \.notices.rules.delay, preset: "10s", through: .seconds(600),
            meaning: "How long a recipient can be absent before a notice is sent"),
        duration(
            .noticeThrottle, \.notices.rules.throttle, preset: "5m",
            through: .seconds(86_400),
            meaning: "The minimum interval between two notices per recipient and channel"),
    ]

    private static let pathTakes = "up to 16 member names, separated by dots"

    /// Parses a path into a payload.
    private static func path(_ text: String) throws(ValueProblem) -> [String] {
        guard let path = SettingList.path(text[...]) else { throw .not("a path") }
        return path
    }
}
