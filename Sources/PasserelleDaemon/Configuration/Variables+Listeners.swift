// SPDX-License-Identifier: MIT

import PasserelleDownstream
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
            name: "PASSERELLE_ADMIN", preset: "127.0.0.1:8081", presets: [.demo: "none"],
            emptied: "none", placeholder: "ADDRESS,…",
            meaning:
                "Listeners for operators: /console, /metrics; none, or set to nothing: nowhere",
            takes: addressTakes + ", or none", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.admin = text == "none" ? [] : try addresses(text)
            }),
        Variable(
            name: "PASSERELLE_ADMIN_OPEN", preset: "no", placeholder: "yes|no",
            meaning: "Whether operators' listeners may be reached from other hosts",
            takes: "yes or no", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                guard ["yes", "no"].contains(text) else { throw .not("yes or no") }
                draft.configuration.isAdminOpen = text == "yes"
            }),
        Variable(
            name: "PASSERELLE_CONSOLE_CONTENT", preset: "0", placeholder: "0|1",
            meaning: "Whether /console shows what is said, and not only names and sizes",
            takes: "0 or 1", commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                guard ["0", "1"].contains(text) else { throw .not("0 or 1") }
                draft.configuration.consoleShowsContent = text == "1"
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
            placeholder: "USER:RIGHT,…",
            meaning: "Users of the Unix socket: USER:read or USER:publish",
            takes: "user names or numbers, each with :read or :publish, with commas between them",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                draft.configuration.ipcRights = try rights(text, draft.surroundings)
            }),
        Variable(
            name: "PASSERELLE_IPC_MODE", preset: "0660", placeholder: "MODE",
            meaning: "The file mode of the Unix socket", takes: "an octal number up to 0777",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                guard (3...4).contains(text.utf8.count), let mode = UInt16(text, radix: 8),
                    mode <= 0o777, text.utf8.allSatisfy({ (48...55).contains($0) })
                else { throw .not("a file mode") }
                draft.configuration.ipcMode = mode
            }),
        Variable(
            name: "PASSERELLE_IPC_GROUP", presetWords: "the process's own", placeholder: "GROUP",
            meaning: "The group of the Unix socket's file", takes: "a group's name or number",
            commands: Command.gateways,
            read: { draft, text throws(ValueProblem) in
                guard let group = UInt32(text) ?? draft.surroundings.groupID(text) else {
                    throw .not("a group here")
                }
                draft.configuration.ipcGroup = group
            }),
        Variable(
            name: "PASSERELLE_TLS_CERT", placeholder: "FILE",
            meaning: "Certificate chain of the TCP listeners of HTTP, which then speak TLS",
            takes: "the path of a PEM file that begins with the server's own certificate",
            commands: Command.gateways, read: { draft, text in draft.certificate = text }),
        Variable(
            name: "PASSERELLE_TLS_KEY", placeholder: "FILE",
            meaning: "Private key of that certificate",
            takes: "the path of a PEM file with the certificate's key, without a password",
            commands: Command.gateways, read: { draft, text in draft.certificateKey = text }),
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

    /// Reads `USER:RIGHT` parts; a user without a right may read.
    private static func rights(
        _ text: String, _ surroundings: Surroundings
    ) throws(ValueProblem) -> [UInt32: LineRight] {
        var rights: [UInt32: LineRight] = [:]
        for part in try SettingList.parts(text) {
            let words = part.split(separator: ":", omittingEmptySubsequences: false)
            let name = String(words[0])
            guard words.count <= 2,
                let right = LineRight(rawValue: words.count == 2 ? String(words[1]) : "read")
            else { throw .part(part, is: "says neither read nor publish") }
            guard let user = UInt32(name) ?? surroundings.userID(name) else {
                throw .part(part, is: "is no user here")
            }
            guard rights.updateValue(right, forKey: user) == nil else {
                throw .part(part, is: "is there twice")
            }
        }
        return rights
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
