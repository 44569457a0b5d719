// SPDX-License-Identifier: MIT

import PasserelleTesting
import Testing

/// `passerelle check` against the sandbox, which makes each mistake that can be made there.
struct CheckTests {
    /// What one run of it found.
    private struct Outcome {
        let status: Int32
        let verdicts: [String: String]
        let remedies: [String: String]
        let output: String
    }

    private static func check(
        _ stage: Stage, port: Int, _ changes: [String: String] = [:],
        _ arguments: [String] = ["--json"]
    ) throws -> Outcome {
        var variables = GatewayProcess.variables(
            upstreamPort: port, ipc: stage.folder.file("check.sock"))
        variables.merge(changes) { $1 }
        let process = try stage.start("check", arguments, variables)
        try stage.wait(for: "the check's end") { process.hasEnded }
        var verdicts: [String: String] = [:]
        var remedies: [String: String] = [:]
        if arguments.contains("--json") {
            let json = try JSONText(Array(process.output.utf8))
            for item in try json.elements(["checks"]).map(JSONText.init) {
                let name = try item.string(["check"])
                let isKnown = verdicts[name] == "failed"
                if !isKnown { verdicts[name] = try item.string(["status"]) }
                if let remedy = try? item.string(["remedy"]) { remedies[name] = remedy }
            }
        }
        return Outcome(
            status: process.status ?? -1, verdicts: verdicts, remedies: remedies,
            output: process.output)
    }

    private static let wellVerdicts = [
        "configuration": "ok", "dns": "ok", "tcp": "ok", "clock": "ok", "rest": "ok",
        "connection": "ok", "subscription": "ok", "client-events": "ok", "state": "ok",
        "socket": "ok",
    ]

    @Test func `all is well with a Channels that answers, and nothing stays behind`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let found = try Self.check(stage, port: sandbox.port)
        var verdicts = found.verdicts
        verdicts["descriptors"] = nil
        #expect(verdicts == Self.wellVerdicts, "\(found.output)")
        #expect(found.status == 0)
        let people = try Self.check(stage, port: sandbox.port, [:], [])
        #expect(people.status == 0 && people.output.contains("\nok      client-events  "))
        #expect(!people.output.contains(SandboxProcess.secret))
        try stage.wait(for: "the members' end") {
            try sandbox.users(of: "presence-bail-passerelle-check").isEmpty
        }
    }

    @Test func `a wrong secret, id or key is told by its name`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let secret = try Self.check(stage, port: sandbox.port, ["PUSHER_SECRET": "another-one"])
        #expect(secret.status == 1)
        #expect(secret.verdicts["rest"] == "failed", "\(secret.output)")
        #expect(secret.remedies["rest"]?.hasPrefix("PUSHER_SECRET is not that of") == true)
        #expect(secret.verdicts["connection"] == "ok")
        #expect(secret.verdicts["subscription"] == "failed")
        #expect(secret.remedies["subscription"]?.contains("PUSHER_SECRET") == true)
        #expect(secret.verdicts["client-events"] == "skipped")
        #expect(!secret.output.contains("another-one"))
        let id = try Self.check(stage, port: sandbox.port, ["PUSHER_APP_ID": "7"])
        #expect(id.status == 1 && id.remedies["rest"]?.contains("PUSHER_APP_ID") == true)
        let key = try Self.check(stage, port: sandbox.port, ["PUSHER_KEY": "no-such-key"])
        #expect(key.status == 1 && key.verdicts["connection"] == "failed")
        #expect(key.remedies["connection"]?.contains("PUSHER_KEY") == true)
    }

    @Test func `client events that are not enabled are told`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        try sandbox.control("client-events?on=no")
        let found = try Self.check(stage, port: sandbox.port)
        #expect(found.status == 1)
        #expect(found.verdicts.filter { $0.value == "failed" }.keys.sorted() == ["client-events"])
        #expect(found.remedies["client-events"]?.hasPrefix("enable client events") == true)
    }

    @Test func `presence channels that cannot be had are told`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        try sandbox.control("deny?channel=presence-*&status=403")
        let found = try Self.check(stage, port: sandbox.port)
        #expect(found.status == 1 && found.verdicts["rest"] == "ok")
        #expect(found.verdicts["subscription"] == "failed", "\(found.output)")
    }

    @Test(arguments: [900, -900])
    func `a clock that is 15 minutes off is told`(ahead: Int) throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        try sandbox.control("clock?ahead=\(ahead)")
        let found = try Self.check(stage, port: sandbox.port)
        #expect(found.status == 1)
        #expect(found.verdicts["clock"] == "failed", "\(found.output)")
        #expect(found.remedies["clock"]?.contains("timedatectl") == true)
        #expect(found.remedies["rest"] == "set the clock first, as said above")
    }

    @Test func `a server that is not there, and one that speaks no TLS, are told apart`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let tls = try Self.check(stage, port: sandbox.port, ["PUSHER_SCHEME": "https"])
        #expect(tls.status == 1 && tls.verdicts["tcp"] == "ok" && tls.verdicts["tls"] == "failed")
        #expect(tls.verdicts["rest"] == "skipped")
        try sandbox.kill()
        let gone = try Self.check(stage, port: sandbox.port)
        #expect(gone.status == 1 && gone.verdicts["tcp"] == "failed")
    }

    @Test func `what this machine lacks is told, and what a gateway holds is no mistake`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let state = stage.folder.file("state")
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, variables: ["PASSERELLE_STATE_DIR": state])
        let beside = try Self.check(
            stage, port: sandbox.port,
            ["PASSERELLE_STATE_DIR": state, "PASSERELLE_IPC": gateway.ipc])
        #expect(beside.status == 0, "\(beside.output)")
        #expect(beside.output.contains("in use, by a gateway that runs"))
        #expect(beside.output.contains("somebody listens"))
        let without = try Self.check(
            stage, port: sandbox.port,
            [
                "PASSERELLE_STATE_DIR": stage.folder.file("no/such"),
                "PASSERELLE_IPC": stage.folder.file("none/s"),
            ])
        #expect(without.status == 1)
        #expect(
            without.verdicts.filter { $0.value == "failed" }.keys.sorted() == ["socket", "state"])
    }

    @Test func `a configuration that cannot be read is told as the first of all`() throws {
        let stage = try Stage()
        let found = try Self.check(stage, port: 1, ["PASSERELLE_LINGER": "soon"])
        #expect(found.status == 78 && found.verdicts == ["configuration": "failed"])
    }
}
