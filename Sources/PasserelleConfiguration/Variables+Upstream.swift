// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleLog

extension Variables {
    /// The credentials of the application.
    package static let application: [Variable] = [
        Variable(
            id: .appID, presets: sandboxPresets("1001"), placeholder: "ID",
            meaning: "The Channels application's id", expected: identifierTakes,
            commands: Command.builders,
            read: into(\.application.id, identifier)),
        Variable(
            id: .appKey, presets: sandboxPresets("sandbox-key"), placeholder: "KEY",
            meaning: "The application's key, which is public", expected: identifierTakes,
            commands: Command.builders,
            read: into(\.application.key, identifier)),
        Variable(
            id: .appSecret, presets: sandboxPresets("sandbox-secret"),
            placeholder: "SECRET", meaning: "The application's secret; not available as a flag",
            expected: "the secret as shown in the dashboard", commands: Command.builders,
            isSecret: true,
            read: { draft, text in draft.configuration.application.secret = Secret(text) }
        ),
    ]

    /// The address of Channels.
    package static let upstream: [Variable] = [
        Variable(
            id: .pusherCluster, placeholder: "CLUSTER",
            meaning: "The cluster of the hosted service, such as eu",
            expected: "the name of a cluster such as eu, mt1 or ap2",
            commands: Command.requiringCredentials,
            read: { draft, text throws(ValueProblem) in
                guard HostName.isIdentifier(text), !text.contains("."), text.utf8.count <= 63 else {
                    throw .not("the name of a cluster")
                }
                draft.cluster = text
            }),
        Variable(
            id: .pusherHost, presetWords: "the cluster's hosts", placeholder: "HOST",
            meaning: "The host of another Channels-compatible server, for WebSocket and REST",
            expected: "a host name or an IP address, without a port or scheme; see PUSHER_PORT and"
                + " PUSHER_SCHEME", commands: Command.requiringCredentials,
            read: { draft, text throws(ValueProblem) in
                if let hint = hostHint(text) { throw .unfit(hint) }
                let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
                let host = isBracketed ? String(text.dropFirst().dropLast()) : text
                guard HostName.isValid(host), HostName.isIdentifier(host) || host.isIPv6 else {
                    throw .not("a host")
                }
                draft.host = host
            }),
        Variable(
            id: .pusherPort, presetWords: "the scheme's default", placeholder: "PORT",
            meaning: "The port of the Channels server", expected: "a number from 1 to 65535",
            commands: Command.requiringCredentials,
            read: { draft, text throws(ValueProblem) in
                guard let port = HostName.port(text) else { throw .not("a port") }
                draft.port = port
            }),
        Variable(
            id: .pusherScheme, preset: "https", placeholder: "http|https",
            meaning: "The scheme of the Channels server; https uses TLS", expected: "http or https",
            commands: Command.requiringCredentials,
            read: { draft, text throws(ValueProblem) in
                switch text.lowercased() {
                case "https": draft.isTLS = true
                case "http": draft.isTLS = false
                default: throw .not("a scheme")
                }
            }),
        Variable(
            id: .upstreams, preset: "1", placeholder: "1|2",
            meaning: "The connections that receive every channel; the loss of one of 2 is no gap",
            expected: "1 or 2",
            read: { draft, text throws(ValueProblem) in
                guard text == "1" || text == "2" else { throw .not("1 or 2") }
                draft.configuration.upstreams = text == "1" ? 1 : 2
            }),
        Variable(
            id: .pusherPath, presetWords: "none", placeholder: "PATH",
            meaning: "The path prefix of the Channels server, if it is not at the root",
            expected: "a path such as /reverb, with at most \(pathBytes) letters, digits and"
                + " -._~!$&'()*+,;=:@%/", commands: Command.requiringCredentials,
            read: { draft, text throws(ValueProblem) in draft.path = try basePath(text) }),
        Variable(
            id: .pusherOrigin, presetWords: "none", placeholder: "ORIGIN",
            meaning: "The Origin header field of connections to a server that requires one",
            expected: "an origin such as https://app.example.org",
            commands: Command.requiringCredentials,
            read: { draft, text throws(ValueProblem) in
                guard let origin = try? WebAddress.origin(setting: text) else {
                    throw .not("an origin")
                }
                draft.origin = origin
            }),
        Variable(
            id: .caFile, presetWords: "the system's store", placeholder: "FILE",
            meaning: "A file of PEM certificates to trust instead of the system's store",
            expected: "the path of a readable file", commands: Command.builders,
            read: { draft, text throws(ValueProblem) in
                switch draft.environment.readFile(text) {
                case .failure(let failure): throw .unreadable(failure)
                case .success(let bytes):
                    if let fault = PEMText.fault(bytes, wanted: .certificate) {
                        throw .unfit(fault)
                    }
                }
                draft.configuration.caFile = text
            }),
        Variable(
            id: .httpsProxy, placeholder: "URL",
            meaning: "An HTTP proxy for outgoing TLS connections; not available as a flag",
            expected: "http://[USER:PASSWORD@]HOST[:PORT]", commands: Command.requiringCredentials,
            isSecret: true,
            hasLowerCaseName: true,
            read: { draft, text throws(ValueProblem) in
                do throws(HTTPProxy.Problem) {
                    draft.configuration.proxy = try HTTPProxy(text)
                } catch {
                    throw .not(error == .scheme ? "an http:// URL" : "the URL of a proxy")
                }
            }),
        Variable(
            id: .noProxy, presetWords: "none", placeholder: "HOSTS",
            meaning: "Hosts that bypass HTTPS_PROXY, including their subdomains",
            expected:
                "hosts, separated by commas, such as localhost,.example.org,10.0.0.7:443, or *",
            commands: Command.requiringCredentials, hasLowerCaseName: true,
            read: { draft, text in
                draft.configuration.proxyBypass = ProxyBypass(text)
                guard draft.configuration.proxy != nil else { return }
                for part in text.split(whereSeparator: { $0 == "," || $0 == " " })
                where part.contains("/") {
                    draft.configuration.warnings.append(
                        "NO_PROXY contains \(QuotedText.quoted(String(part), limit: 60)), which has"
                            + " no effect: networks and URLs are not supported; list the hosts")
                }
            }),
    ]

