// SPDX-License-Identifier: MIT
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire

/// `passerelle serve` on a port and a Unix socket of its own.
final class GatewayProcess {
    let fixture: EndToEndFixture
    let process: PasserelleProcess
    /// The HTTP address; the first one if there are several.
    let http: ListenAddress
    /// The path of the line protocol's socket.
    let ipc: String
    /// The client's TLS configuration, if the gateway serves TLS.
    private let tls: TLSClient?

    /// Starts the gateway with a Channels server and waits until it is ready.
    ///
    /// Variables in `unset` have their defaults.
    init(
        _ fixture: EndToEndFixture, upstreamPort: Int, http: String = "127.0.0.1:0",
        variables: [String: String] = [:], unset: Set<String> = [], arguments: [String] = [],
        tls: TLSClient? = nil, binary: String? = nil
    ) throws {
        self.fixture = fixture
        self.tls = tls
        ipc =
            variables["PASSERELLE_IPC"]
            ?? fixture.directory.file("line-\(UInt32.random(in: 0 ... .max))")
        process = try fixture.start(
            "serve", arguments,
            Self.variables(upstreamPort: upstreamPort, http: http, ipc: ipc)
                .merging(variables) { $1 }.filter { !unset.contains($0.key) }, binary: binary)
        self.http = try Self.address(fixture, process)
        try fixture.wait(for: "readiness") { try isReady }
    }

    /// The variables that `serve` needs, for a server at this port of 127.0.0.1.
    static func variables(
        upstreamPort: Int, http: String = "127.0.0.1:0", ipc: String
    ) -> [String: String] {
        SandboxProcess.credentials.merging([
            "PUSHER_HOST": "127.0.0.1", "PUSHER_PORT": "\(upstreamPort)", "PUSHER_SCHEME": "http",
            "PASSERELLE_HTTP": http, "PASSERELLE_IPC": ipc, "PASSERELLE_AUTH": "none",
            "PASSERELLE_ADMIN": "none", "PASSERELLE_LOG": "debug",
        ]) { $1 }
    }

    private static func address(
        _ fixture: EndToEndFixture, _ process: PasserelleProcess
    ) throws -> ListenAddress {
        try fixture.wait(for: "the gateway's listeners") {
            if process.hasEnded { throw TestFailure("the gateway ended: \(process.errors)") }
            return !process.lines(with: "listening", "PASSERELLE_IPC").isEmpty
        }
        let texts = process.errors.split(separator: "\n")
            .filter { $0.contains("variable=PASSERELLE_HTTP") }
            .compactMap { $0.split(separator: " ").first { $0.hasPrefix("on=") }?.dropFirst(3) }
        guard let text = texts.first else { throw TestFailure("no listener:\n\(process.errors)") }
        return try ListenAddress.parse(String(text))
    }

    /// Every HTTP address in its log, in order.
    var addresses: [ListenAddress] {
        process.lines(with: "variable=PASSERELLE_HTTP").compactMap { line in
            let word = line.split(separator: " ").first { $0.hasPrefix("on=") }
            return word.flatMap { try? ListenAddress.parse(String($0.dropFirst(3))) }
        }
    }

    /// The admin listener's address, if one is configured.
    func adminAddress() throws -> ListenAddress {
        let text = process.field("on", inLineWith: "variable=PASSERELLE_ADMIN") ?? "none"
        return try ListenAddress.parse(text)
    }

    private var isReady: Bool {
        get throws {
            if process.hasEnded { throw TestFailure("the gateway ended: \(process.errors)") }
            return try get("/readyz").status == 200
        }
    }

    /// Sends one GET.
    func get(_ target: String, fields: HTTPFields = [:]) throws -> HTTPResponse {
        try fixture.request(http, "GET", target, fields: fields, tls: tls)
    }

    /// The answer to `STATUS`.
    func status() throws -> JSONText {
        let line = LineClient(fixture, path: ipc)
        defer { line.close() }
        return try line.ask("STATUS")
    }

    /// True if each of these channels is subscribed.
    ///
    /// A reader may be connected before: events published until Channels has answered the
    /// subscription reach no reader.
    func isLive(_ channels: String...) throws -> Bool {
        let line = LineClient(fixture, path: ipc)
        defer { line.close() }
        let states = try line.ask("CHANNELS").pairs(at: ["channels"], "channel", "state")
        return channels.allSatisfy { states[$0] == #""live""# }
    }

    /// The members that the gateway serves on a channel: `USER` to `INFO`.
    func members(of channel: String) throws -> [String: String] {
        let answer = try get("/channels/\(channel)/members")
        guard answer.status == 200 else {
            throw TestFailure("members: \(answer)\n\(fixture.published)")
        }
        return try JSONText(answer.body).pairs(at: ["members"], "user_id", "user_info")
    }

    /// Its resident memory in KiB, as the kernel reports it.
    var residentKiB: Int {
        get throws {
            guard let file = fopen("/proc/\(process.pid)/status", "r") else {
                throw TestFailure("no such process")
            }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 512)
            while fgets(&line, 512, file) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
                guard text.hasPrefix("VmRSS:") else { continue }
                return Int(text.filter(\.isNumber)) ?? 0
            }
            throw TestFailure("no VmRSS")
        }
    }

    /// The process that serves now, after any upgrades.
    var currentPID: Int32 {
        process.field("pid", inLineWith: "\"handed over\"").flatMap { Int32($0) } ?? process.pid
    }

    /// The number of upgrades so far after which the former process has ended.
    var upgrades: Int { process.lines(with: "another process has taken over").count }

    /// Replaces the running process by the program on disk, by a signal or by the command; waits
    /// until the former process has ended.
    func upgrade(byCommand: Bool = false) throws {
        let before = upgrades
        let failures = process.lines(with: "this one continues").count
        if byCommand {
            let command = try fixture.start("upgrade", [], ["PASSERELLE_IPC": ipc])
            try fixture.wait(for: "the end of passerelle upgrade") { command.hasEnded }
            guard command.status == 0 else {
                throw TestFailure("upgrade: \(command.errors)\n\(process.errors)")
            }
        } else {
            kill(currentPID, SIGUSR2)
        }
        try fixture.wait(for: "the upgrade") {
            guard process.lines(with: "this one continues").count == failures else {
                throw TestFailure("the upgrade failed:\n\(process.errors)")
            }
            return upgrades > before
        }
    }

    /// Kills every process that an upgrade has started.
    func killAll() { kill(-process.pid, SIGKILL) }

    /// Ends it by a signal and returns its exit code.
    @discardableResult
    func stop(_ signal: Int32 = SIGTERM) throws -> Int32 {
        process.signal(signal)
        try fixture.wait(for: "the gateway's end") { process.hasEnded }
        return process.status ?? -1
    }
}
