// SPDX-License-Identifier: MIT

import PasserelleLog
package import PasserelleConfiguration
import PasserelleDownstream
package import PasserelleNet

extension Gateway {
    /// The sockets passed by systemd, if any; throws if one must not be served as configured.
    package static func activatedSockets(
        _ configuration: Configuration
    ) throws(StartError) -> ActivatedSockets {
        let passed: [ActivatedSockets.Passed]
        do throws(SystemError) {
            passed = try Systemd.passedSockets()
        } catch {
            throw StartError(description: "systemd's sockets: \(error)")
        }
        do throws(ActivatedSockets.Refusal) {
            return try ActivatedSockets(
                passed, isUnchecked: configuration.access == .unchecked,
                isAdminOpen: configuration.isAdminOpen)
        } catch {
            throw StartError(
                description: error.description, exitCode: ConfigurationError.exitCode)
        }
    }

    /// Opens every listener: for each kind systemd's sockets, or the configured addresses if
    /// systemd passed none.
    package func listen(
        _ configuration: Configuration, _ activated: ActivatedSockets
    ) throws(StartError) {
        let takeHTTP: (Link) -> Void = { [unowned self] in downstream.http.accepted($0) }
        let takeOperator: (Link) -> Void = { [unowned self] in downstream.admin.accepted($0) }
        let takeLine: (Link) -> Void = { [unowned self] in downstream.lines.accepted($0) }
        try openCertificate(configuration)
        for socket in activated.http {
            try adopt(socket, name: "http", tls: tls(for: socket.address), takeHTTP)
        }
        for socket in activated.admin { try adopt(socket, name: "admin", takeOperator) }
        for socket in activated.ipc { try adopt(socket, name: "ipc", takeLine) }
        if activated.http.isEmpty {
            for address in configuration.http {
                try open(
                    address, variable: .http, tls: tls(for: address), takeHTTP)
            }
        }
        if activated.admin.isEmpty {
            try openAdmin(configuration, takeOperator)
        }
        if activated.ipc.isEmpty {
            try open(
                .unix(path: configuration.ipc), variable: .ipc,
                mode: configuration.ipcMode, group: configuration.ipcGroup, takeLine)
        }
    }

    /// Opens the listeners for operators; a default address in use does not prevent the start.
    private func openAdmin(
        _ configuration: Configuration, _ accepted: @escaping (Link) -> Void
    ) throws(StartError) {
        for address in configuration.admin {
            do throws(StartError) {
                try open(address, variable: .admin, accepted)
            } catch {
                guard !configuration.isAdminExplicit else { throw error }
                log.error(
                    "the admin listener is unavailable: console and metrics are off",
                    ["cause": error.description])
            }
        }
    }

    private func open(
        _ address: ListenAddress, variable: VariableName, mode: UInt16 = 0o660,
        group: UInt32? = nil,
        tls: TLSServer? = nil, _ accepted: @escaping (Link) -> Void
    ) throws(StartError) {
        do throws(ListenError) {
            let listener = try Listener(
                loop: loop, address: address, mode: mode, group: group, tls: tls,
                onAccept: accepted)
            let name = variable == .http ? "http" : variable == .admin ? "admin" : "ipc"
            add(listener, isHTTP: variable != .ipc, name: name)
            log.info(
                "listening", ["on": "\(address.with(listener))", "variable": variable.rawValue])
        } catch {
            let nowhere = variable == .admin ? ", or none" : ""
            throw StartError(error, variable: variable, orElse: nowhere)
        }
    }

    private func adopt(
        _ socket: ActivatedSockets.Socket, name: String, tls: TLSServer? = nil,
        _ accepted: @escaping (Link) -> Void
    ) throws(StartError) {
        do {
            add(
                try Listener(
                    loop: loop, adopting: socket.descriptor, file: socket.file, tls: tls,
                    onAccept: accepted),
                isHTTP: name != "ipc", name: name)
            log.info(
                "listening",
                [
                    "on": "\(socket.address)",
                    socket.isHandedOver ? "handed_over" : "systemd": name,
                ])
        } catch {
            throw StartError(description: "systemd's socket named \(name): \(error)")
        }
    }
}

extension StartError {
    /// The error of a listener that cannot be opened; the exit code distinguishes a permanent
    /// error, in the configuration, from a temporary one, after which a service manager should
    /// retry.
    package init(_ error: ListenError, variable: VariableName, orElse: String = "") {
        let remedy = error.remedy.map { $0 + ", or " } ?? ""
        self.init(
            description: "\(variable): \(error); \(remedy)choose another address\(orElse)",
            exitCode: error.isTransient ? Self.transientExitCode : ConfigurationError.exitCode)
    }
}

extension ListenAddress {
    /// The address with the port that the kernel chose, if the configured port is 0.
    fileprivate func with(_ listener: Listener) -> ListenAddress {
        guard case .tcp(let host, _) = self, let port = listener.boundPort else { return self }
        return .tcp(host: host, port: port)
    }
}
