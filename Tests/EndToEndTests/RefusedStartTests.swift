// SPDX-License-Identifier: MIT
import PasserelleNet
import Glibc
import PasserelleTesting
import PasserelleWire
import Testing

/// What keeps the process from running is one line that names it, an exit code, and no secret.
@Suite(.timeLimit(.minutes(5)))
struct RefusedStartTests {
    private let stage: Stage

    init() throws {
        stage = try Stage()
    }

    /// Runs the binary to its end with `serve`'s variables and these changes; nil takes one away.
    private func serve(
        _ changes: [String: String?], arguments: [String] = ["serve"]
    ) throws -> SubprocessResult {
        var variables = GatewayProcess.variables(upstreamPort: 9, ipc: stage.folder.file("ipc"))
        for (name, value) in changes { variables[name] = value }
        return try stage.run(
            "env",
            PasserelleProcess.words(arguments, variables, binary: PasserelleProcess.binary()))
    }

    private func check(_ result: SubprocessResult, exits status: Int32, naming words: [String]) {
        #expect(result.status == status, "\(result)")
        #expect(result.output == "")
        #expect(result.errors.split(separator: "\n").count == 1, "\(result.errors)")
        #expect(result.errors.hasSuffix("\n"))
        for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
        #expect(!result.errors.contains(SandboxProcess.secret))
    }

    @Test(
        arguments: [
            (["PASSERELLE_AUTH": nil], ["PASSERELLE_AUTH", "not set", "none"]),
            (["PASSERELLE_AUTH": "token"], ["PASSERELLE_TOKEN_KEY", "not set"]),
            (["PASSERELLE_AUTH": "endpoint"], ["PASSERELLE_AUTH_ENDPOINT", "not set"]),
            (["PASSERELLE_AUTH": "nobody"], ["PASSERELLE_AUTH", "nobody"]),
            (["PASSERELLE_HTTP": "0.0.0.0:0"], ["PASSERELLE_HTTP", "0.0.0.0:0", "loopback"]),
            (["PASSERELLE_HTTP": "[::]:0"], ["PASSERELLE_HTTP", "[::]:0", "loopback"]),
            (
                ["PASSERELLE_HTTP": "127.0.0.1:0,192.0.2.1:80"],
                ["PASSERELLE_HTTP", "192.0.2.1:80", "loopback"]
            ),
            (["PASSERELLE_HTTP": "8080"], ["PASSERELLE_HTTP", "8080", "HOST:PORT"]),
            (["PUSHER_APP_ID": nil], ["PUSHER_APP_ID", "not set"]),
            (["PUSHER_SECRET": nil], ["PUSHER_SECRET", "not set"]),
            (["PUSHER_HOST": nil], ["PUSHER_CLUSTER", "not set"]),
            (["PUSHER_PORT": "0"], ["PUSHER_PORT", "1 to 65535"]),
            (["PUSHER_SCHEME": "ws"], ["PUSHER_SCHEME", "http or https"]),
            (["PASSERELLE_LINGER": "soon"], ["PASSERELLE_LINGER", "soon", "10m"]),
            (["PASSERELLE_HISTORY": "many"], ["PASSERELLE_HISTORY", "many"]),
            (["PASSERELLE_CHANNELS": "presence bail"], ["PASSERELLE_CHANNELS", "presence bail"]),
            (["PASSERELLE_CA_FILE": "/nowhere.pem"], ["PASSERELLE_CA_FILE", "/nowhere.pem"]),
            (
                ["PASSERELLE_CA_FILE": "/etc/hostname", "PUSHER_SCHEME": "https"],
                ["PASSERELLE_CA_FILE", "/etc/hostname"]
            ),
            (["PASSERELLE_HTPP": "x"], ["PASSERELLE_HTPP", "did you mean PASSERELLE_HTTP?"]),
            (
                ["PASSERELLE_IPC": "relative/\(String(repeating: "x", count: 120))"],
                ["PASSERELLE_IPC"]
            ),
        ] as [([String: String?], [String])])
    func `a bad configuration is one line that says which, and exit 78`(
        changes: [String: String?], words: [String]
    ) throws {
        check(try serve(changes), exits: 78, naming: words)
    }

