// SPDX-License-Identifier: MIT

extension Variables {
    /// Who may read, and who is seen.
    static let access: [Variable] = [
        Variable(
            name: "PASSERELLE_AUTH", presets: [.demo: "none"],
            presetWords: "not set: serve refuses", placeholder: "none",
            meaning: "Who may read; none: everybody on loopback and Unix listeners",
            takes: "none, which lets everybody who can connect read, on loopback and Unix"
                + " listeners only (endpoint and token come with a later version)",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                let modes = try SettingList.parts(text)
                for mode in modes where !["none", "endpoint", "token"].contains(mode) {
                    throw .part(mode, is: "is no way to admit readers")
                }
                guard modes.allSatisfy({ $0 == "none" }) else { throw .notInThisVersion }
                draft.configuration.access = .unchecked
            }),
        Variable(
            name: "PASSERELLE_AUTH_ENDPOINT", placeholder: "URL",
            meaning: "The application's Channels auth route", takes: "an http or https URL",
            commands: Command.gateways, stage: .later, read: { _, _ in }),
        Variable(
            name: "PASSERELLE_TOKEN_KEY", placeholder: "SECRET",
            meaning: "HMAC secret or public key that signs access tokens; never a flag",
            takes: "a secret, or the path of a PEM file", commands: Command.gateways,
            isSecret: true, stage: .later, read: { _, _ in }),
        Variable(
            name: "PASSERELLE_ORIGINS", presetWords: "same origin", placeholder: "ORIGIN,…",
            meaning: "Browser origins allowed across origins",
            takes: "https://HOST or https://HOST:PORT, several with commas between them",
            commands: Command.gateways, stage: .later,
            read: { draft, text throws(ValueProblem) in
                var origins: [String] = []
                for part in try SettingList.parts(text) {
                    origins.append(try WebAddress.origin(setting: part))
                }
                draft.configuration.origins = origins
            }),
        Variable(
            name: "PASSERELLE_PRESENCE", preset: "delegate",
            placeholder: "delegate|observe",
            meaning: "Members of presence channels: delegate, known readers too; observe, only us",
            takes: "delegate, which makes known readers members, or observe, which does not",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                switch text {
                case "delegate": draft.configuration.presence = .delegate
                case "observe": draft.configuration.presence = .observe
                default: throw .not("a presence mode")
                }
            }),
        Variable(
            name: "PASSERELLE_MEMBER_ID", preset: "passerelle", placeholder: "ID",
            meaning: "The gateway's own user_id, hidden from the member lists it serves",
            takes: "at most 128 bytes of text", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                guard text.utf8.count <= 128 else { throw .tooLong(limit: 128) }
                draft.configuration.memberID = text
            }),
    ]
}
