// SPDX-License-Identifier: MIT
import FoundationEssentials
import Glibc
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// TLS on the real binary's own listener, with foreign TLS clients.
struct ListenerTLSTests {
    private static let channel = "presence-bail-1"

    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let certificates: TestCertificates
    private let certificate: String
    private let key: String

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        certificates = try TestCertificates()
        certificate = fixture.directory.file("served.pem")
        key = fixture.directory.file("served.key")
        try put(try certificates.server(names: ["first.test"], addresses: ["127.0.0.1"]))
    }

    private var variables: [String: String] {
        ["PASSERELLE_TLS_CERT": certificate, "PASSERELLE_TLS_KEY": key]
    }

    /// Replaces the served pair; each file is replaced atomically.
    private func put(_ server: TestCertificates.Server) throws {
        try put(server.certificateFile, at: certificate)
        try put(server.keyFile, at: key)
    }

    private func put(_ file: String, at path: String) throws {
        let new = path + ".new"
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.write(toFile: new, atomically: false, encoding: .utf8)
        #expect(rename(new, path) == 0)
    }

    private func gateway(
        _ variables: [String: String] = [:], http: String = "127.0.0.1:0",
        arguments: [String] = []
    ) throws -> GatewayProcess {
        try GatewayProcess(
            fixture, upstreamPort: sandbox.port, http: http,
            variables: self.variables.merging(variables) { $1 }, arguments: arguments,
            tls: try TLSClient(caFile: certificates.authorityFile))
    }

    private func port(of gateway: GatewayProcess) -> Int {
        if case .tcp(_, let port) = gateway.http { port } else { 0 }
    }

    private func openssl(
        _ gateway: GatewayProcess, _ arguments: String...
    ) throws -> SubprocessResult {
        try fixture.run(
            "openssl",
            ["s_client", "-connect", "127.0.0.1:\(port(of: gateway))", "-verify_return_error"]
                + ["-CAfile", certificates.authorityFile] + arguments)
    }

    /// The output and exit code of curl for `/readyz` on a host name.
    private func curl(
        _ gateway: GatewayProcess, host: String, scheme: String = "https"
    ) throws -> SubprocessResult {
        let port = port(of: gateway)
        return try fixture.run(
            "curl",
            [
                "--silent", "--show-error", "--cacert", certificates.authorityFile,
                "--resolve", "\(host):\(port):127.0.0.1", "--header", "Host: localhost",
                "--max-time", "600", "\(scheme)://\(host):\(port)/readyz",
            ])
    }

    @Test func `modern TLS is accepted, and old versions or other protocols are refused`() throws {
        let path = fixture.directory.file("plain")
        let gateway = try gateway(http: "127.0.0.1:0,unix:\(path)")
        let modern = try openssl(gateway, "-alpn", "h2,http/1.1")
        #expect(modern.status == 0, "\(modern)")
        #expect(modern.output.contains("ALPN protocol: http/1.1"))
        #expect(modern.output.contains("TLSv1.3"))
        #expect(modern.output.contains("Compression: NONE"))
        let older = try openssl(gateway, "-tls1_2", "-servername", "other.test")
        #expect(older.status == 0 && older.output.contains("ECDHE-"), "\(older)")
        #expect(try openssl(gateway, "-alpn", "h2").output.contains("No ALPN negotiated"))
        for old in [
            ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "AES128-SHA"],
            ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256"],
        ] {
            let result = try openssl(gateway, old[0], old[1], old[2])
            #expect(result.status != 0, "\(old)")
            #expect(result.errors.contains("alert"), "\(result)")
        }
        #expect(try curl(gateway, host: "first.test").output.contains("ready"))
        #expect(try curl(gateway, host: "other.test").status == 60)
        let plain = try curl(gateway, host: "first.test", scheme: "http")
        #expect(plain.status == 0 && plain.output == "This port speaks HTTPS.\n", "\(plain)")
        let local = try fixture.request(.unix(path: path), "GET", "/readyz")
        #expect(local.status == 200)
    }

    @Test func `a client without a handshake is cut, and garbage affects no other client`() throws {
        let gateway = try gateway(["PASSERELLE_HEADER_TIME": "5s"])
        let client = try TLSClient(caFile: certificates.authorityFile)
        let stream = StreamClient(
            fixture, gateway.http, "/events?channel=\(Self.channel)", tls: client)
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        let silent = (0..<20).map { _ in LinkRecorder() }
        for recorder in silent {
            _ = Dial.connect(loop: fixture.loop, to: gateway.http, owner: recorder)
        }
        let garbage = (0..<20).map { _ in LinkRecorder() }
        for (number, recorder) in garbage.enumerated() {
            let link = Dial.connect(loop: fixture.loop, to: gateway.http, owner: recorder)
            // Starts with the first bytes of a record, or with no byte.
            let head: [UInt8] = number % 2 == 0 ? [0x16, 3, 1, 2, 0] : []
            link.send(head + (0..<9_000).map { _ in UInt8.random(in: 0...255) })
        }
        try fixture.wait(for: "their ends") { (silent + garbage).allSatisfy(\.isEnded) }
        try sandbox.publish(Self.channel, "new-message", #"{"n":1}"#)
        try fixture.wait(for: "the event") { stream.delivered.count == 1 }
        #expect(try gateway.stop() == 0)
    }

    /// Replaces the certificate, then the key, and takes a step in between.
    private func replaceByHalves(
        _ gateway: GatewayProcess, between step: () throws -> Void
    ) throws {
        let second = try certificates.server(names: ["second.test"], addresses: ["127.0.0.1"])
        try put(second.certificateFile, at: certificate)
        try fixture.wait(for: "word that half a pair is none") {
            !gateway.process.lines(with: "certificate not reloaded", "does not belong").isEmpty
        }
        try step()
        #expect(try curl(gateway, host: "first.test").status == 0)
        try put(second.keyFile, at: key)
        try fixture.wait(for: "the second") {
            !gateway.process.lines(with: "certificate reloaded").isEmpty
        }
        #expect(try curl(gateway, host: "second.test").status == 0)
        #expect(gateway.process.lines(with: "certificate not reloaded").count == 1)
    }

    /// Replaces the certificate and the file of variables, and reloads both by a signal.
    private func reloadOnSignal(_ gateway: GatewayProcess, _ file: String) throws {
        // The signal reloads at once; a variable that cannot change is reported, and the rest is
        // applied.
        try put(try certificates.server(names: ["third.test"], addresses: ["127.0.0.1"]))
        try "PASSERELLE_AUTH_GRACE=1m\nPASSERELLE_CHANNELS=presence-*\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        gateway.process.signal(SIGHUP)
        try fixture.wait(for: "the third") {
            try curl(gateway, host: "third.test").status == 0
        }
        try fixture.wait(for: "the waiting event") {
            !gateway.process.lines(
                with: "requires a restart",
                "PASSERELLE_CHANNELS,PASSERELLE_AUTH_GRACE,PASSERELLE_HISTORY"
            ).isEmpty
        }
    }

    /// Checks that an unusable key is refused, and that the certificate before it is still served.
    private func expectUnusableKeyRefused(_ gateway: GatewayProcess) throws {
        try "nonsense".write(toFile: key, atomically: false, encoding: .utf8)
        gateway.process.signal(SIGHUP)
        try fixture.wait(for: "the refusal") {
            !gateway.process.lines(with: "not reloaded", "PASSERELLE_TLS_KEY", key).isEmpty
        }
        #expect(try curl(gateway, host: "third.test").status == 0)
    }

    @Test func `a new certificate is served once it is complete, and open streams continue`() throws
    {
        let file = fixture.directory.file("variables.env")
        try "PASSERELLE_HISTORY='512 events, 1 MiB, 1h'\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        let gateway = try gateway(arguments: ["--env-file", file])
        let client = try TLSClient(caFile: certificates.authorityFile)
        let stream = StreamClient(
            fixture, gateway.http, "/events?channel=\(Self.channel)", tls: client)
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        var count = 0
        func send() throws {
            count += 1
            try sandbox.publish(Self.channel, "new-message", "{\"n\":\(count)}")
        }
        try send()
        try replaceByHalves(gateway, between: send)
        try send()
        try reloadOnSignal(gateway, file)
        try send()
        try expectUnusableKeyRefused(gateway)
        try send()
        try fixture.wait(for: "every event") { stream.delivered.count >= count }
        #expect(stream.delivered.map(\.data) == (1...count).map { "{\"n\":\($0)}" })
        #expect(stream.end == nil && stream.failure == nil)
        #expect(try gateway.stop() == 0)
        try fixture.wait(for: "the stream's end") { stream.end != nil }
        #expect(stream.isComplete && stream.end == .closedByPeer)
    }

    @Test func `unusable certificate files prevent the start, with one line`() throws {
        let other = try certificates.server()
        let missing = fixture.directory.file("missing.pem")
        for (changes, words) in [
            (["PASSERELLE_TLS_KEY": ""], ["PASSERELLE_TLS_CERT", "PASSERELLE_TLS_KEY"]),
            (["PASSERELLE_TLS_CERT": ""], ["PASSERELLE_TLS_KEY", "PASSERELLE_TLS_CERT"]),
            (["PASSERELLE_TLS_CERT": missing], ["PASSERELLE_TLS_CERT", missing, "No such file"]),
            (["PASSERELLE_TLS_KEY": missing], ["PASSERELLE_TLS_KEY", missing, "No such file"]),
            (["PASSERELLE_TLS_CERT": "/etc/hostname"], ["PASSERELLE_TLS_CERT", "expected"]),
            (["PASSERELLE_TLS_KEY": certificate], ["PASSERELLE_TLS_KEY", "expected"]),
            (
                ["PASSERELLE_TLS_KEY": other.keyFile],
                ["PASSERELLE_TLS_KEY", other.keyFile, "does not belong", certificate]
            ),
        ] {
            let process = try fixture.start(
                "serve", [],
                GatewayProcess.variables(upstreamPort: 9, ipc: fixture.directory.file("ipc"))
                    .merging(variables) { $1 }.merging(changes) { $1 })
            try fixture.wait(for: "the end with \(changes)") { process.hasEnded }
            #expect(process.status == 78)
            #expect(process.errors.split(separator: "\n").count == 1, "\(process.errors)")
            for word in words + ["(from environment)"] {
                #expect(process.errors.contains(word), "\(process.errors)")
            }
        }
    }

    @Test func `a slow reader over TLS falls behind the log and costs no memory`() throws {
        let gateway = try gateway(["PASSERELLE_LOG": "info", "PASSERELLE_STALL": "1h"])
        let client = try TLSClient(caFile: certificates.authorityFile)
        let target = "/events?channel=\(Self.channel)"
        let fast = StreamClient(fixture, gateway.http, target, tls: client)
        let slow = StreamClient(fixture, gateway.http, target, tls: client)
        try fixture.wait(for: "both readers") {
            !fast.snapshots.isEmpty && !slow.snapshots.isEmpty
        }
        fast.keepsAll = false
        slow.pause()
        let text = String(repeating: "x", count: 8_000)
        let total = 2_000
        var early = 0
        for number in 1...total {
            try sandbox.publish(
                Self.channel, "new-message", "{\"n\":\(number),\"text\":\"\(text)\"}")
            try fixture.wait(for: "event \(number) at the fast reader") { fast.count >= number }
            if number == total / 2 { early = try gateway.residentKiB }
        }
        #expect(fast.gapCount == 0 && fast.count == total)
        #expect(try gateway.residentKiB - early < 4_096 || !Sanitizer.leavesMemory)
        slow.resume()
        try fixture.wait(for: "the rest at the slow one") {
            slow.delivered.last?.data.hasPrefix("{\"n\":\(total),") == true
        }
        #expect(slow.delivered.count { $0.isGap } == 1)
        #expect(slow.delivered.count < total)
        #expect(slow.failure == nil && slow.end == nil)
    }

    @Test func `a socket passed by systemd serves only TLS`() throws {
        // A port that was free a moment ago, since systemd's program needs a number.
        let holder = try ScriptedHTTP(loop: fixture.loop)
        let port = holder.port
        holder.close()
        let settings = GatewayProcess.variables(
            upstreamPort: sandbox.port, ipc: fixture.directory.file("line")
        ).merging(variables) { $1 }
        let service = try Subprocess(
            "systemd-socket-activate",
            ["--listen=127.0.0.1:\(port)", "--fdname=http"]
                + settings.map { "--setenv=\($0.key)=\($0.value)" }
                + [PasserelleProcess.binary(), "serve"])
        try fixture.wait(for: "the socket: \(service.errors)") {
            service.errors.contains("Listening on") || service.hasEnded
        }
        let address = ListenAddress.tcp(host: "127.0.0.1", port: port)
        let client = try TLSClient(caFile: certificates.authorityFile)
        let answer = try fixture.request(address, "GET", "/healthz", tls: client)
        #expect(answer.status == 200, "\(service.errors)")
        let plain = try fixture.request(address, "GET", "/healthz")
        #expect(plain.status == 400)
        #expect(String(decoding: plain.body, as: UTF8.self).contains("HTTPS"))
        #expect(service.errors.contains("systemd=http"))
        #expect(!service.errors.contains("variable=PASSERELLE_HTTP"))
        service.signal(SIGTERM)
        try fixture.wait(for: "its end: \(service.errors)") { service.hasEnded }
        #expect(service.status == 0)
    }
}
