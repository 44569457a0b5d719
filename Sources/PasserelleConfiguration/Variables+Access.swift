// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleDownstream
import PasserelleNet
import PasserelleWire

extension Variables {
    /// Authentication of readers, and presence.
    package static let access: [Variable] = [
        Variable(
            id: .auth, presets: [.demo: "none"],
            presetWords: "not set; serve requires it", placeholder: "endpoint|token|none",
            meaning:
                "How readers are authenticated: endpoint (the auth route), token, both, or none",
            expected:
                "endpoint, token, or both separated by a comma; or none, which lets any client"
                + " that can connect read every channel, on loopback and Unix listeners only",
            read: into(\.access, access)),
        Variable(
            id: .authEndpoint, placeholder: "URL",
            meaning: "The URL of the application's Channels auth route",
            expected: "an http or https URL",
            read: { draft, text throws(ValueProblem) in
                let address = try WebAddress(setting: text)
                draft.configuration.accessSettings.endpoint = address
                if !address.isTLS, !ListenAddress.isLoopbackHost(address.host) {
                    draft.configuration.warnings.append(
                        "PASSERELLE_AUTH_ENDPOINT is http: readers' cookies are sent unencrypted")
                }
            }),
        Variable(
            id: .authOrigin, presetWords: "the origin of PASSERELLE_AUTH_ENDPOINT",
            placeholder: "ORIGIN",
            meaning: "The Origin header field of requests to the auth route",
            expected: "https://HOST or https://HOST:PORT, or the same with http",
            read: into(\.accessSettings.origin, WebAddress.origin(setting:))),
        Variable(
            id: .authHeaders,
            preset: AccessConfiguration.usualFields.joined(separator: ", "),
            placeholder: "NAME,…", meaning: "Request header fields forwarded to the auth route",
            expected:
                "names of header fields that do not concern the connection, separated by commas",
            read: { draft, text throws(ValueProblem) in
                var names: [String] = []
                for name in try SettingList.parts(text) {
                    guard HTTPFields.isForwardable(name) else {
                        throw .part(name, is: "cannot be forwarded")
                    }
                    names.append(name)
                }
                draft.configuration.accessSettings.endpointFields = names
            }),
        duration(
            .authRecheck, \.accessSettings.recheck, preset: "5m", from: .seconds(1),
            through: .seconds(86_400),
            meaning: "How often authorizations of open streams are rechecked with the auth route",
            expected: "a duration such as 90s or 5m, from 1s to 1d"),
        duration(
            .authGrace, \.accessSettings.grace, preset: "5m",
            through: .seconds(86_400),
            meaning: "How long authorized readers stay connected while the auth route fails",
            expected: "a duration such as 90s or 5m, from 0 to 1d"),
        Variable(
            id: .tokenKey, placeholder: "SECRET",
            meaning: "The token keys: a secret, or public key files; not available as a flag",
            expected: "a secret of at least \(SignatureKey.secretBytes) bytes without a comma, the"
                + " path of a public key in PEM, beginning with / or ./, or the PEM text itself; or"
                + " two of these separated by a comma, during a key rotation",
            commands: Command.gateways.union([.token]), isSecret: true, mayHaveLines: true,
            read: { draft, text throws(ValueProblem) in
                let parts = try tokenKeyParts(text)
                draft.configuration.accessSettings.tokenKeys = []
                for part in parts {
                    let key = try tokenKey(part, draft.environment)
                    draft.configuration.accessSettings.tokenKeys.append(key)
                }
            }),
        Variable(
            id: .tokenAudience, placeholder: "AUDIENCE",
            meaning: "The value that a token's aud must contain; if not set, aud is not checked",
            expected: "at most 1024 bytes of text", commands: Command.gateways.union([.token]),
            read: into(\.accessSettings.tokenAudience, text(1_024))),
        Variable(
            id: .tokenQuery, preset: "no", placeholder: "yes|no",
            meaning: "Accept a token as access_token= in the query, which proxies may log",
            expected: flagTakes, commands: Command.gateways,
            read: into(\.accessSettings.acceptsQueryTokens, SettingKeyword.flag)),
        Variable(
            id: .presence, preset: "delegate",
            placeholder: "delegate|observe",
            meaning:
                "Presence members: delegate (the gateway and its known readers) or observe (the gateway)",
            expected: "delegate, which makes authenticated readers members, or observe, which does"
                + " not",
            read: { draft, text throws(ValueProblem) in
                guard let mode = PresenceMode(rawValue: text.lowercased()) else {
                    throw .not("a presence mode")
                }
                draft.configuration.presence = mode
            }),
        Variable(
            id: .memberID, preset: "passerelle", placeholder: "ID",
            meaning: "The gateway's own user_id, which its member lists omit",
            expected: "at most 128 bytes of text",
            read: into(\.memberID, text(128))),
    ]

    private static func access(_ text: String) throws(ValueProblem) -> Access {
        let ways = try SettingList.parts(text.lowercased())
        for way in ways where !["none", "endpoint", "token"].contains(way) {
            throw .part(way, is: "is not an authentication method")
        }
        guard ways.contains("none") else {
            return .checked(
                byEndpoint: ways.contains("endpoint"), byToken: ways.contains("token"))
        }
        guard ways.allSatisfy({ $0 == "none" }) else {
            throw .part("none", is: "cannot be combined with others")
        }
        return .unchecked
    }

    /// The maximum length of a path, in bytes.
    private static let pathBytes = 4_096

    /// Splits a value into one or two keys; refuses a key in JSON, which contains commas.
    private static func tokenKeyParts(_ text: String) throws(ValueProblem) -> [String] {
        let isJSON = text.utf8.first == 0x7B || text.utf8.first == 0x5B
        if isJSON, SecretText.kind(of: Array(text.utf8)) == .key {
            throw .unfit(SignatureKeyError.keyTextAsSecret.words)
        }
        let parts = try SettingList.parts(text)
        guard parts.count <= 2 else { throw .not("one key or two") }
        return parts
    }

    /// Reads a key: a path or PEM text, recognized by its beginning, or a secret on one line.
    private static func tokenKey(
        _ text: String, _ environment: ProcessEnvironment
    ) throws(ValueProblem) -> TokenKey {
        var key = TokenKey.secret(Secret(text))
        if text.hasPrefix("-----BEGIN ") {
            key = .publicPEM(Array(text.utf8))
        } else if text.utf8.contains(where: { $0 == 0x0A || $0 == 0x0D }) {
            let lines = text.utf8.split { $0 == 0x0A || $0 == 0x0D }.map(Array.init)
            guard ([Array(text.utf8)] + lines).contains(where: { SecretText.kind(of: $0) == .key })
            else { throw .unprintable }
            throw .unfit(SignatureKeyError.keyTextAsSecret.words)
        } else if ["/", "./", "../"].contains(where: text.hasPrefix) {
            switch environment.readFile(text) {
            case .success(let bytes): key = .publicPEM(bytes)
            case .failure(let failure): throw .unreadable(failure)
            }
        } else if text.utf8.count <= pathBytes, environment.exists(text) {
            throw .unfit(SignatureKeyError.notSecret(.path).words)
        }
        do throws(SignatureKeyError) {
            _ = try key.key
        } catch {
            let text =
                if case .publicPEM(let bytes) = key { bytes } else { Array(text.utf8) }
            throw .unfit(PEMText.fault(text, wanted: .publicKey) ?? error.words)
        }
        return key
    }
}

extension HTTPFields {
    /// Returns true if a field can be forwarded to another request: its name is a token, and it
    /// does not concern the connection or the body.
    fileprivate static func isForwardable(_ name: String) -> Bool {
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
