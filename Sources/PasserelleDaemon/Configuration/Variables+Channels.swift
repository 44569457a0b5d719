// SPDX-License-Identifier: MIT

import PasserelleUpstream
import PasserelleWire

extension Variables {
    /// What may be read, and how long it stays subscribed.
    static let channels: [Variable] = [
        Variable(
            name: "PASSERELLE_CHANNELS", preset: "presence-bail-*", placeholder: "PATTERN,…",
            meaning: "Channels that may be asked for: patterns, with commas",
            takes: "channel names in which one '*' may stand for any characters, with commas"
                + " between them", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                for part in try SettingList.parts(text) where (try? ChannelPattern(part)) == nil {
                    throw .part(part, is: "is no channel pattern")
                }
                guard let patterns = try? ChannelPatterns(text) else {
                    throw .not("a list of channel patterns")
                }
                draft.configuration.channels = patterns
            }),
        Variable(
            name: "PASSERELLE_PIN", presetWords: "none", placeholder: "CHANNEL,…",
            meaning: "Channels that stay subscribed with no reader",
            takes: "channel names with commas between them", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                var pinned: [ChannelName] = []
                for part in try SettingList.parts(text) {
                    guard let name = try? ChannelName(part) else {
                        throw .part(part, is: "is no channel name")
                    }
                    if !pinned.contains(name) { pinned.append(name) }
                }
                draft.configuration.pinned = pinned
            }),
        Variable(
            name: "PASSERELLE_LINGER", preset: "10m", placeholder: "DURATION",
            meaning: "How long a channel without readers stays subscribed",
            takes: durationTakes + ", up to 7d", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.linger = try duration(
                    text, from: .zero, through: .seconds(7 * 86_400))
            }),
        Variable(
            name: "PASSERELLE_CLIENT_EVENTS", preset: "client-typing", placeholder: "EVENT,…",
            meaning: "Client events that readers may send",
            takes: "event names that begin with 'client-', with commas between them, or none",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                guard text != "none" else { return draft.configuration.clientEvents = [] }
                let names = try SettingList.parts(text)
                for name in names where !name.hasPrefix("client-") || name.utf8.count > 200 {
                    throw .part(name, is: "is no client event's name")
                }
                draft.configuration.clientEvents = names
            }),
        Variable(
            name: "PASSERELLE_RETRACT",
            preset: "message-deleted:messageId=new-message:message.id",
            placeholder: "RULE,…", meaning: "Events that take earlier ones out of the log",
            takes: "EVENT:PATH=EVENT:PATH with commas between them, or none",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.retractions = try Retraction.list(setting: text)
            }),
    ]

    /// What a duration looks like.
    static let durationTakes = "a number with a unit such as 250ms, 30s, 10m or 1h"

    /// Reads a duration between two bounds, both allowed.
    static func duration(
        _ text: String, from low: Duration, through high: Duration
    ) throws(ValueProblem) -> Duration {
        let value = try Duration(setting: text)
        guard value >= low, value <= high else {
            throw .outside(low: low.settingText, high: high.settingText)
        }
        return value
    }
}
