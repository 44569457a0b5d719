// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHTTP
import PasserelleNet

extension Variables {
    /// The listeners.
    package static let listeners: [Variable] = [
        Variable(
            id: .http, preset: "127.0.0.1:8080", placeholder: "ADDRESS,…",
            meaning: "HTTP listeners: HOST:PORT or unix:PATH, separated by commas",
            expected: addressTakes,
            read: into(\.http, addresses)),
        Variable(
            id: .admin, preset: "127.0.0.1:8081", presets: [.demo: "none"],
            emptied: "none", placeholder: "ADDRESS,…",
            meaning:
                "Admin listeners for /console and /metrics; none or an empty value disables them",
            expected: addressTakes + ", or none",
            read: { draft, text throws(ValueProblem) in
                draft.configuration.admin =
                    SettingKeyword.matches(text, "none") ? [] : try addresses(text)
            }),
        Variable(
            id: .adminOpen, preset: "no", placeholder: "yes|no",
            meaning: "Allow admin listeners that other hosts can reach, without authentication",
            expected: flagTakes,
            read: into(\.isAdminOpen, SettingKeyword.flag)),
        Variable(
            id: .consoleContent, preset: "0", placeholder: "0|1",
            meaning: "Show the content of messages in /console, not only names and sizes",
            expected: flagTakes,
            read: into(\.consoleShowsContent, SettingKeyword.flag)),
        Variable(
            id: .diagnose, preset: "yes", placeholder: "yes|no",
            meaning: "Serve /diagnose, a test of the network for users' browsers",
            expected: flagTakes, commands: Command.gateways,
            read: into(\.servesDiagnose, SettingKeyword.flag)),
        Variable(
            id: .ipc, presetWords: "$RUNTIME_DIRECTORY/passerelle.sock",
            placeholder: "PATH", meaning: "The path of the line protocol's Unix socket",
            expected: "a path of at most \(ListenAddress.unixPathLimit) bytes",
            commands: Command.gateways.union(Command.clients),
            read: into(\.ipc, socketPath)),
        Variable(
            id: .ipcUsers, presetWords: "users that the file mode admits",
            placeholder: "USER:RIGHT,…",
            meaning: "Users of the Unix socket and their rights: USER:read or USER:publish",
            expected: "user names or ids, each with :read or :publish, separated by commas",
            read: { draft, text throws(ValueProblem) in
                draft.configuration.ipcRights = try rights(text, draft.environment)
            }),
        Variable(
            id: .ipcMode, preset: "0660", placeholder: "MODE",
            meaning: "The file mode of the Unix socket", expected: "an octal number up to 0777",
            read: { draft, text throws(ValueProblem) in
                guard (3...4).contains(text.utf8.count), let mode = UInt16(text, radix: 8),
                    mode <= 0o777, text.utf8.allSatisfy({ (48...55).contains($0) })
                else { throw .not("a file mode") }
                draft.configuration.ipcMode = mode
            }),
        Variable(
            id: .ipcGroup, presetWords: "the group of the process",
            placeholder: "GROUP",
            meaning: "The group of the Unix socket's file", expected: "the name or id of a group",
            read: { draft, text throws(ValueProblem) in
                guard let group = UInt32(text) ?? draft.environment.groupID(text) else {
                    throw .not("a group of this host")
                }
                draft.configuration.ipcGroup = group
            }),
        Variable(
            id: .tlsCert, placeholder: "FILE",
            meaning: "The certificate chain of the TCP HTTP listeners, which enables TLS",
            expected: "the path of a PEM file that begins with the server's own certificate",
            read: { draft, text in draft.certificate = text }),
        Variable(
            id: .tlsKey, placeholder: "FILE",
            meaning: "The private key of PASSERELLE_TLS_CERT",
            expected: "the path of a PEM file with the certificate's key, without a password",
            read: { draft, text in draft.certificateKey = text }),
    ]

    /// The valid values of a flag.
    static let flagTakes = "yes or no, true or false, on or off, 1 or 0"

    private static let addressTakes =
        "HOST:PORT, [IPV6]:PORT or unix:PATH, separated by commas"

