// SPDX-License-Identifier: MIT
import FoundationEssentials
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// `passerelle check --public` against gateways and servers that imitate one.
///
/// `Tests/Proxies` tests it through proxies.
struct PublicCheckTests {
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
    }

    private func check(
        _ url: String, _ changes: [String: String] = [:], for time: String = "1s"
    ) throws -> CheckOutcome {
        try CheckOutcome.of(
            fixture, port: sandbox.port, changes, ["--json", "--public", url, "--for", time])
    }

    private static let token = [
        "PASSERELLE_AUTH": "token",
        "PASSERELLE_TOKEN_KEY": "0123456789abcdef0123456789abcdef",
    ]

    @Test
    func
        `check --public succeeds with a gateway that checks tokens, and sends no event to readers`()
        throws
    {
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: Self.token.merging(["PASSERELLE_PIN": "presence-bail-1"]) { $1 })
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE presence-bail-1")
        let found = try check("http://\(gateway.http)", Self.token)
        #expect(found.status == 0 && found.faults.isEmpty, "\(found.output)")
        for name in ["gateway", "headers", "access", "token", "stream", "poll", "idle-stream"] {
            #expect(found.verdicts[name] == "ok", "\(name): \(found.output)")
        }
        #expect(found.output.contains(#""behind_ms":"#))
        #expect(!found.output.contains(SandboxProcess.secret))
        #expect(!found.output.contains("0123456789abcdef"))
        line.send("PING")
        try fixture.wait(for: "the answer") { line.replies.count == 2 }
        #expect(line.delivered.isEmpty)
    }

    @Test func `TLS is verified, and keep-alive comments of a silent stream are counted`() throws {
        let authority = try TestCertificates()
        let server = try authority.server(names: ["other.example"], addresses: ["127.0.0.1"])
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_TLS_CERT": server.certificateFile,
                "PASSERELLE_TLS_KEY": server.keyFile, "PASSERELLE_HEARTBEAT": "1s",
            ], tls: try TLSClient(caFile: authority.authorityFile))
        let port = try #require(gateway.http.port)
        let trust = ["PASSERELLE_CA_FILE": authority.authorityFile, "PASSERELLE_HEARTBEAT": "1s"]
        let found = try check("https://127.0.0.1:\(port)/", trust, for: "3s")
        #expect(found.status == 0, "\(found.output)")
        #expect(found.output.contains("heartbeats received: "))
        let mismatched = try check("https://localhost:\(port)/", trust)
        #expect(mismatched.status == 1 && mismatched.faults == ["tls"], "\(mismatched.output)")
        #expect(mismatched.verdicts["gateway"] == "skipped")
    }

    @Test
    func `another application's gateway, and a server that is no gateway, are reported as such`()
        throws
    {
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let other = try check("http://\(gateway.http)", ["PUSHER_SECRET": "another-one"])
        #expect(other.status == 1 && other.faults.contains("gateway"), "\(other.output)")
        #expect(other.remedies["gateway"]?.contains("PUSHER_SECRET") == true)
        #expect(other.verdicts["stream"] == "skipped")
        let none = try check("http://127.0.0.1:\(sandbox.port)/")
        #expect(none.status == 1 && none.faults == ["gateway"], "\(none.output)")
        #expect(none.remedies["gateway"]?.contains("no gateway") == true)
    }

    @Test func `a proxy that is not trusted and a host name that is not configured are reported`()
        throws
    {
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: Self.token.merging(["PASSERELLE_HOSTS": "chat.example"]) { $1 })
        let port = try #require(gateway.http.port)
        // A proxy in Swift that forwards the client's address and the host of the request.
        var host = "chat.example"
        let proxy = try ScriptedHTTP(loop: fixture.loop)
        proxy.answer = { [fixture] request, link in
            var request = request
            request.fields.set("X-Forwarded-For", "203.0.113.7")
            request.fields.set("Host", host)
            let caller = HTTPCaller(loop: fixture.loop, address: gateway.http)
            caller.send(request) { response in
                link.send(HTTPWriter.response(response, version: .http11, keepAlive: false))
                link.finish()
                caller.close()
            }
        }
        let found = try check("http://127.0.0.1:\(proxy.port)", Self.token)
        #expect(found.verdicts["clients"] == "warning", "\(found.output)")
        #expect(found.remedies["clients"]?.contains("PASSERELLE_TRUSTED_PROXIES") == true)
        // The proxy waits for the end of a stream before it forwards it, which never comes.
        #expect(found.verdicts["stream"] == "failed" && found.verdicts["poll"] == "ok")
        host = "evil.example"
        let misdirected = try check("http://127.0.0.1:\(proxy.port)", Self.token)
        #expect(misdirected.faults == ["gateway"], "\(misdirected.output)")
        #expect(misdirected.remedies["gateway"]?.contains("PASSERELLE_HOSTS") == true)
        #expect(try check("http://localhost:\(port)", Self.token).status == 0)
    }

    @Test func `a proxy that adds its own credentials admits every client, which is reported`()
        throws
    {
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: Self.token)
        let signed = try fixture.start("token", ["presence-*", "--user", "proxy"], Self.token)
        try fixture.wait(for: "the token") { signed.hasEnded }
        let token = signed.output.filter { !$0.isNewline }
        let proxy = try ScriptedHTTP(loop: fixture.loop)
        proxy.answer = { [fixture] request, link in
            var request = request
            request.fields.set("Authorization", "Bearer \(token)")
            let caller = HTTPCaller(loop: fixture.loop, address: gateway.http)
            caller.send(request) { response in
                link.send(HTTPWriter.response(response, version: .http11, keepAlive: false))
                link.finish()
                caller.close()
            }
        }
        let found = try check("http://127.0.0.1:\(proxy.port)", Self.token)
        #expect(found.verdicts["access"] == "failed", "\(found.output)")
        #expect(found.remedies["access"]?.contains("the proxy adds credentials") == true)
    }

    @Test func `a user's own credentials are tried, and cause no membership`() throws {
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: Self.token)
        let url = "http://\(gateway.http)"
        let signed = try fixture.start(
            "token", ["presence-bail-1", "--user", "ann"], Self.token)
        try fixture.wait(for: "the token") { signed.hasEnded }
        let file = fixture.directory.file("ann")
        try "Authorization: Bearer \(signed.output)".write(
            toFile: file, atomically: true, encoding: .utf8)
        for (channel, verdict) in [("presence-bail-1", "ok"), ("presence-bail-2", "failed")] {
            let found = try CheckOutcome.of(
                fixture, port: sandbox.port, Self.token,
                ["--json", "--public", url, "--for", "1s", "--as", file, "--channel", channel])
            #expect(found.verdicts["login"] == verdict, "\(found.output)")
            #expect(!found.output.contains(signed.output.prefix(20)))
        }
        #expect(try sandbox.users(of: "presence-bail-1").isEmpty)
        for arguments in [
            ["--as", file], ["--as", fixture.directory.file("none"), "--channel", "c"],
        ] {
            let found = try CheckOutcome.of(
                fixture, port: sandbox.port, Self.token,
                ["--json", "--public", url, "--for", "1s"] + arguments)
            #expect(found.faults == ["login"], "\(found.output)")
        }
    }

    @Test func `without a pass the route does not exist, and no client is admitted`() throws {
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: Self.token)
        let channel = "presence-bail-passerelle-check"
        let nothing = try gateway.get("/nothing")
        for query in ["", "?check=", "?check=1.2.3", "?check=1.2.3&check=1.2.3"] {
            let answer = try gateway.get("/check\(query)")
            #expect(answer.status == 404 && answer.body == nothing.body)
        }
        for route in ["/poll", "/events"] {
            #expect(try gateway.get("\(route)?channel=\(channel)&check=1.2.3").status == 401)
        }
    }

    @Test func `invalid arguments are reported before any request`() throws {
        for arguments in [
            ["--public", "chat.example"], ["--public", "https://chat.example/?a=b"],
            ["--public", "http://a/", "--for", "2h"], ["--for", "soon"],
        ] {
            #expect(try CheckOutcome.of(fixture, port: 1, [:], arguments).status == 64)
        }
    }
}

extension ListenAddress {
    fileprivate var port: Int? {
        if case .tcp(_, let port) = self { port } else { nil }
    }
}