    /// Returns the remedy for a host of the hosted service, which has separate hosts for WebSocket
    /// and REST.
    private static func hostHint(_ text: String) -> String? {
        var host = text.lowercased()[...]
        if let scheme = host.firstRange(of: "://") { host = host[scheme.upperBound...] }
        host = host.prefix { $0 != ":" && $0 != "/" }
        if host.hasSuffix(".") { host.removeLast() }
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count == 3, ["pusher", "pusherapp"].contains(labels[1]), labels[2] == "com"
        else { return nil }
        let words = labels[0].split(separator: "-", maxSplits: 1)
        let role = words.first.map(String.init) ?? ""
        guard ["api", "ws", "sockjs"].contains(role) else { return nil }
        let cluster = words.count == 2 ? String(words[1]) : "mt1"
        return "is only the \(role == "api" ? "REST" : "WebSocket") host of the hosted service;"
            + " set PUSHER_CLUSTER=\(cluster) and leave PUSHER_HOST unset"
    }

    private static let identifierTakes = "letters, digits, '-', '_' and '.'"

    /// The maximum length of `PUSHER_PATH`, in bytes.
    private static let pathBytes = 256

    /// Returns a path with a leading slash and no trailing slash; empty for `/`.
    private static func basePath(_ text: String) throws(ValueProblem) -> String {
        guard text.utf8.count <= pathBytes else { throw .tooLong(limit: pathBytes) }
        guard text.utf8.allSatisfy(isPathCharacter) else { throw .not("a path") }
        let segments = text.split(separator: "/")
        guard !segments.contains(where: { $0 == "." || $0 == ".." }) else {
            throw .not("a path")
        }
        return segments.map { "/" + $0 }.joined()
    }

    private static func isPathCharacter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~!$&'()*+,;=:@%/".utf8.contains(byte)
        }
    }

    private static func sandboxPresets(_ text: String) -> [Command: String] {
        [.sandbox: text, .demo: text]
    }

    private static func identifier(_ text: String) throws(ValueProblem) -> String {
        guard HostName.isIdentifier(text), text.utf8.count <= 128 else {
            throw EnclosingCharacters.fault(text).map(ValueProblem.unfit) ?? .not("a valid name")
        }
        return text
    }
}

extension String {
    /// True if a valid host is an IPv6 address, which has at least two colons.
    fileprivate var isIPv6: Bool { utf8.count { $0 == 0x3A } >= 2 }
}
