// SPDX-License-Identifier: MIT

import PasserelleUpstream

extension Variables {
    /// Who we are at Channels.
    static let application: [Variable] = [
        Variable(
            name: "PUSHER_APP_ID", presets: sandboxPresets("1001"), placeholder: "ID",
            meaning: "The Channels application's id", takes: identifierTakes,
            commands: Command.builders,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.application.id = try identifier(text)
            }),
        Variable(
            name: "PUSHER_KEY", presets: sandboxPresets("sandbox-key"), placeholder: "KEY",
            meaning: "The application's public key", takes: identifierTakes,
            commands: Command.builders,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.application.key = try identifier(text)
            }),
        Variable(
            name: "PUSHER_SECRET", presets: sandboxPresets("sandbox-secret"),
            placeholder: "SECRET", meaning: "The application's secret; never a flag",
            takes: "the secret as the dashboard shows it", commands: Command.builders,
            isSecret: true,
            read: { draft, text in draft.configuration.application.secret = Secret(text) }
        ),
    ]

    /// Where Channels is.
    static let upstream: [Variable] = [
        Variable(
            name: "PUSHER_CLUSTER", placeholder: "CLUSTER",
            meaning: "The hosted service's cluster, such as eu",
            takes: "a cluster's name such as eu, mt1 or ap2", commands: Command.needy,
            read: { draft, text throws(ValueProblem) in
                guard HostName.isIdentifier(text), !text.contains("."), text.utf8.count <= 63 else {
                    throw .not("a cluster's name")
                }
                draft.cluster = text
            }),
        Variable(
            name: "PUSHER_HOST", presetWords: "from the cluster", placeholder: "HOST",
            meaning: "Another Channels-compatible server, for WebSocket and REST",
            takes: "a host name or an IP address alone; port and scheme have PUSHER_PORT and"
                + " PUSHER_SCHEME", commands: Command.needy,
            read: { draft, text throws(ValueProblem) in
                let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
                let host = isBracketed ? String(text.dropFirst().dropLast()) : text
                guard HostName.isValid(host), HostName.isIdentifier(host) || host.isIPv6 else {
                    throw .not("a host")
                }
                draft.host = host
            }),
        Variable(
            name: "PUSHER_PORT", presetWords: "from the scheme", placeholder: "PORT",
            meaning: "Its port", takes: "a number from 1 to 65535", commands: Command.needy,
            read: { draft, text throws(ValueProblem) in
                guard let port = HostName.port(text) else { throw .not("a port") }
                draft.port = port
            }),
        Variable(
            name: "PUSHER_SCHEME", preset: "https", placeholder: "http|https",
            meaning: "Whether it speaks TLS", takes: "http or https", commands: Command.needy,
            read: { draft, text throws(ValueProblem) in
                switch text {
                case "https": draft.isTLS = true
                case "http": draft.isTLS = false
                default: throw .not("a scheme")
                }
            }),
        Variable(
            name: "PASSERELLE_CA_FILE", presetWords: "the system's store", placeholder: "FILE",
            meaning: "PEM certificates to trust instead of the system's",
            takes: "the path of a file that can be read", commands: Command.builders,
            read: { draft, text throws(ValueProblem) in
                if case .failure(let failure) = draft.surroundings.readFile(text) {
                    throw .unreadable(failure)
                }
                draft.configuration.caFile = text
            }),
        Variable(
            name: "HTTPS_PROXY", placeholder: "URL",
            meaning: "An HTTP proxy for TLS connections out of here; never a flag",
            takes: "http://[USER:PASSWORD@]HOST[:PORT]", commands: Command.needy, isSecret: true,
            hasLowerCaseName: true,
            read: { draft, text throws(ValueProblem) in
                do throws(HTTPProxy.Problem) {
                    draft.configuration.proxy = try HTTPProxy(text)
                } catch {
                    throw .not(error == .scheme ? "an http:// URL" : "a proxy's URL")
                }
            }),
        Variable(
            name: "NO_PROXY", presetWords: "none", placeholder: "HOSTS",
            meaning: "Hosts that HTTPS_PROXY is not for, with all names under them",
            takes: "hosts with commas, such as localhost,.example.org,10.0.0.7:443, or *",
            commands: Command.needy, hasLowerCaseName: true,
            read: { draft, text in draft.configuration.unproxied = ProxyBypass(text) }),
    ]

    private static let identifierTakes = "letters, digits, '-', '_' and '.'"

    private static func sandboxPresets(_ text: String) -> [Command: String] {
        [.sandbox: text, .demo: text]
    }

    private static func identifier(_ text: String) throws(ValueProblem) -> String {
        guard HostName.isIdentifier(text), text.utf8.count <= 128 else {
            throw .not("such a name")
        }
        return text
    }
}

extension String {
    /// Says whether a valid host is an IPv6 address: only those have colons, at least two.
    fileprivate var isIPv6: Bool { utf8.count { $0 == 0x3A } >= 2 }
}
