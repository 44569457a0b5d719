// SPDX-License-Identifier: MIT

import PasserelleNet

extension Variables {
    /// Where the process is spoken to.
    static let listeners: [Variable] = [
        Variable(
            name: "PASSERELLE_HTTP", preset: "127.0.0.1:8080", placeholder: "ADDRESS,…",
            meaning: "HTTP listeners: HOST:PORT, unix:PATH, several with commas",
            takes: addressTakes, commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.http = try addresses(text)
            }),
        Variable(
            name: "PASSERELLE_ADMIN", preset: "127.0.0.1:8081", placeholder: "ADDRESS,…",
            meaning: "Listener for metrics and console", takes: addressTakes,
            commands: Command.gateways, stage: .later,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.admin = try addresses(text)
            }),
        Variable(
            name: "PASSERELLE_IPC", presetWords: "$RUNTIME_DIRECTORY/passerelle.sock",
            placeholder: "PATH", meaning: "The line protocol's Unix socket",
            takes: "a path of at most \(ListenAddress.unixPathLimit) bytes",
            commands: Command.gateways.union(Command.clients),
            read: { draft, text throws(ValueProblem) in
                draft.configuration.ipc = try socketPath(text)
            }),
        Variable(
            name: "PASSERELLE_IPC_USERS", presetWords: "whom the socket's file mode lets",
            placeholder: "USER,…", meaning: "Users that may use the Unix socket",
            takes: "user names or numbers with commas between them", commands: Command.gateways,
            stage: .later,
            read: { draft, text throws(ValueProblem) in
                var users: Set<UInt32> = []
                for part in try SettingList.parts(text) {
                    guard let user = UInt32(part) ?? draft.surroundings.userID(part) else {
                        throw .part(part, is: "is no user here")
                    }
                    users.insert(user)
                }
                draft.configuration.ipcUsers = users
            }),
        Variable(
            name: "PASSERELLE_TLS_CERT", placeholder: "FILE",
            meaning: "Certificate of the HTTP listeners", takes: "the path of a PEM file",
            commands: Command.gateways, stage: .later, read: { _, _ in }),
        Variable(
            name: "PASSERELLE_TLS_KEY", placeholder: "FILE",
            meaning: "Private key of the HTTP listeners", takes: "the path of a PEM file",
            commands: Command.gateways, stage: .later, read: { _, _ in }),
    ]

    private static let addressTakes =
        "HOST:PORT, [IPV6]:PORT or unix:PATH, several with commas between them"

    /// Reads listeners; one that stands twice is refused, since the second could not listen.
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
                throw .part(part, is: "is not an address: its host is none")
            }
            guard !all.contains(address) || address.hasAnyPort else {
                throw .part(part, is: "is there twice")
            }
            all.append(address)
        }
        return all
    }

    private static func socketPath(_ text: String) throws(ValueProblem) -> String {
        let path = text.hasPrefix("unix:") ? String(text.dropFirst(5)) : text
        guard !path.isEmpty, !path.hasSuffix("/") else { throw .not("a socket's path") }
        let limit = ListenAddress.unixPathLimit
        guard path.utf8.count <= limit else { throw .tooLong(limit: limit) }
        return path
    }
}

extension ListenAddress {
    /// Says whether the kernel chooses the port.
    fileprivate var hasAnyPort: Bool {
        if case .tcp(_, port: 0) = self { true } else { false }
    }
}