    @Test(arguments: [
        ([], ["help"]), (["sevre"], ["sevre", "serve"]), (["serve", "--htpp", "x"], ["--htpp"]),
        (["serve", "--http"], ["--http"]), (["serve", "now"], ["now"]),
        (["serve", "--pusher-secret", "hush"], ["PUSHER_SECRET"]), (["tail"], ["CHANNEL"]),
    ])
    func `a bad command line is one line, and exit 64`(
        arguments: [String], words: [String]
    ) throws {
        let result = try serve([:], arguments: arguments)
        check(result, exits: 64, naming: words)
        #expect(!result.errors.contains("hush"))
    }

    @Test func `help and the version are printed on standard output`() throws {
        for arguments in [["help"], ["serve", "--help"], ["help", "variables"], ["--version"]] {
            let result = try serve([:], arguments: arguments)
            #expect(result.status == 0)
            #expect(result.errors == "")
            #expect(!result.output.isEmpty)
            #expect(!result.output.contains(SandboxProcess.secret))
        }
    }

    @Test func `a port or a socket that is taken is one line that names it`() throws {
        let server = try EchoServer(loop: stage.loop)
        let address = "127.0.0.1:\(server.port)"
        let admin = try serve(["PASSERELLE_ADMIN": address, "PASSERELLE_LOG": "warning"])
        check(admin, exits: 1, naming: ["PASSERELLE_ADMIN", address, "in use", "or none"])
        let port = try serve(["PASSERELLE_HTTP": address])
        check(port, exits: port.status, naming: ["PASSERELLE_HTTP", address, "in use"])
        #expect(port.status != 0)
        let path = stage.folder.file("taken")
        let taken = try EchoServer(loop: stage.loop, address: .unix(path: path))
        for name in ["PASSERELLE_IPC", "PASSERELLE_HTTP"] {
            let value = name == "PASSERELLE_IPC" ? path : "unix:\(path)"
            let socket = try serve([name: value, "PASSERELLE_LOG": "warning"])
            check(socket, exits: socket.status, naming: [name, path])
            #expect(socket.status != 0)
        }
        taken.close()
        server.close()
        let sandbox = try SandboxProcess(stage)
        let second = try serve(
            ["PASSERELLE_SANDBOX": "127.0.0.1:\(sandbox.port)"], arguments: ["sandbox"])
        check(second, exits: second.status, naming: ["PASSERELLE_SANDBOX", "\(sandbox.port)"])
        #expect(second.status != 0)
    }

    /// A place for the state that cannot be one.
    enum BadPlace: String, CaseIterable {
        case file, noParent, openToOthers, ofAnother, readOnly, newer, inUse

        /// Those that this user can make: root makes them all.
        static var makeable: [BadPlace] {
            allCases.filter { geteuid() == 0 || ($0 != .ofAnother && $0 != .readOnly) }
        }
    }

