// SPDX-License-Identifier: MIT

import PasserelleLog
import PasserelleNet
import PasserelleWire

extension Configuration {
    /// Loads and checks the variables of the invocation's command, with the precedence of
    /// `Settings`.
    ///
    /// Commands in `Command.builders` refuse unknown `PASSERELLE_` variables.
    package static func load(
        _ invocation: Invocation, _ environment: ProcessEnvironment
    ) throws(ConfigurationError) -> Configuration {
        try load(invocation.command, Settings(invocation, environment), environment)
    }

    /// Checks the settings of `command`.
    package static func load(
        _ command: Command, _ settings: Settings, _ environment: ProcessEnvironment
    ) throws(ConfigurationError) -> Configuration {
        var draft = ConfigurationDraft(environment: environment)
        for variable in Variables.all where variable.commands.contains(command) {
            try settings.checkLine(variable.name)
            try draft.take(variable, settings.setting(of: variable), command)
        }
        try draft.checkPresent(settings, command)
        try draft.checkTogether(settings)
        try draft.resolveCertificate(settings)
        draft.resolveUpstream(command)
        try draft.resolveSocket(command)
        draft.resolveStateDirectory(command)
        draft.configuration.notes = settings.notes
        return draft.configuration
    }
}

extension ConfigurationDraft {
    /// Reads the value of one variable, or its default.
    fileprivate mutating func take(
        _ variable: Variable, _ setting: Setting?, _ command: Command
    ) throws(ConfigurationError) {
        let preset = variable.preset(for: command)
        guard let setting = setting ?? preset.map({ Setting(text: $0, origin: .preset) }) else {
            return
        }
        do throws(ValueProblem) {
            let text =
                variable.isSecret ? setting.text : SettingList.trim(setting.text.utf8[...])
            let isReadable = text.unicodeScalars.allSatisfy {
                $0.isPrintable || (variable.mayHaveLines && $0.isLineEnd)
            }
            guard isReadable else { throw .unprintable }
            if variable.presetWords == "none", text.lowercased() == "none" { return }
            try variable.read(&self, text)
            warn(variable, setting)
        } catch {
            let isShown = !variable.isSecret && setting.isShowable
            var problem = isShown ? error : error.withoutPart
            if error == .unprintable, !isShown,
                let fault = EnclosingCharacters.control(setting.text)
            {
                problem = .unfit(fault)
            }
            throw .badValue(
                name: variable.name, shown: isShown ? setting.text : nil,
                problem: problem,
                expected: variable.expected
                    + (setting.endsInBackslash ? "; " + Setting.noContinuation : ""),
                origin: setting.origin)
        }
    }

    /// Warns about a value that is probably a mistake; the warning never contains a secret.
    private mutating func warn(_ variable: Variable, _ setting: Setting) {
        let origin = "(from \(setting.origin.description))"
        if let name = setting.unset.first {
            let reference = variable.isSecret || name.isEmpty ? "a variable" : "$" + name
            configuration.warnings.append(
                "\(variable.name) refers to \(reference) with '$', which is not set and expands to"
                    + " nothing, as in Next.js; write '\\$' for a literal dollar sign \(origin)")
        }
        if setting.endsInBackslash {
            configuration.warnings.append(
                "\(variable.name) ends in '\\', which is part of the value: "
                    + Setting.noContinuation
                    + " \(origin)")
        }
        guard variable.isSecret, !setting.text.contains("-----BEGIN "),
            let fault = EnclosingCharacters.fault(setting.text)
        else { return }
        configuration.warnings.append("\(variable.name) \(fault) \(origin)")
    }

