// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleWire

extension Configuration {
    /// Reads and checks what concerns the invocation's command, as strong as `Settings` has it.
    ///
    /// Commands that build something refuse variables that there are none of.
    package static func load(
        _ invocation: Invocation, _ surroundings: Surroundings
    ) throws(ConfigurationError) -> Configuration {
        try load(invocation.command, Settings(invocation, surroundings), surroundings)
    }

    /// Checks what was said to `command`.
    static func load(
        _ command: Command, _ settings: Settings, _ surroundings: Surroundings
    ) throws(ConfigurationError) -> Configuration {
        var draft = ConfigurationDraft(surroundings)
        for variable in Variables.all where variable.commands.contains(command) {
            try settings.checkLine(variable.name)
            try draft.take(variable, settings.setting(of: variable), command)
        }
        try draft.checkPresent(settings, command)
        try draft.checkTogether(settings)
        try draft.settleCertificate(settings)
        draft.settleUpstream(command)
        try draft.settleSocket(command)
        draft.settleState(command)
        return draft.configuration
    }
}

extension ConfigurationDraft {
    /// Takes one variable's value, or its default.
    fileprivate mutating func take(
        _ variable: Variable, _ setting: Setting?, _ command: Command
    ) throws(ConfigurationError) {
        let preset = variable.preset(for: command)
        guard let setting = setting ?? preset.map({ Setting(text: $0, origin: .preset) }) else {
            return
        }
        do throws(ValueProblem) {
            let isReadable = setting.text.unicodeScalars.allSatisfy {
                $0.isPrintable || (variable.mayHaveLines && $0.isLineEnd)
            }
            guard isReadable else { throw .unprintable }
            try variable.read(&self, setting.text)
        } catch {
            throw .badValue(
                name: variable.name, shown: variable.isSecret ? nil : setting.text, problem: error,
                takes: variable.takes, origin: setting.origin)
        }
    }

    /// Throws where the command needs variables that nobody set.
    fileprivate func checkPresent(
        _ settings: Settings, _ command: Command
    ) throws(ConfigurationError) {
        guard Command.needy.contains(command) else { return }
        var missing = ["PUSHER_APP_ID", "PUSHER_KEY", "PUSHER_SECRET"].filter {
            settings[$0] == nil
        }
        if cluster == nil && host == nil { missing.append("PUSHER_CLUSTER (or PUSHER_HOST)") }
        guard missing.isEmpty else {
            throw .missing(
                names: missing, command: command.rawValue, hint: hint(missing, settings))
        }
        if let name = missingForAccess {
            throw .missing(names: [name], command: command.rawValue, hint: nil)
        }
    }

    /// What the way of admitting readers needs and has not.
    private var missingForAccess: String? {
        guard let access = configuration.access else { return "PASSERELLE_AUTH" }
        guard case .checked(let byEndpoint, let byToken) = access else { return nil }
        let settings = configuration.accessSettings
        if byEndpoint, settings.endpoint == nil { return "PASSERELLE_AUTH_ENDPOINT" }
        return byToken && settings.tokenKeys.isEmpty ? "PASSERELLE_TOKEN_KEY" : nil
    }

    /// A Next.js file often has the key for the browser only, which is not read.
    private func hint(_ missing: [String], _ settings: Settings) -> String? {
        for name in missing {
            let name = String(name.prefix { $0 != " " })
            guard let origin = settings.browserVariables[name] else { continue }
            return "NEXT_PUBLIC_\(name) (from \(origin.description)) is for browsers and is not"
                + " read, so say it again as \(name)"
        }
        return nil
    }

