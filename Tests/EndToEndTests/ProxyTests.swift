// SPDX-License-Identifier: MIT
import FoundationEssentials
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Networks that can be left only through a proxy: a real one, by other authors.
struct ProxyTests {
    private static let channel = "presence-bail-1"

    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let way: UpstreamRoute

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        way = try UpstreamRoute(fixture, to: sandbox, by: .wss)
    }

    private func gateway(_ variables: [String: String]) throws -> GatewayProcess {
        try GatewayProcess(
            fixture, upstreamPort: way.port, variables: way.variables.merging(variables) { $1 })
    }

    @Test func `events and calls use a proxy that requires a password`() throws {
        let proxy = try RealProxy(fixture, credentials: "ana:p@ss")
        let rejected = try gateway(["HTTPS_PROXY": "http://ana:wrong@127.0.0.1:\(proxy.port)"])
        try fixture.wait(for: "word of it: \(rejected.process.errors)") {
            !rejected.process.lines(with: "level=warning", "USER:PASSWORD").isEmpty
        }
        #expect(!rejected.process.errors.contains("wrong"))
        #expect(way.connections == 0)

        // In lower case, as curl and others accept it.
        let gateway = try gateway(["https_proxy": "http://ana:p%40ss@127.0.0.1:\(proxy.port)"])
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        let line = LineClient(fixture, path: gateway.ipc)
        line.send(#"PUBLISH \#(Self.channel) new-message {"n":1}"#)
        try fixture.wait(for: "the event") { stream.delivered.count == 1 }
        #expect(way.connections >= 2)

        proxy.end()
        try fixture.wait(for: "word of its end") {
            !gateway.process.lines(with: "level=warning", "HTTPS_PROXY").isEmpty
        }
        #expect(!gateway.process.errors.contains("ss@"))
    }

    @Test func `calls of the application's auth route use the proxy too`() throws {
        let proxy = try RealProxy(fixture, credentials: "ana:p")
        let authority = try TestCertificates()
        let server = try authority.server(addresses: ["127.0.0.1"])
        let route = try ScriptedHTTP(
            loop: fixture.loop,
            tls: TLSServer(certificateFile: server.certificateFile, keyFile: server.keyFile))
        route.answer = { _, link in
            link.send(
                HTTPWriter.response(
                    HTTPResponse(status: 401, fields: [:], body: []), version: .http11,
                    keepAlive: false))
            link.finish()
        }
        var variables = [
            "PASSERELLE_AUTH": "endpoint", "PASSERELLE_CA_FILE": authority.authorityFile,
            "PASSERELLE_AUTH_ENDPOINT": "https://127.0.0.1:\(route.port)/pusher/auth",
        ]
        for (proxied, unproxied, status) in [
            ("http://127.0.0.1:1", "none.test", 503),
            ("http://127.0.0.1:1", "127.0.0.1", 401),
            ("http://ana:p@127.0.0.1:\(proxy.port)", "none.test", 401),
        ] {
            variables["HTTPS_PROXY"] = proxied
            variables["NO_PROXY"] = unproxied
            let gateway = try GatewayProcess(
                fixture, upstreamPort: sandbox.port, variables: variables)
            let answer = try gateway.get(
                "/poll?channel=\(Self.channel)", fields: ["Cookie": "session=1"])
            #expect(answer.status == status, "\(proxied) \(unproxied): \(fixture.published)")
            #expect(try gateway.stop() == 0)
            // `check` reports the route as `serve` finds it.
            let found = try CheckOutcome.of(fixture, port: sandbox.port, variables)
            #expect(found.verdicts["auth"] == (status == 401 ? "ok" : "failed"), "\(found.output)")
        }
        #expect(route.requests.count == 4)
    }

    @Test func `a host of NO_PROXY is reached without the proxy`() throws {
        let gateway = try gateway(["HTTPS_PROXY": "127.0.0.1:1", "NO_PROXY": "127.0.0.1"])
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
    }
}

/// PyPI `proxy.py` on a port of its own.
private final class RealProxy {
    let port: Int
    private var process: Subprocess?

    init(_ fixture: EndToEndFixture, credentials: String) throws {
        let file = fixture.directory.file("proxy-port")
        let process = try Subprocess(
            Subprocess.python(),
            [
                "-m", "proxy", "--hostname", "127.0.0.1", "--port", "0", "--port-file", file,
                "--basic-auth", credentials, "--num-workers", "1", "--num-acceptors", "1",
            ])
        var text = ""
        try fixture.wait(for: "the proxy's port: \(process.errors)") {
            text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            return text.contains("\n")
        }
        self.process = process
        port = Int(text.split(separator: "\n").first ?? "") ?? 0
    }

    /// Ends the proxy with all its workers.
    func end() { process = nil }
}