    /// Throws if variables that the command requires are not set.
    fileprivate func checkPresent(
        _ settings: Settings, _ command: Command
    ) throws(ConfigurationError) {
        guard Command.requiringCredentials.contains(command) else { return }
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

    /// The first variable that `PASSERELLE_AUTH` requires and that is not set, if any.
    private var missingForAccess: String? {
        guard let access = configuration.access else { return "PASSERELLE_AUTH" }
        guard case .checked(let byEndpoint, let byToken) = access else { return nil }
        let settings = configuration.accessSettings
        if byEndpoint, settings.endpoint == nil { return "PASSERELLE_AUTH_ENDPOINT" }
        return byToken && settings.tokenKeys.isEmpty ? "PASSERELLE_TOKEN_KEY" : nil
    }

    /// Frameworks use other names for the same values, often in variables for browsers; these are
    /// not read, but the hint mentions them.
    private func hint(_ missing: [String], _ settings: Settings) -> String? {
        let hints = missing.compactMap { name -> String? in
            let name = String(name.prefix { $0 != " " })
            let candidates = name == "PUSHER_CLUSTER" ? [name, "PUSHER_HOST"] : [name]
            let found = candidates.lazy.compactMap { own in
                settings.foreignNames[own].map { (own, $0) }
            }.first
            guard let (own, other) = found else { return nil }
            let kind = ForeignName.isForBrowsers(other.name) ? " is for browsers and" : ""
            return "\(other.name) (from \(other.origin.description))\(kind) is not read, so set"
                + " \(own) to the same value"
        }
        return hints.isEmpty ? nil : hints.joined(separator: "; ")
    }

    /// Throws if values that are valid by themselves contradict each other.
    fileprivate mutating func checkTogether(_ settings: Settings) throws(ConfigurationError) {
        if configuration.access == .unchecked {
            for address in configuration.http where !address.isLoopback {
                let origin = settings["PASSERELLE_HTTP"]?.origin ?? .preset
                throw .conflict(
                    name: "PASSERELLE_HTTP", reason: Self.openListener(address.description),
                    origin: origin)
            }
        }
        configuration.isAdminExplicit = settings["PASSERELLE_ADMIN"] != nil
        if !configuration.isAdminOpen {
            for address in configuration.admin where !address.isLoopback {
                throw .conflict(
                    name: "PASSERELLE_ADMIN", reason: Self.openAdmin(address.description),
                    origin: settings["PASSERELLE_ADMIN"]?.origin ?? .preset)
            }
        }
        if configuration.consoleShowsContent, !configuration.admin.isEmpty {
            configuration.warnings.append(
                "PASSERELLE_CONSOLE_CONTENT=1: the console at PASSERELLE_ADMIN shows message"
                    + " content")
        }
        if let channels = configuration.channels {
            for pinned in configuration.pinned where !channels.matches(pinned.text) {
                throw .conflict(
                    name: "PASSERELLE_PIN",
                    reason: (settings["PASSERELLE_PIN"]?.isShowable == false
                        ? "a channel" : QuotedText.quoted(pinned.text, limit: 60))
                        + " does not match PASSERELLE_CHANNELS, so no reader could subscribe to it",
                    origin: settings["PASSERELLE_PIN"]?.origin ?? .preset)
            }
        }
    }

    private static func openListener(_ address: String) -> String {
        "\(QuotedText.quoted(address, limit: 100)) can be reached from other hosts, and with"
            + " PASSERELLE_AUTH=none any client there could read every channel; use loopback and"
            + " Unix listeners only, or set PASSERELLE_AUTH to endpoint or token"
    }

    private static func openAdmin(_ address: String) -> String {
        "\(QuotedText.quoted(address, limit: 100)) can be reached from other hosts, and the admin"
            + " listener has no authentication; use a loopback or Unix listener, or set"
            + " PASSERELLE_ADMIN_OPEN=yes to allow it"
    }

    /// Sets the upstream server: the sandbox for `demo`, otherwise `PUSHER_HOST`, otherwise the
    /// cluster.
    fileprivate mutating func resolveUpstream(_ command: Command) {
        if command == .demo, case .tcp(let address, let port) = configuration.sandbox {
            configuration.upstream = .host(address, port: port, isTLS: false)
        } else if let host {
            configuration.upstream = .host(host, port: port, isTLS: isTLS)
            if !isTLS, !ListenAddress.isLoopbackHost(host) {
                configuration.warnings.append(
                    "PUSHER_SCHEME=http: the connection to PUSHER_HOST is not encrypted")
            }
        } else if let cluster {
            configuration.upstream = .cluster(cluster, port: port, isTLS: isTLS)
        }
        guard command != .demo else { return }
        configuration.upstream.path = path
        configuration.upstream.origin = origin
    }

    /// Sets the state directory to the first entry of `$STATE_DIRECTORY` (set by systemd), unless
    /// another is configured.
    fileprivate mutating func resolveStateDirectory(_ command: Command) {
        if configuration.stateDirectory?.lowercased() == "none" {
            configuration.stateDirectory = nil
            return
        }
        guard configuration.stateDirectory == nil, Command.gateways.contains(command) else {
            return
        }
        let given = environment.value("STATE_DIRECTORY")?.split(separator: ":").first
        configuration.stateDirectory = given.map(String.init)
    }

    /// Sets the default path of the Unix socket if none is configured.
    fileprivate mutating func resolveSocket(_ command: Command) throws(ConfigurationError) {
        guard configuration.ipc.isEmpty else { return }
        if Command.clients.contains(command) {
            configuration.ipc = SocketPath.ofClient(environment)
        } else if Command.gateways.contains(command) {
            let activated = environment.value("LISTEN_FDNAMES")?.split(separator: ":") ?? []
            if command == .serve, activated.contains("ipc") { return }
            guard let path = SocketPath.ofGateway(environment, isDemo: command == .demo) else {
                throw .missing(
                    names: ["PASSERELLE_IPC"], command: command.rawValue,
                    hint: "neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set, so there is no"
                        + " default")
            }
            configuration.ipc = path
        }
    }
}

extension Settings {
    /// Returns the setting of a variable; if an empty value has a meaning, it counts as set.
    fileprivate func setting(of variable: Variable) -> Setting? {
        guard let emptied = variable.emptied, let origin = self.emptied(variable.name) else {
            return self[variable.name]
        }
        return Setting(text: emptied, origin: origin)
    }
}

extension Unicode.Scalar {
    /// True if it may occur in a setting: not a control character, and not U+FFFD, which replaces
    /// invalid UTF-8.
    fileprivate var isPrintable: Bool {
        value >= 0x20 && !(0x7F..<0xA0).contains(value) && value != 0xFFFD
    }

    /// True for LF and CR.
    fileprivate var isLineEnd: Bool { value == 0x0A || value == 0x0D }
}