    /// Throws where values that are each right contradict each other.
    fileprivate mutating func checkTogether(_ settings: Settings) throws(ConfigurationError) {
        if configuration.access == .unchecked {
            for address in configuration.http where !address.isLoopback {
                let origin = settings["PASSERELLE_HTTP"]?.origin ?? .preset
                throw .conflict(
                    name: "PASSERELLE_HTTP", reason: Self.openListener(address.description),
                    origin: origin)
            }
        }
        configuration.isAdminSaid = settings["PASSERELLE_ADMIN"] != nil
        if !configuration.isAdminOpen {
            for address in configuration.admin where !address.isLoopback {
                throw .conflict(
                    name: "PASSERELLE_ADMIN", reason: Self.openAdmin(address.description),
                    origin: settings["PASSERELLE_ADMIN"]?.origin ?? .preset)
            }
        }
        if configuration.consoleShowsContent, !configuration.admin.isEmpty {
            configuration.warnings.append(
                "PASSERELLE_CONSOLE_CONTENT=1: who can reach PASSERELLE_ADMIN reads what is said")
        }
        if let channels = configuration.channels {
            for pinned in configuration.pinned where !channels.matches(pinned.text) {
                throw .conflict(
                    name: "PASSERELLE_PIN",
                    reason: "\(QuotedText.quoted(pinned.text, limit: 60)) is not among"
                        + " PASSERELLE_CHANNELS, so that nobody could read it",
                    origin: settings["PASSERELLE_PIN"]?.origin ?? .preset)
            }
        }
    }

    private static func openListener(_ address: String) -> String {
        "\(QuotedText.quoted(address, limit: 100)) can be reached from other hosts, and"
            + " PASSERELLE_AUTH=none would let everybody there read every channel; it takes"
            + " loopback and Unix listeners only"
    }

    private static func openAdmin(_ address: String) -> String {
        "\(QuotedText.quoted(address, limit: 100)) can be reached from other hosts, and nobody is"
            + " asked who they are there; it takes loopback and Unix listeners only, unless"
            + " PASSERELLE_ADMIN_OPEN=yes says that what can reach it may"
    }

    /// Says where Channels is: the sandbox for the demo, the host where there is one, the cluster.
    fileprivate mutating func settleUpstream(_ command: Command) {
        if command == .demo, case .tcp(let address, let port) = configuration.sandbox {
            configuration.upstream = .host(address, port: port, isTLS: false)
        } else if let host {
            configuration.upstream = .host(host, port: port, isTLS: isTLS)
            if !isTLS, !ListenAddress.isLoopbackHost(host) {
                configuration.warnings.append(
                    "PUSHER_SCHEME=http: events travel unencrypted between here and PUSHER_HOST")
            }
        } else if let cluster {
            configuration.upstream = .cluster(cluster, port: port, isTLS: isTLS)
        }
    }

    /// Takes the directory that systemd has made (the first, where it gives several), unless another
    /// is named.
    fileprivate mutating func settleState(_ command: Command) {
        guard configuration.stateDirectory == nil, Command.gateways.contains(command) else {
            return
        }
        let given = surroundings.value("STATE_DIRECTORY")?.split(separator: ":").first
        configuration.stateDirectory = given.map(String.init)
    }

    /// Finds the Unix socket where no variable says it.
    fileprivate mutating func settleSocket(_ command: Command) throws(ConfigurationError) {
        guard configuration.ipc.isEmpty else { return }
        if Command.clients.contains(command) {
            configuration.ipc = SocketPath.ofClient(surroundings)
        } else if Command.gateways.contains(command) {
            let activated = surroundings.value("LISTEN_FDNAMES")?.split(separator: ":") ?? []
            if command == .serve, activated.contains("ipc") { return }
            guard let path = SocketPath.ofGateway(surroundings, isDemo: command == .demo) else {
                throw .missing(
                    names: ["PASSERELLE_IPC"], command: command.rawValue,
                    hint: "there is neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR to put it in")
            }
            configuration.ipc = path
        }
    }
}

extension Settings {
    /// What was said of a variable, also where it was set to nothing and that means something.
    fileprivate func setting(of variable: Variable) -> Setting? {
        guard let emptied = variable.emptied, let origin = self.emptied(variable.name) else {
            return self[variable.name]
        }
        return Setting(text: emptied, origin: origin)
    }
}

extension Unicode.Scalar {
    /// Says whether it may stand in a setting: no control, and not what repair puts for bad UTF-8.
    fileprivate var isPrintable: Bool {
        value >= 0x20 && !(0x7F..<0xA0).contains(value) && value != 0xFFFD
    }

    /// Says whether it ends a line.
    fileprivate var isLineEnd: Bool { value == 0x0A || value == 0x0D }
}
