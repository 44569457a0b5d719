// SPDX-License-Identifier: MIT
import PasserelleNet
import Glibc
import PasserelleTesting
import PasserelleWire
import Testing

/// If the process cannot run, it prints one line with the reason and no secret, and ends with an
/// exit code.
struct RefusedStartTests {
    private let fixture: EndToEndFixture

    init() throws {
        fixture = try EndToEndFixture()
    }

    /// Runs the binary to its end with `serve`'s variables and these changes; nil removes a
    /// variable.
    private func serve(
        _ changes: [String: String?], arguments: [String] = ["serve"]
    ) throws -> SubprocessResult {
        var variables = GatewayProcess.variables(
            upstreamPort: 9, ipc: fixture.directory.file("ipc"))
        for (name, value) in changes { variables[name] = value }
        return try fixture.run(
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
    func `a bad configuration is one line that names the variable, and exit 78`(
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

    @Test(
        arguments: ["PASSERELLE_IPC", "PASSERELLE_HTTP"],
        ["missing", "file", "directory", "inside"])
    func `a socket's path that cannot be bound is one line, and exit 78`(
        name: String, kind: String
    ) throws {
        let path = fixture.directory.file(kind == "inside" ? "file/socket" : kind)
        let script = "cd \(fixture.directory.path) && touch file && mkdir directory"
        #expect(try fixture.run("sh", ["-c", script]).status == 0)
        let place = kind == "missing" ? path + "/socket" : path
        let value = name == "PASSERELLE_IPC" ? place : "unix:" + place
        let result = try serve([name: value, "PASSERELLE_LOG": "warning"])
        check(result, exits: 78, naming: [name, place, "choose another"])
        let isMissing = kind == "missing"
        #expect(result.errors.contains("make its directory") == isMissing, "\(result.errors)")
    }

    @Test func `a socket that is bound and does not listen is left alone, and exit 1`() throws {
        let path = fixture.directory.file("bound")
        let python = """
            import os, socket, subprocess, sys
            bound = socket.socket(socket.AF_UNIX)
            bound.bind(sys.argv[1])
            sys.exit(subprocess.call(sys.argv[2:]))
            """
        var variables = GatewayProcess.variables(upstreamPort: 9, ipc: path)
        variables["PASSERELLE_LOG"] = "warning"
        let words = PasserelleProcess.words(
            ["serve"], variables, binary: try PasserelleProcess.binary())
        let result = try fixture.run("python3", ["-c", python, path, "env"] + words)
        check(result, exits: 1, naming: ["PASSERELLE_IPC", path, "does not listen"])
        #expect(access(path, F_OK) == 0)
    }

    @Test(arguments: ["journal-1", "notices.jsonl", "revocations.jsonl"])
    func `a FIFO in the state directory is one line, and exit 78`(name: String) throws {
        let path = fixture.directory.file("state")
        let script = "mkdir -m 700 \(path) && mkfifo \(path)/\(name)"
        #expect(try fixture.run("sh", ["-c", script]).status == 0)
        let result = try serve([
            "PASSERELLE_STATE_DIR": path, "PASSERELLE_INNGEST_KEY": "k",
            "PASSERELLE_AUTH": "token",
            "PASSERELLE_TOKEN_KEY": "0123456789abcdef0123456789abcdef",
            "PASSERELLE_LOG": "error",
        ])
        check(result, exits: 78, naming: ["PASSERELLE_STATE_DIR", name, "regular file"])
    }

    @Test func `a port or a socket that is taken is one line that names it`() throws {
        let server = try EchoServer(loop: fixture.loop)
        let address = "127.0.0.1:\(server.port)"
        let admin = try serve(["PASSERELLE_ADMIN": address, "PASSERELLE_LOG": "warning"])
        check(admin, exits: 1, naming: ["PASSERELLE_ADMIN", address, "in use", "or none"])
        let port = try serve(["PASSERELLE_HTTP": address])
        check(port, exits: 1, naming: ["PASSERELLE_HTTP", address, "in use"])
        let path = fixture.directory.file("taken")
        let taken = try EchoServer(loop: fixture.loop, address: .unix(path: path))
        for name in ["PASSERELLE_IPC", "PASSERELLE_HTTP"] {
            let value = name == "PASSERELLE_IPC" ? path : "unix:\(path)"
            let socket = try serve([name: value, "PASSERELLE_LOG": "warning"])
            check(socket, exits: 1, naming: [name, path])
        }
        taken.close()
        server.close()
        let sandbox = try SandboxProcess(fixture)
        let second = try serve(
            ["PASSERELLE_SANDBOX": "127.0.0.1:\(sandbox.port)"], arguments: ["sandbox"])
        check(second, exits: 1, naming: ["PASSERELLE_SANDBOX", "\(sandbox.port)"])
    }

    /// A path that cannot be a state directory.
    enum BadPlace: String, CaseIterable {
        case file, noParent, openToOthers, ofAnother, readOnly, newer, inUse

        /// The places that this user can create; root can create all.
        static var makeable: [BadPlace] {
            allCases.filter { geteuid() == 0 || ($0 != .ofAnother && $0 != .readOnly) }
        }
    }

    @Test(arguments: BadPlace.makeable)
    func `an unusable state directory is one line, exit 78, and is left unchanged`(
        place: BadPlace
    ) throws {
        let path = fixture.directory.file("state")
        var holder: GatewayProcess?
        var sandbox: SandboxProcess?
        if place == .inUse {
            let server = try SandboxProcess(fixture)
            sandbox = server
            holder = try GatewayProcess(
                fixture, upstreamPort: server.port, variables: ["PASSERELLE_STATE_DIR": path])
        } else {
            let script = """
                set -e
                cd \(fixture.directory.path)
                mkdir -m 700 state
                printf kept >state/journal-1
                \(Self.preparation(of: place))
                """
            #expect(try fixture.run("sh", ["-c", script]).status == 0)
        }
        defer { _ = try? fixture.run("sh", ["-c", "umount \(path) 2>/dev/null"]) }
        let before = try list(path)
        let result = try serve(["PASSERELLE_STATE_DIR": place == .noParent ? path + "/a/b" : path])
        check(result, exits: 78, naming: ["PASSERELLE_STATE_DIR", path] + Self.words(for: place))
        if place != .inUse { #expect(try list(path) == before) }
        if let holder { #expect(try holder.stop() == 0) }
        withExtendedLifetime(sandbox) {}
    }

    /// The shell commands that make a good directory a bad one.
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

    /// The files with modes, owners, sizes and times, without the lock.
    private func list(_ path: String) throws -> String {
        try fixture.run(
            "sh", ["-c", "find \(path) ! -name lock -type f -exec stat -c '%n %a %u %s %Y' {} +"]
        ).output
    }

    @Test(arguments: ["close", "error", "open", "drop"])
    func `a final refusal by Channels ends the process with exit 69 and a clear reason`(
        form: String
    ) throws {
        let sandbox = try SandboxProcess(fixture)
        let ipc = fixture.directory.file("ipc")
        let variables = GatewayProcess.variables(upstreamPort: sandbox.port, ipc: ipc)
        try sandbox.control("refuse?code=4003&message=Application%20disabled&form=\(form)")
        let gateway = try fixture.start("serve", [], variables)
        try fixture.wait(for: "the gateway's end") { gateway.hasEnded }
        #expect(gateway.status == 69)
        let lines = gateway.lines(with: "level=error")
        #expect(lines.count == 1)
        #expect(!gateway.lines(with: "code=4003", "Application disabled").isEmpty)
        #expect(!gateway.errors.contains(SandboxProcess.secret))
        let answer = try fixture.run("sh", ["-c", "test ! -e \(ipc)"])
        #expect(answer.status == 0, "the socket's file is gone")
    }

    @Test func `a key that Channels no longer knows ends a running process, too`() throws {
        let sandbox = try SandboxProcess(fixture)
        let wrong = try fixture.start(
            "serve", [],
            GatewayProcess.variables(upstreamPort: sandbox.port, ipc: fixture.directory.file("one"))
                .merging(["PUSHER_KEY": "unknown-key"]) { $1 })
        try fixture.wait(for: "the end") { wrong.hasEnded }
        #expect(wrong.status == 69)
        #expect(!wrong.lines(with: "level=error", "code=4001", "PUSHER_KEY").isEmpty)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let stream = StreamClient(fixture, gateway.http, "/events?channel=presence-bail-1")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        try sandbox.control("close?code=4009&reason=Not%20wanted")
        try fixture.wait(for: "the end") { gateway.process.hasEnded && stream.end != nil }
        #expect(gateway.process.status == 69)
        #expect(stream.isComplete)
        #expect(!gateway.process.lines(with: "level=error", "code=4009").isEmpty)
    }

    @Test func `a wrong secret is a refused subscription, reported without the secret`() throws {
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: ["PUSHER_SECRET": "quite-another-secret"])
        let stream = StreamClient(fixture, gateway.http, "/events?channel=presence-bail-1")
        try fixture.wait(for: "the refusal") { !stream.delivered.isEmpty }
        #expect(stream.delivered[0].event == "pusher:subscription_error")
        #expect(try gateway.get("/poll?channel=presence-bail-1").status == 503)
        #expect(!gateway.process.lines(with: "level=warning", "subscription refused").isEmpty)
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE presence-bail-1")
        line.send(#"PUBLISH presence-bail-1 e {"a":1}"#)
        try fixture.wait(for: "two refusals") { line.replies.count == 2 }
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
