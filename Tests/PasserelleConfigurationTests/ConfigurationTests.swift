// SPDX-License-Identifier: MIT
@testable import PasserelleLog
@testable import PasserelleConfiguration
import PasserelleHub
import PasserelleHTTP
import PasserelleUpstream
import PasserelleDownstream
import PasserelleNet
import PasserelleWire
import Testing

/// The variables that `serve` requires.
let enough = [
    "PUSHER_APP_ID": "1", "PUSHER_KEY": "k", "PUSHER_SECRET": "s", "PUSHER_CLUSTER": "eu",
    "PASSERELLE_AUTH": "none", "XDG_RUNTIME_DIR": "/run/user/1000",
]

/// Loads a configuration from a command line and an environment.
func load(
    _ arguments: String..., in environment: ProcessEnvironment = .only(enough)
) throws -> Configuration {
    try Configuration.load(try Invocation.parse(arguments), environment)
}

struct ConfigurationTests {
    @Test func `an unset variable has its default`() throws {
        let read = try load("serve")
        #expect(read.http == [.tcp(host: "127.0.0.1", port: 8_080)])
        #expect(read.admin == [.tcp(host: "127.0.0.1", port: 8_081)])
        #expect(read.ipc == "/run/user/1000/passerelle.sock")
        #expect(read.channels?.list.map(\.text) == ["presence-bail-*"])
        #expect(read.pinned == [])
        #expect(read.linger == .seconds(600))
        #expect(read.access == .unchecked)
        #expect(read.presence == .delegate)
        #expect(read.memberID == "passerelle")
        #expect(read.history == LogLimits(events: 512, bytes: 1 << 20, age: .seconds(3_600)))
        #expect(read.memoryBytes == 256 << 20)
        #expect(read.logLevel == .info)
        #expect(read.heartbeat == .seconds(15))
        #expect(read.stall == .seconds(60))
        #expect(read.clientEvents == ["client-typing"])
        #expect(read.retractions.map(\.event) == ["message-deleted"])
        #expect(read.caFile == nil)
        #expect(read.warnings == [])
    }

    @Test func `proxy variables are read in lower case, and upper case takes precedence`() throws {
        let lower = enough.merging(["https_proxy": "low:1", "no_proxy": "a"]) { $1 }
        let read = try load("serve", in: .only(lower))
        #expect(read.proxy?.address == .tcp(host: "low", port: 1))
        #expect(read.proxyBypass == ProxyBypass("a"))
        let both = lower.merging(["HTTPS_PROXY": "high:1"]) { $1 }
        #expect(try load("serve", in: .only(both)).proxy?.address == .tcp(host: "high", port: 1))
    }

