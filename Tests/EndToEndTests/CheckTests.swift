// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// `passerelle check` against the sandbox, which can simulate each mistake.
struct CheckTests {
    private static let wellVerdicts = [
        "configuration": "ok", "dns": "ok", "tcp": "ok", "clock": "ok", "rest": "ok",
        "connection": "ok", "subscription": "ok", "client-events": "ok", "state": "ok",
        "socket": "ok",
    ]

    @Test func `check succeeds with a Channels server that answers, and leaves no trace`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let found = try CheckOutcome.of(fixture, port: sandbox.port)
        var verdicts = found.verdicts
        verdicts["descriptors"] = nil
        #expect(verdicts == Self.wellVerdicts, "\(found.output)")
        #expect(found.status == 0)
        let people = try CheckOutcome.of(fixture, port: sandbox.port, [:], [])
        #expect(people.status == 0 && people.output.contains("\nok      client-events  "))
        #expect(!people.output.contains(SandboxProcess.secret))
        try fixture.wait(for: "the members' end") {
            try sandbox.users(of: "presence-bail-passerelle-check").isEmpty
        }
    }

    @Test func `a wrong secret, id or key is reported by its name`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let secret = try CheckOutcome.of(
            fixture, port: sandbox.port, ["PUSHER_SECRET": "another-one"])
        #expect(secret.status == 1)
        #expect(secret.verdicts["rest"] == "failed", "\(secret.output)")
        #expect(secret.remedies["rest"]?.hasPrefix("PUSHER_SECRET does not belong to") == true)
        #expect(secret.verdicts["connection"] == "ok")
        #expect(secret.verdicts["subscription"] == "failed")
        #expect(secret.remedies["subscription"]?.contains("PUSHER_SECRET") == true)
        #expect(secret.verdicts["client-events"] == "skipped")
        #expect(!secret.output.contains("another-one"))
        let id = try CheckOutcome.of(fixture, port: sandbox.port, ["PUSHER_APP_ID": "7"])
        #expect(id.status == 1 && id.remedies["rest"]?.contains("PUSHER_APP_ID") == true)
        let key = try CheckOutcome.of(fixture, port: sandbox.port, ["PUSHER_KEY": "no-such-key"])
        #expect(key.status == 1 && key.verdicts["connection"] == "failed")
        #expect(key.remedies["connection"]?.contains("PUSHER_KEY") == true)
    }

    @Test func `an auth route that is unreachable or gives an invalid answer is reported`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let route = try ScriptedHTTP(loop: fixture.loop)
        var (status, body) = (403, "{}")
        route.answer = { _, link in
            let response = HTTPResponse(status: status, body: Array(body.utf8))
            link.send(HTTPWriter.response(response, version: .http11, keepAlive: false))
            link.finish()
        }
        func found(_ url: String) throws -> CheckOutcome {
            try CheckOutcome.of(
                fixture, port: sandbox.port,
                ["PASSERELLE_AUTH": "endpoint", "PASSERELLE_AUTH_ENDPOINT": url])
        }
        let url = "http://127.0.0.1:\(route.port)/api/pusher/auth"
        #expect(try found(url).verdicts["auth"] == "ok")
        for wrong in [200, 404, 500] {
            status = wrong
            let outcome = try found(url)
            #expect(outcome.faults == ["auth"] && outcome.status == 1, "\(outcome.output)")
            #expect(outcome.remedies["auth"]?.contains("PASSERELLE_AUTH_ENDPOINT") == true)
        }
        (status, body) = (403, "Cross-site POST form submissions are forbidden")
        let origin = try found(url)
        #expect(origin.verdicts["auth"] == "failed" && origin.status == 1, "\(origin.output)")
        #expect(origin.remedies["auth"]?.contains("PASSERELLE_AUTH_ORIGIN") == true)
        (status, body) = (403, "CSRF verification failed. Request aborted.")
        let token = try found(url)
        #expect(token.verdicts["auth"] == "warning", "\(token.output)")
        #expect(token.remedies["auth"]?.contains("PASSERELLE_AUTH_HEADERS") == true)
        let unreachable = try found("http://127.0.0.1:1/api/pusher/auth")
        #expect(unreachable.faults == ["auth"] && unreachable.status == 1, "\(unreachable.output)")
    }

    @Test func `disabled client events are reported`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        try sandbox.control("client-events?on=no")
        let found = try CheckOutcome.of(fixture, port: sandbox.port)
        #expect(found.status == 1)
        #expect(found.verdicts.filter { $0.value == "failed" }.keys.sorted() == ["client-events"])
        #expect(found.remedies["client-events"]?.hasPrefix("enable client events") == true)
    }

    @Test func `presence channels that cannot be subscribed are reported`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        try sandbox.control("deny?channel=presence-*&status=403")
        let found = try CheckOutcome.of(fixture, port: sandbox.port)
        #expect(found.status == 1 && found.verdicts["rest"] == "ok")
        #expect(found.verdicts["subscription"] == "failed", "\(found.output)")
    }

    @Test(arguments: [900, -900])
    func `a clock that is 15 minutes off is reported`(ahead: Int) throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        try sandbox.control("clock?ahead=\(ahead)")
        let found = try CheckOutcome.of(fixture, port: sandbox.port)
        #expect(found.status == 1)
        #expect(found.verdicts["clock"] == "failed", "\(found.output)")
        #expect(found.remedies["clock"]?.contains("timedatectl") == true)
        #expect(found.remedies["rest"] == "set the clock first, see above")
    }

    @Test func `a missing server and a server without TLS are reported differently`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let tls = try CheckOutcome.of(fixture, port: sandbox.port, ["PUSHER_SCHEME": "https"])
        #expect(tls.status == 1 && tls.verdicts["tcp"] == "ok" && tls.verdicts["tls"] == "failed")
        #expect(tls.verdicts["rest"] == "skipped")
        try sandbox.kill()
        let gone = try CheckOutcome.of(fixture, port: sandbox.port)
        #expect(gone.status == 1 && gone.verdicts["tcp"] == "failed")
    }

    @Test func `a missing resource is reported, and one held by a running gateway is not`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let state = fixture.directory.file("state")
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: ["PASSERELLE_STATE_DIR": state])
        let beside = try CheckOutcome.of(
            fixture, port: sandbox.port,
            ["PASSERELLE_STATE_DIR": state, "PASSERELLE_IPC": gateway.ipc])
        #expect(beside.status == 0, "\(beside.output)")
        #expect(beside.output.contains(#""\#(state)","found":"in use by a running gateway""#))
        #expect(beside.output.contains(#""\#(gateway.ipc)","found":"in use by a running gateway""#))
        let without = try CheckOutcome.of(
            fixture, port: sandbox.port,
            [
                "PASSERELLE_STATE_DIR": fixture.directory.file("no/such"),
                "PASSERELLE_IPC": fixture.directory.file("none/s"),
            ])
        #expect(without.status == 1)
        #expect(
            without.verdicts.filter { $0.value == "failed" }.keys.sorted() == ["socket", "state"])
    }

    @Test func `a configuration that cannot be read is reported first`() throws {
        let fixture = try EndToEndFixture()
        let found = try CheckOutcome.of(fixture, port: 1, ["PASSERELLE_LINGER": "soon"])
        #expect(found.status == 78 && found.verdicts == ["configuration": "failed"])
    }

    @Test func `a cluster other than the application's is reported by its name`() throws {
        let fixture = try EndToEndFixture()
        let elsewhere = try ScriptedChannels(loop: fixture.loop)
        // The hosted service's answers, by REST and on a WebSocket.
        elsewhere.onRequest = { request in
            guard request.path.hasPrefix("/apps/") else { return nil }
            return HTTPWriter.response(
                HTTPResponse(status: 404, body: Array("unknown auth_key\n".utf8)),
                version: .http11, keepAlive: false)
        }
        elsewhere.onOpen = { connection in
            let words =
                "App key sandbox-key not in this cluster. Did you forget to specify the cluster?"
            connection.send(.error(code: 4001, message: words))
            connection.close(code: 4001, reason: words)
        }
        let found = try CheckOutcome.of(fixture, port: elsewhere.port)
        #expect(found.status == 1)
        #expect(found.faults == ["connection", "rest"], "\(found.output)")
        #expect(found.remedies["connection"]?.contains("PUSHER_CLUSTER") == true)
        #expect(found.remedies["rest"]?.contains("PUSHER_CLUSTER") == true)
        let nowhere = try CheckOutcome.of(
            fixture, port: 443, ["PUSHER_HOST": "ws-nowhere.invalid", "PUSHER_SCHEME": "https"])
        #expect(nowhere.status == 1 && nowhere.faults == ["dns"], "\(nowhere.output)")
        #expect(nowhere.remedies["dns"]?.contains("PUSHER_CLUSTER") == true)
    }

    @Test func `a risk for later is a warning: neither a failure nor ok`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        try sandbox.control("clock?ahead=300")
        let found = try CheckOutcome.of(fixture, port: sandbox.port)
        #expect(found.status == 2 && found.faults == ["clock"], "\(found.output)")
        #expect(found.output.hasPrefix(#"{"ok":false,"#))
    }

    @Test func `an admin address that is already in use is reported`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let other = try ScriptedHTTP(loop: fixture.loop)
        other.answer = { _, link in
            link.send(HTTPWriter.response(HTTPResponse(status: 404), keepAlive: false))
            link.finish()
        }
        let taken = ["PASSERELLE_ADMIN": "127.0.0.1:\(other.port)"]
        let found = try CheckOutcome.of(fixture, port: sandbox.port, taken)
        #expect(found.status == 1 && found.faults == ["admin"], "\(found.output)")
        #expect(found.remedies["admin"]?.contains("PASSERELLE_ADMIN") == true)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port, variables: ["PASSERELLE_ADMIN": "127.0.0.1:0"])
        let beside = try CheckOutcome.of(
            fixture, port: sandbox.port, ["PASSERELLE_ADMIN": "\(try gateway.adminAddress())"])
        #expect(beside.status == 0, "\(beside.output)")
        other.close()
        let free = try CheckOutcome.of(fixture, port: sandbox.port, taken)
        #expect(free.status == 0, "\(free.output)")
    }
}
