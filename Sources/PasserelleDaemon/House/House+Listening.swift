// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet

extension House {
    /// The sockets that systemd passed, where it did, and where we may serve what they are for.
    static func activatedSockets(
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
                passed, admitsAnybody: configuration.access == .unchecked,
                isAdminOpen: configuration.isAdminOpen)
        } catch {
            throw StartError(
                description: error.description, exitCode: ConfigurationError.exitCode)
        }
    }

    /// Opens every listener: systemd's own where it has passed some of a kind, else those that the
    /// configuration names.
    func listen(
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
                    address, variable: "PASSERELLE_HTTP", tls: tls(for: address), takeHTTP)
            }
        }
        if activated.admin.isEmpty {
            try openAdmin(configuration, takeOperator)
        }
        if activated.ipc.isEmpty {
            try open(
                .unix(path: configuration.ipc), variable: "PASSERELLE_IPC",
                mode: configuration.ipcMode, group: configuration.ipcGroup, takeLine)
        }
    }

    /// Opens the listeners for operators; the one that nobody asked for keeps no reader waiting.
    private func openAdmin(
        _ configuration: Configuration, _ accepted: @escaping (Link) -> Void
    ) throws(StartError) {
        for address in configuration.admin {
            do throws(StartError) {
                try open(address, variable: "PASSERELLE_ADMIN", accepted)
            } catch {
                guard !configuration.isAdminSaid else { throw error }
                log.error(
                    "operators are not served: neither console nor metrics",
                    ["cause": error.description])
            }
        }
    }

    private func open(
        _ address: ListenAddress, variable: String, mode: UInt16 = 0o660, group: UInt32? = nil,
        tls: TLSServer? = nil, _ accepted: @escaping (Link) -> Void
    ) throws(StartError) {
        do {
            let listener = try Listener(
                loop: loop, address: address, mode: mode, group: group, tls: tls,
                onAccept: accepted)
            add(listener, isHTTP: variable != "PASSERELLE_IPC")
            log.info("listening", ["on": "\(address.with(listener))", "variable": variable])
        } catch {
            let nowhere = variable == "PASSERELLE_ADMIN" ? ", or none" : ""
            throw StartError(
                description:
                    "\(variable): cannot listen on \(address): \(error); choose another\(nowhere)")
        }
    }

    private func adopt(
        _ socket: ActivatedSockets.Socket, name: String, tls: TLSServer? = nil,
        _ accepted: @escaping (Link) -> Void
    ) throws(StartError) {
        do {
            add(
                try Listener(
                    loop: loop, adopting: socket.descriptor, tls: tls, onAccept: accepted),
                isHTTP: name != "ipc")
            log.info("listening", ["on": "\(socket.address)", "systemd": name])
        } catch {
            throw StartError(description: "systemd's socket named \(name): \(error)")
        }
    }
}

extension ListenAddress {
    /// The address with the port that the kernel gave to the listener, where it was left to choose.
    fileprivate func with(_ listener: Listener) -> ListenAddress {
        guard case .tcp(let host, _) = self, let port = listener.boundPort else { return self }
        return .tcp(host: host, port: port)
    }
}