    @Test func `every variable is read from the environment`() throws {
        let more = [
            "PASSERELLE_HTTP": "127.0.0.1:1, [::1]:2,unix:/run/a.sock, localhost:0,localhost:0",
            "PASSERELLE_IPC": "unix:/run/b.sock", "PASSERELLE_CHANNELS": "presence-*,private-x",
            "PASSERELLE_PIN": "presence-a,private-x,presence-a", "PASSERELLE_LINGER": "0",
            "PASSERELLE_MEMBER_ID": "la passerelle é", "PASSERELLE_HISTORY": "10 events",
            "PASSERELLE_MEMORY": "1 MiB", "PASSERELLE_LOG": "debug",
            "PASSERELLE_CA_FILE": "/ca.pem", "HTTPS_PROXY": "http://a:b@p:1",
            "NO_PROXY": ".example", "PASSERELLE_HEARTBEAT": "1s", "PASSERELLE_STALL": "1h",
            "PASSERELLE_PRESENCE": "observe",
        ]
        let environment = enough.merging(more) { $1 }
        let read = try load("serve", in: .only(environment, files: ["/ca.pem": ""]))
        #expect(
            read.proxy == HTTPProxy(address: .tcp(host: "p", port: 1), authorization: "Basic YTpi"))
        #expect(read.proxyBypass == ProxyBypass(".example"))
        #expect(
            read.http == [
                .tcp(host: "127.0.0.1", port: 1), .tcp(host: "::1", port: 2),
                .unix(path: "/run/a.sock"), .tcp(host: "localhost", port: 0),
                .tcp(host: "localhost", port: 0),
            ])
        #expect(read.ipc == "/run/b.sock")
        #expect(read.pinned.map(\.text) == ["presence-a", "private-x"])
        #expect(read.linger == .zero)
        #expect(read.memberID == "la passerelle é")
        #expect(read.history.events == 10)
        #expect(read.memoryBytes == 1 << 20)
        #expect(read.logLevel == .debug)
        #expect(read.caFile == "/ca.pem")
        #expect(read.heartbeat == .seconds(1))
        #expect(read.stall == .seconds(3_600))
    }

    @Test(arguments: [
        ("/", ""), ("reverb", "/reverb"), ("/reverb/", "/reverb"), ("//a//b-_.~/", "/a/b-_.~"),
        (String(repeating: "x", count: 255), "/" + String(repeating: "x", count: 255)),
        (String(repeating: "x", count: 256), "/" + String(repeating: "x", count: 256)),
    ])
    func `the path prefix of the server is read with or without slashes`(
        text: String, path: String
    ) throws {
        let read = try load(
            "serve", in: .only(enough.merging(["PUSHER_PATH": text]) { $1 }))
        #expect(read.upstream.path == path)
    }

    @Test func `the origin for the server is normalized, and not sent by default`()
        throws
    {
        let origin = ["PUSHER_ORIGIN": "https://App.example:443"]
        #expect(
            try load("serve", in: .only(enough.merging(origin) { $1 })).upstream.origin
                == "https://app.example")
        let read = try load("serve", in: .only(enough))
        #expect(read.upstream.origin == nil && read.upstream.path == "")
    }

    @Test func `flags take precedence over the environment, then the last file, then the others`()
        throws
    {
        let files = [
            "/a":
                "PASSERELLE_LINGER=1m\nPASSERELLE_LINGER=2m\nPASSERELLE_MEMBER_ID=a\nPUSHER_KEY=a",
            "/b": "PASSERELLE_LINGER=3m\nPUSHER_KEY=b",
        ]
        var environment = enough
        environment["PUSHER_KEY"] = nil
        #expect(
            try load("serve", "--env-file", "/a", in: .only(environment, files: files)).linger
                == .seconds(120))
        var read = try load(
            "serve", "--env-file=/a", "--env-file=/b", in: .only(environment, files: files))
        #expect(read.linger == .seconds(180))
        #expect(read.memberID == "a")
        #expect(read.application.key == "b")
        read = try load(
            "serve", "--env-file=/b", "--env-file=/a", in: .only(environment, files: files))
        #expect(read.linger == .seconds(120))
        environment["PASSERELLE_LINGER"] = "4m"
        let process = ProcessEnvironment.only(environment, files: files)
        #expect(try load("serve", "--env-file=/a", in: process).linger == .seconds(240))
        #expect(
            try load("serve", "--env-file=/a", "--linger=5m", in: process).linger
                == .seconds(300))
    }

    @Test func `an empty variable has its default`() throws {
        var environment = enough
        environment["PASSERELLE_LINGER"] = ""
        environment["PASSERELLE_STATE_DIR"] = ""
        environment["PASSERELLE_TOKEN_KEY"] = ""
        let files = ["/a": "PASSERELLE_LINGER=1m"]
        let read = try load("serve", "--env-file=/a", in: .only(environment, files: files))
        #expect(read.linger == .seconds(600))
        #expect(read.warnings == [])
    }

    @Test func `a credential sets a secret that no variable sets`() throws {
        var environment = enough
        environment["PUSHER_SECRET"] = nil
        environment["CREDENTIALS_DIRECTORY"] = "/run/credentials/x"
        let files = [
            "/run/credentials/x/pusher-secret": "from credential\r\n", "/a": "PUSHER_SECRET=file",
        ]
        var read = try load("serve", in: .only(environment, files: files))
        #expect(read.application.secret == Secret("from credential"))
        read = try load("serve", "--env-file=/a", in: .only(environment, files: files))
        #expect(read.application.secret == Secret("file"))
        environment["PUSHER_SECRET"] = ""
        read = try load("serve", in: .only(environment, files: files))
        #expect(read.application.secret == Secret("from credential"))
    }

    @Test func `a file for Next-js is enough, and continued lines are refused with a remedy`()
        throws
    {
        let environment = ProcessEnvironment.process()
        var isolated = ProcessEnvironment.only(["XDG_RUNTIME_DIR": "/x"])
        isolated.readFile = environment.readFile
        let read = try load("serve", "--env-file", Fixture.path("nextjs.env"), in: isolated)
        #expect(read.application.id == "1887654")
        #expect(read.application.secret == Secret("7ad3773142a6692b25b8"))
        #expect(read.upstream.webSocketHost == "ws-eu.pusher.com")
        let error = #expect(throws: ConfigurationError.self) {
            try load("serve", "--env-file", Fixture.path("systemd.env"), in: isolated)
        }
        #expect(error?.message.hasPrefix("PASSERELLE_CHANNELS") == true)
        #expect(
            error?.message.contains(
                "; '\\' does not continue a line here, so put the value on one line (from ")
                == true)
    }

    @Test func `a cluster has two hosts`() throws {
        let upstream = try load("serve").upstream
        #expect(upstream == .cluster("eu", port: nil, isTLS: true))
        #expect(upstream.webSocketHost == "ws-eu.pusher.com")
        #expect(upstream.restHost == "api-eu.pusher.com")
        #expect(upstream.port == 443 && upstream.isTLS)
    }

    @Test func `a host serves WebSocket and REST, and takes precedence over the cluster`() throws {
        let upstream = try load("serve", "--pusher-host", "soketi.internal").upstream
        #expect(upstream.webSocketHost == "soketi.internal")
        #expect(upstream.restHost == "soketi.internal")
        #expect(upstream.port == 443)
        #expect(try load("serve", "--pusher-host=[::1]").upstream.restHost == "::1")
        let plain = try load("serve", "--pusher-host=127.0.0.1", "--pusher-scheme=http")
        #expect(plain.upstream.port == 80 && !plain.upstream.isTLS)
        #expect(plain.warnings == [])
        #expect(try load("serve", "--pusher-host=a", "--pusher-port=6001").upstream.port == 6_001)
        #expect(try load("serve", "--pusher-host=a", "--pusher-scheme=http").warnings.count == 1)
    }

    @Test func `sandbox and demo require no configuration`() throws {
        var read = try load("sandbox", in: .only())
        #expect(read.sandbox == .tcp(host: "127.0.0.1", port: 6_001))
        #expect(read.application.id == "1001" && read.application.key == "sandbox-key")
        #expect(read.application.secret == Secret("sandbox-secret"))
        read = try load("demo", "--sandbox", "[::1]:7000", in: .only(["TMPDIR": "/t"]))
        #expect(read.upstream == .host("::1", port: 7_000, isTLS: false))
        #expect(read.access == .unchecked)
        #expect(read.ipc == "/t/passerelle-demo-1000.sock")
        read = try load("sandbox", in: .only(enough))
        #expect(read.application.key == "k")
        read = try load("sandbox", "--sandbox-webhook=http://127.0.0.1:3/h", in: .only())
        #expect(read.sandboxWebhook?.port == 3)
    }

    @Test func `the default path of the socket is in the runtime directory`() throws {
        func path(
            _ command: String, _ environment: [String: String], user: UInt32 = 1_000,
            files: [String] = []
        ) throws -> String {
            var all = enough
            all["XDG_RUNTIME_DIR"] = nil
            let environment = ProcessEnvironment.only(
                all.merging(environment) { $1 },
                files: Dictionary(uniqueKeysWithValues: files.map { ($0, "") }), ownUserID: user)
            return try load(command, in: environment).ipc
        }
        #expect(
            try path("serve", ["RUNTIME_DIRECTORY": "/run/p:/run/q", "XDG_RUNTIME_DIR": "/x"])
                == "/run/p/passerelle.sock")
        #expect(try path("serve", ["XDG_RUNTIME_DIR": "/x"]) == "/x/passerelle.sock")
        #expect(try path("serve", [:], user: 0) == "/run/passerelle.sock")
        #expect(try path("status", ["XDG_RUNTIME_DIR": "/x"]) == "/x/passerelle.sock")
        #expect(try path("status", [:], user: 0) == "/run/passerelle.sock")
        let system = "/run/passerelle/passerelle.sock"
        #expect(try path("status", [:]) == system)
        #expect(try path("status", ["XDG_RUNTIME_DIR": "/x"], files: [system]) == system)
        #expect(
            try path("status", ["XDG_RUNTIME_DIR": "/x"], files: [system, "/x/passerelle.sock"])
                == "/x/passerelle.sock")
    }

    @Test func `clients read only the path of the socket`() throws {
        let environment = [
            "PASSERELLE_NONSENSE": "1", "PASSERELLE_LINGER": "x", "PASSERELLE_IPC": "/s",
        ]
        #expect(try load("tail", "c", in: .only(environment)).ipc == "/s")
        #expect(try load("tail", "c", "--ipc=/t", in: .only(environment)).ipc == "/t")
    }

    @Test func `the state directory is the configured one, systemd's or none`() throws {
        var environment = enough
        #expect(try load("serve", in: .only(environment)).stateDirectory == nil)
        environment["STATE_DIRECTORY"] = "/var/lib/passerelle:/var/lib/other"
        let read = try load("serve", in: .only(environment))
        #expect(read.stateDirectory == "/var/lib/passerelle" && read.sync == .milliseconds(50))
        let named = try load("serve", "--state-dir=/a", "--sync=1s", in: .only(environment))
        #expect(named.stateDirectory == "/a" && named.sync == .seconds(1))
        environment["PASSERELLE_STATE_DIR"] = ""
        #expect(
            try load("serve", in: .only(environment)).stateDirectory == "/var/lib/passerelle")
    }

    @Test func `an empty flag selects the default`() throws {
        #expect(throws: Never.self) { try load("serve", "--ipc-users=") }
    }

    @Test func `admin listeners have a default, and can be set or disabled`() throws {
        #expect(try load("serve").admin == [.tcp(host: "127.0.0.1", port: 8081)])
        #expect(try load("demo").admin == [])
        #expect(try load("serve", "--admin=none").admin == [])
        #expect(try load("serve", "--admin=").admin == [])
        #expect(try load("demo", "--admin=unix:/a,[::1]:0").admin.count == 2)
        let open = try load("serve", "--admin=0.0.0.0:9", "--admin-open=yes")
        #expect(open.admin == [.tcp(host: "0.0.0.0", port: 9)])
    }

    @Test func `console content is off by default, and a warning if it is on`() throws {
        let quiet = try load("serve")
        #expect(!quiet.consoleShowsContent && quiet.warnings.isEmpty)
        #expect(try !load("serve", "--console-content=0").consoleShowsContent)
        let open = try load("serve", "--console-content=1")
        #expect(open.consoleShowsContent)
        #expect(
            open.warnings == [
                "PASSERELLE_CONSOLE_CONTENT=1: the console at PASSERELLE_ADMIN shows message"
                    + " content"
            ])
        // The demo has no console by default.
        #expect(try load("demo", "--console-content=1").warnings.isEmpty)
    }

    @Test func `tokens in the query are off and the network test is on unless set`() throws {
        let usual = try load("serve")
        #expect(!usual.accessSettings.acceptsQueryTokens && usual.servesDiagnose)
        #expect(usual.limits.diagnoses == 256 && usual.limits.addressDiagnoses == 32)
        let other = try load(
            "serve", "--token-query=yes", "--diagnose=no", "--max-diagnoses=1",
            "--max-diagnoses-per-address=none")
        #expect(other.accessSettings.acceptsQueryTokens && !other.servesDiagnose)
        #expect(other.limits.diagnoses == 1 && other.limits.addressDiagnoses == .max)
    }

    @Test func `client events are a list of names or none`() throws {
        #expect(
            try load("serve", "--client-events=client-typing,client-read").clientEvents
                == ["client-typing", "client-read"])
        #expect(try load("serve", "--client-events=none").clientEvents == [])
    }

    @Test func `unix and loopback listeners need no authentication`() throws {
        let read = try load("serve", "--http", "unix:/a,127.1.2.3:1,[::1]:1,localhost:1")
        #expect(read.http.count == 4)
    }
}