    /// Parses listeners; refuses an address that occurs twice, because it can be bound only once.
    private static func addresses(_ text: String) throws(ValueProblem) -> [ListenAddress] {
        var all: [ListenAddress] = []
        for part in try SettingList.parts(text) {
            let address: ListenAddress
            do throws(ListenAddressError) {
                address = try ListenAddress.parse(part)
            } catch {
                throw .part(part, is: "is not an address: \(error.description)")
            }
            if case .tcp(let host, _) = address, !HostName.isValid(host) {
                throw .part(part, is: "is not an address: the host is invalid")
            }
            guard !all.contains(address) || address.hasAnyPort else {
                throw .part(part, is: "occurs twice")
            }
            all.append(address)
        }
        return all
    }

    /// Parses `USER:RIGHT` parts; the default right is `read`.
    private static func rights(
        _ text: String, _ environment: ProcessEnvironment
    ) throws(ValueProblem) -> [UInt32: LineRight] {
        var rights: [UInt32: LineRight] = [:]
        for part in try SettingList.parts(text) {
            let words = part.split(separator: ":", omittingEmptySubsequences: false)
            let name = String(words[0])
            guard words.count <= 2,
                let right = LineRight(rawValue: words.count == 2 ? words[1].lowercased() : "read")
            else { throw .part(part, is: "has a right other than read or publish") }
            guard let user = UInt32(name) ?? environment.userID(name) else {
                throw .part(part, is: "is not a user of this host")
            }
            guard rights.updateValue(right, forKey: user) == nil else {
                throw .part(part, is: "occurs twice")
            }
        }
        return rights
    }

    private static func socketPath(_ text: String) throws(ValueProblem) -> String {
        let path = text.hasPrefix("unix:") ? String(text.dropFirst(5)) : text
        guard !path.isEmpty, !path.hasSuffix("/") else { throw .not("the path of a socket") }
        let limit = ListenAddress.unixPathLimit
        guard path.utf8.count <= limit else { throw .tooLong(limit: limit) }
        return path
    }
}

extension ListenAddress {
    /// True if the kernel chooses the port.
    fileprivate var hasAnyPort: Bool {
        if case .tcp(_, port: 0) = self { true } else { false }
    }
}

extension Variables {
    /// The accepted sources of requests.
    package static let requests: [Variable] = [
        Variable(
            id: .origins, presetWords: "same origin", placeholder: "ORIGIN,…",
            meaning: "Origins of other sites whose pages can read and send, with credentials",
            expected: "https://HOST or https://HOST:PORT, or the origin of an app such as"
                + " capacitor://localhost, separated by commas",
            read: into(\.origins) { text throws(ValueProblem) in
                Set(try SettingList.parts(text).map(WebAddress.origin(setting:)))
            }),
        Variable(
            id: .hosts, presetWords: "any; with PASSERELLE_AUTH=none, loopback names",
            placeholder: "HOST,…", meaning: "Accepted values of the Host header field",
            expected: "HOST or HOST:PORT, separated by commas",
            read: into(\.hosts) { text throws(ValueProblem) in
                Set(try SettingList.parts(text).map(host))
            }),
        Variable(
            id: .trustedProxies, presetWords: "none", placeholder: "ADDRESS,…",
            meaning: "Proxies whose X-Forwarded-For and Forwarded header fields are trusted",
            expected: "addresses, networks such as 10.0.0.0/8, or unix for the Unix listeners,"
                + " separated by commas",
            read: { draft, text throws(ValueProblem) in
                for part in try SettingList.parts(text) {
                    if SettingKeyword.matches(part, "unix") {
                        draft.configuration.proxies.trustsUnix = true
                    } else if let range = AddressRange(part) {
                        draft.configuration.proxies.ranges.append(range)
                    } else {
                        throw .part(part, is: "is neither an address nor a network")
                    }
                }
            }),
    ]

    /// Parses a host as in a `Host` field, and returns it in lower case.
    private static func host(_ text: String) throws(ValueProblem) -> String {
        guard !text.hasPrefix("http"), let address = try? WebAddress(setting: "http://" + text),
            address.target == "/", !text.hasSuffix("/")
        else { throw .part(text, is: "is not a host") }
        return text.lowercased()
    }
}
