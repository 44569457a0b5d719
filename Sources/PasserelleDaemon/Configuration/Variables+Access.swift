// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet
import PasserelleWire

extension Variables {
    /// Who may read, and who is seen.
    static let access: [Variable] = [
        Variable(
            name: "PASSERELLE_AUTH", presets: [.demo: "none"],
            presetWords: "not set: serve refuses", placeholder: "endpoint|token|none",
            meaning: "Who may read: endpoint asks the application, token checks tokens, or both",
            takes: "endpoint, token, or both with a comma; or none, which lets everybody who can"
                + " connect read, on loopback and Unix listeners only",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.access = try access(text)
            }),
        Variable(
            name: "PASSERELLE_AUTH_ENDPOINT", placeholder: "URL",
            meaning: "The application's Channels auth route", takes: "an http or https URL",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                let address = try WebAddress(setting: text)
                draft.configuration.accessSettings.endpoint = address
                if !address.isTLS, !ListenAddress.isLoopbackHost(address.host) {
                    draft.configuration.warnings.append(
                        "PASSERELLE_AUTH_ENDPOINT is http: readers' cookies travel unencrypted")
                }
            }),
        Variable(
            name: "PASSERELLE_AUTH_HEADERS",
            preset: AccessConfiguration.usualFields.joined(separator: ", "),
            placeholder: "NAME,…", meaning: "Request headers that the auth route is shown",
            takes: "names of headers that are no part of the connection, with commas between them",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                var names: [String] = []
                for name in try SettingList.parts(text) {
                    guard HTTPFields.mayBePassedOn(name) else {
                        throw .part(name, is: "is not to be passed on")
                    }
                    names.append(name)
                }
                draft.configuration.accessSettings.endpointFields = names
            }),
        Variable(
            name: "PASSERELLE_AUTH_RECHECK", preset: "5m", placeholder: "DURATION",
            meaning: "How soon the auth route is asked again about open streams",
            takes: "a duration such as 90s or 5m, from 1s to 1d", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                let recheck = try Duration(setting: text)
                guard recheck >= .seconds(1), recheck <= .seconds(86_400) else {
                    throw .outside(low: "1s", high: "1d")
                }
                draft.configuration.accessSettings.recheck = recheck
            }),
        Variable(
            name: "PASSERELLE_AUTH_GRACE", preset: "5m", placeholder: "DURATION",
            meaning: "How long admitted readers stay while the auth route does not answer",
            takes: "a duration such as 90s or 5m, from 0 to 1d", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                let grace = try Duration(setting: text)
                guard grace <= .seconds(86_400) else { throw .outside(low: "0", high: "1d") }
                draft.configuration.accessSettings.grace = grace
            }),
        Variable(
            name: "PASSERELLE_TOKEN_KEY", placeholder: "SECRET",
            meaning: "What tokens are signed with: a secret, or public key files; never a flag",
            takes: "a secret of at least \(SignatureKey.secretBytes) bytes without a comma, or the"
                + " path of a public key in PEM that begins with / or ./, or that PEM itself; two of"
                + " them with a comma while keys change",
            commands: Command.gateways.union([.token]), isSecret: true, mayHaveLines: true,
            read: { draft, text throws(ValueProblem) in
                let parts = try SettingList.parts(text)
                guard parts.count <= 2 else { throw .not("one key or two") }
                draft.configuration.accessSettings.tokenKeys = []
                for part in parts {
                    let key = try tokenKey(part, draft.surroundings)
                    draft.configuration.accessSettings.tokenKeys.append(key)
                }
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

    private static func access(_ text: String) throws(ValueProblem) -> Access {
        let ways = try SettingList.parts(text)
        for way in ways where !["none", "endpoint", "token"].contains(way) {
            throw .part(way, is: "is no way to admit readers")
        }
        guard ways.contains("none") else {
            return .checked(
                byEndpoint: ways.contains("endpoint"), byToken: ways.contains("token"))
        }
        guard ways.allSatisfy({ $0 == "none" }) else {
            throw .part("none", is: "leaves nothing to check beside it")
        }
        return .unchecked
    }

    /// A path begins like one, and so does PEM; anything else is the secret itself, on one line.
    private static func tokenKey(
        _ text: String, _ surroundings: Surroundings
    ) throws(ValueProblem) -> TokenKey {
        var key = TokenKey.secret(Secret(text))
        if text.hasPrefix("-----BEGIN ") {
            key = .publicPEM(Array(text.utf8))
        } else if text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
            throw .unprintable
        } else if ["/", "./", "../"].contains(where: text.hasPrefix) {
            switch surroundings.readFile(text) {
            case .success(let bytes): key = .publicPEM(bytes)
            case .failure(let failure): throw .unreadable(failure)
            }
        }
        do throws(SignatureKeyError) {
            _ = try key.key
        } catch {
            throw .unfit(error.words)
        }
        return key
    }
}

extension HTTPFields {
    /// Says whether a field of that name may go from one request into another: a token, and none that
    /// is about the connection or the body.
    fileprivate static func mayBePassedOn(_ name: String) -> Bool {
        var probe = HTTPFields()
        probe.add(name, "")
        guard probe.list.first?.name == name else { return false }
        let own = [
            "connection", "content-encoding", "content-length", "content-type", "expect", "host",
            "keep-alive", "proxy-authorization", "proxy-connection", "te", "trailer",
            "transfer-encoding", "upgrade", "accept", "accept-encoding",
        ]
        return !own.contains(name.lowercased())
    }
}