    @Test(arguments: BadPlace.makeable)
    func `a state directory that cannot be used is one line, exit 78, and stays as it is`(
        place: BadPlace
    ) throws {
        let path = stage.folder.file("state")
        var holder: GatewayProcess?
        var sandbox: SandboxProcess?
        if place == .inUse {
            let server = try SandboxProcess(stage)
            sandbox = server
            holder = try GatewayProcess(
                stage, upstreamPort: server.port, variables: ["PASSERELLE_STATE_DIR": path])
        } else {
            let script = """
                set -e
                cd \(stage.folder.path)
                mkdir -m 700 state
                printf kept >state/journal-1
                \(Self.preparation(of: place))
                """
            #expect(try stage.run("sh", ["-c", script]).status == 0)
        }
        defer { _ = try? stage.run("sh", ["-c", "umount \(path) 2>/dev/null"]) }
        let before = try list(path)
        let result = try serve(["PASSERELLE_STATE_DIR": place == .noParent ? path + "/a/b" : path])
        check(result, exits: 78, naming: ["PASSERELLE_STATE_DIR", path] + Self.words(for: place))
        if place != .inUse { #expect(try list(path) == before) }
        if let holder { #expect(try holder.stop() == 0) }
        withExtendedLifetime(sandbox) {}
    }

    /// What makes a good directory a bad one.
    private static func preparation(of place: BadPlace) -> String {
        switch place {
        case .file: "rm -r state; printf kept >state"
        case .noParent, .inUse: ""
        case .openToOthers: "chmod g+w state"
        case .ofAnother: "chown 12345:12345 state"
        case .readOnly: "rm -r state; mkdir -m 700 state; mount -t tmpfs -o ro,mode=700 none state"
        // A whole record in form 9: `FF C1 FE`, its checksum, form, length, kind.
        case .newer:
            #"printf '\377\301\376\147\153\326\014\011\0\0\0\0\007' >state/journal-1"#
        }
    }

    private static func words(for place: BadPlace) -> [String] {
        switch place {
        case .file: ["not a directory"]
        case .noParent: ["No such file"]
        case .openToOthers: ["chmod go-w"]
        case .ofAnother: ["user with id 12345"]
        case .readOnly: ["Read-only"]
        case .newer: ["newer version", "nothing was changed"]
        case .inUse: ["another process"]
        }
    }

    /// What is there, with modes, owners, sizes and times, but for the lock.
    private func list(_ path: String) throws -> String {
        try stage.run(
            "sh", ["-c", "find \(path) ! -name lock -type f -exec stat -c '%n %a %u %s %Y' {} +"]
        ).output
    }

    @Test(arguments: ["close", "error", "open", "drop"])
    func `a refusal of Channels for good ends it with exit 69 and a clear word`(
        form: String
    ) throws {
        let sandbox = try SandboxProcess(stage)
        let ipc = stage.folder.file("ipc")
        let variables = GatewayProcess.variables(upstreamPort: sandbox.port, ipc: ipc)
        try sandbox.control("refuse?code=4003&message=Application%20disabled&form=\(form)")
        let gateway = try stage.start("serve", [], variables)
        try stage.wait(for: "the gateway's end") { gateway.hasEnded }
        #expect(gateway.status == 69)
        let lines = gateway.lines(with: "level=error")
        #expect(lines.count == 1)
        #expect(!gateway.lines(with: "code=4003", "Application disabled", "PUSHER_KEY").isEmpty)
        #expect(!gateway.errors.contains(SandboxProcess.secret))
        let answer = try stage.run("sh", ["-c", "test ! -e \(ipc)"])
        #expect(answer.status == 0, "the socket's file is gone")
    }

    @Test func `a key that Channels does not know ends it, in the middle of its life too`() throws {
        let sandbox = try SandboxProcess(stage)
        let wrong = try stage.start(
            "serve", [],
            GatewayProcess.variables(upstreamPort: sandbox.port, ipc: stage.folder.file("one"))
                .merging(["PUSHER_KEY": "unknown-key"]) { $1 })
        try stage.wait(for: "the end") { wrong.hasEnded }
        #expect(wrong.status == 69)
        #expect(!wrong.lines(with: "level=error", "code=4001", "PUSHER_KEY").isEmpty)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let stream = StreamClient(stage, gateway.http, "/events?channel=presence-bail-1")
        try stage.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        try sandbox.control("close?code=4009&reason=Not%20wanted")
        try stage.wait(for: "the end") { gateway.process.hasEnded && stream.end != nil }
        #expect(gateway.process.status == 69)
        #expect(stream.isComplete)
        #expect(!gateway.process.lines(with: "level=error", "code=4009").isEmpty)
    }

    @Test func `a wrong secret is a refused subscription, said without the secret`() throws {
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: ["PUSHER_SECRET": "quite-another-secret"])
        let stream = StreamClient(stage, gateway.http, "/events?channel=presence-bail-1")
        try stage.wait(for: "the refusal") { !stream.told.isEmpty }
        #expect(stream.told[0].event == "pusher:subscription_error")
        #expect(try gateway.get("/poll?channel=presence-bail-1").status == 503)
        #expect(!gateway.process.lines(with: "level=warning", "subscription refused").isEmpty)
        let line = LineClient(stage, path: gateway.ipc)
        line.say("SUBSCRIBE presence-bail-1")
        line.say(#"PUBLISH presence-bail-1 e {"a":1}"#)
        try stage.wait(for: "two refusals") { line.replies.count == 2 }
        for reply in line.replies {
            guard case .error = reply else {
                Issue.record("\(reply)")
                continue
            }
        }
        #expect(try gateway.stop() == 0)
        #expect(!gateway.process.errors.contains("quite-another-secret"))
        #expect(!gateway.process.errors.contains(SandboxProcess.secret))
    }
}
