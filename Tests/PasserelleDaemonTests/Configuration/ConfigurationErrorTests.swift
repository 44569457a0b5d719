// SPDX-License-Identifier: MIT
import PasserelleDaemon
import Testing

struct ConfigurationErrorTests {
    /// The message with which a `serve` is refused that has enough and this in its environment.
    private func message(_ more: [String: String]) -> String? {
        let environment = enough.merging(more) { $1 }
        let error = #expect(throws: ConfigurationError.self) {
            try load("serve", in: .only(environment, users: ["www-data": 33]))
        }
        return error?.message
    }

    @Test(arguments: [
        (
            "PASSERELLE_LINGER", "ten",
            "\"ten\" is not a duration; it takes a number with a unit such as 250ms, 30s, 10m or 1h, up to 7d"
        ),
        (
            "PASSERELLE_LINGER", "8d",
            "\"8d\" is not between 0 and 7d; it takes a number with a unit such as 250ms, 30s, 10m or 1h, up to 7d"
        ),
        (
            "PASSERELLE_HEARTBEAT", "999ms",
            "\"999ms\" is not between 1s and 10m; it takes a number with a unit such as 250ms, 30s, 10m or 1h, from 1s to 10m"
        ),
        (
            "PASSERELLE_HTTP", "8080",
            "\"8080\" has \"8080\", which is not an address: takes HOST:PORT or unix:PATH; it takes HOST:PORT, [IPV6]:PORT or unix:PATH, several with commas between them"
        ),
        (
            "PASSERELLE_HTTP", "a:1,a:1",
            "\"a:1,a:1\" has \"a:1\", which is there twice; it takes HOST:PORT, [IPV6]:PORT or unix:PATH, several with commas between them"
        ),
        (
            "PASSERELLE_HTTP", "a b:1",
            "\"a b:1\" has \"a b:1\", which is not an address: its host is none; it takes HOST:PORT, [IPV6]:PORT or unix:PATH, several with commas between them"
        ),
        (
            "PASSERELLE_IPC", "/run/",
            "\"/run/\" is not a socket's path; it takes a path of at most 107 bytes"
        ),
        (
            "PASSERELLE_CHANNELS", "a,b c",
            "\"a,b c\" has \"b c\", which is no channel pattern; it takes channel names in which one '*' may stand for any characters, with commas between them"
        ),
        (
            "PASSERELLE_CHANNELS", "a,",
            "\"a,\" has \"\", which is an empty part; it takes channel names in which one '*' may stand for any characters, with commas between them"
        ),
        (
            "PASSERELLE_PIN", "presence-bail-*",
            "\"presence-bail-*\" has \"presence-bail-*\", which is no channel name; it takes channel names with commas between them"
        ),
        (
            "PASSERELLE_AUTH", "yes",
            "\"yes\" has \"yes\", which is no way to admit readers; it takes endpoint, token, or both with a comma; or none, which lets everybody who can connect read, on loopback and Unix listeners only"
        ),
        (
            "PASSERELLE_AUTH", "none,token",
            "\"none,token\" has \"none\", which leaves nothing to check beside it; it takes endpoint, token, or both with a comma; or none, which lets everybody who can connect read, on loopback and Unix listeners only"
        ),
        (
            "PASSERELLE_AUTH_ENDPOINT", "app.example/auth",
            "\"app.example/auth\" is not an http or https URL; it takes an http or https URL"
        ),
        (
            "PASSERELLE_AUTH_HEADERS", "Cookie, Host",
            "\"Cookie, Host\" has \"Host\", which is not to be passed on; it takes names of headers that are no part of the connection, with commas between them"
        ),
        (
            "PASSERELLE_AUTH_GRACE", "2d",
            "\"2d\" is not between 0 and 1d; it takes a duration such as 90s or 5m, from 0 to 1d"
        ),
        (
            "PASSERELLE_ORIGINS", "https://a.example/x",
            "\"https://a.example/x\" has \"https://a.example/x\", which is not https://HOST or https://HOST:PORT; it takes https://HOST or https://HOST:PORT, several with commas between them"
        ),
        (
            "PASSERELLE_HOSTS", "a.example/",
            "\"a.example/\" has \"a.example/\", which is no host; it takes HOST or HOST:PORT, several with commas between them"
        ),
        (
            "PASSERELLE_TRUSTED_PROXIES", "10.0.0.1/8",
            "\"10.0.0.1/8\" has \"10.0.0.1/8\", which is no address, nor a network; it takes addresses, networks such as 10.0.0.0/8, or unix for the Unix listeners, with commas between them"
        ),
        (
            "PASSERELLE_IPC_USERS", "0:write",
            "\"0:write\" has \"0:write\", which says neither read nor publish; it takes user names or numbers, each with :read or :publish, with commas between them"
        ),
        (
            "PASSERELLE_IPC_USERS", "nobody-here:read",
            "\"nobody-here:read\" has \"nobody-here:read\", which is no user here; it takes user names or numbers, each with :read or :publish, with commas between them"
        ),
        (
            "PASSERELLE_IPC_USERS", "0:read,0:publish",
            "\"0:read,0:publish\" has \"0:publish\", which is there twice; it takes user names or numbers, each with :read or :publish, with commas between them"
        ),
        (
            "PASSERELLE_IPC_MODE", "0888",
            "\"0888\" is not a file mode; it takes an octal number up to 0777"
        ),
        (
            "PASSERELLE_IPC_GROUP", "nogroup-here",
            "\"nogroup-here\" is not a group here; it takes a group's name or number"
        ),
        (
            "PASSERELLE_PRESENCE", "all",
            "\"all\" is not a presence mode; it takes delegate, which makes known readers members, or observe, which does not"
        ),
        (
            "PASSERELLE_HISTORY", "512",
            "\"512\" has \"512\", which is neither a number of events, nor a size, nor a duration; it takes a number of events, a size and an age with commas between them, such as 512 events, 1 MiB, 1h"
        ),
        (
            "PASSERELLE_MEMORY", "1023 KiB",
            "\"1023 KiB\" is not between 1 MiB and 1024 GiB; it takes a size such as 256 MiB or 1G, from 1 MiB to 1024 GiB"
        ),
        (
            "PASSERELLE_LOG", "verbose",
            "\"verbose\" is not a level; it takes debug, info, warning or error"
        ),
        (
            "PASSERELLE_CA_FILE", "/none",
            "\"/none\" cannot be read (No such file or directory); it takes the path of a file that can be read"
        ),
        (
            "PASSERELLE_MEMBER_ID", "a\u{1B}[2J",
            "\"a\\u{1b}[2J\" has a control character or bytes that are not UTF-8; it takes at most 128 bytes of text"
        ),
        (
            "PUSHER_APP_ID", "a/b",
            "\"a/b\" is not such a name; it takes letters, digits, '-', '_' and '.'"
        ),
        (
            "PUSHER_CLUSTER", "eu.example",
            "\"eu.example\" is not a cluster's name; it takes a cluster's name such as eu, mt1 or ap2"
        ),
        (
            "PUSHER_HOST", "https://x",
            "\"https://x\" is not a host; it takes a host name or an IP address alone; port and scheme have PUSHER_PORT and PUSHER_SCHEME"
        ),
        (
            "PUSHER_HOST", "x:443",
            "\"x:443\" is not a host; it takes a host name or an IP address alone; port and scheme have PUSHER_PORT and PUSHER_SCHEME"
        ),
        (
            "PUSHER_HOST", "a:443",
            "\"a:443\" is not a host; it takes a host name or an IP address alone; port and scheme have PUSHER_PORT and PUSHER_SCHEME"
        ),
        ("PUSHER_PORT", "0", "\"0\" is not a port; it takes a number from 1 to 65535"),
        ("PUSHER_PORT", "65536", "\"65536\" is not a port; it takes a number from 1 to 65535"),
        ("PUSHER_SCHEME", "wss", "\"wss\" is not a scheme; it takes http or https"),
    ])
    func `a bad value is told in one line`(name: String, value: String, message: String) {
        #expect(self.message([name: value]) == "\(name): \(message) (from environment)")
    }

    @Test func `operators' listeners are not for other hosts, unless it is said`() {
        #expect(
            message(["PASSERELLE_ADMIN": "127.0.0.1:1,0.0.0.0:2"])
                == "PASSERELLE_ADMIN: \"0.0.0.0:2\" can be reached from other hosts, and nobody is"
                + " asked who they are there; it takes loopback and Unix listeners only, unless"
                + " PASSERELLE_ADMIN_OPEN=yes says that what can reach it may (from environment)")
        #expect(
            message(["PASSERELLE_ADMIN_OPEN": "maybe"])
                == "PASSERELLE_ADMIN_OPEN: \"maybe\" is not yes or no; it takes yes or no"
                + " (from environment)")
        for value in ["2", "yes", "01", "true"] {
            #expect(
                message(["PASSERELLE_CONSOLE_CONTENT": value])
                    == "PASSERELLE_CONSOLE_CONTENT: \"\(value)\" is not 0 or 1; it takes 0 or 1"
                    + " (from environment)")
        }
    }

    @Test func `an unknown variable is refused, with a guess`() {
        #expect(
            message(["PASSERELLE_HTPT": "x"])
                == "PASSERELLE_HTPT: there is no such variable; did you mean PASSERELLE_HTTP?"
                + " (from environment)")
        #expect(
            message(["PASSERELLE_SOMETHING_ELSE": "x"])
                == "PASSERELLE_SOMETHING_ELSE: there is no such variable;"
                + " 'passerelle help variables' lists them (from environment)")
    }

    @Test func `the origin of a bad value is told`() {
        let files = [
            "conf/.env.local": "# x\nPASSERELLE_LINGER=ten\n", "typo": "\n\nPASSERELLE_LINGR=1m",
            "line": "PASSERELLE_LINGER=$OTHER", "/c/pusher-secret": "a\nb",
        ]
        func error(_ arguments: String..., environment: [String: String] = enough) -> String? {
            #expect(throws: ConfigurationError.self) {
                try Configuration.load(
                    try Invocation.parse(["serve"] + arguments), .only(environment, files: files))
            }?.message
        }
        let takes = "it takes a number with a unit such as 250ms, 30s, 10m or 1h, up to 7d"
        #expect(
            error("--env-file", "conf/.env.local")
                == "PASSERELLE_LINGER: \"ten\" is not a duration; \(takes) (from conf/.env.local:2)"
        )
        #expect(
            error("--linger=x")
                == "PASSERELLE_LINGER: \"x\" is not a duration; \(takes) (from flag --linger)")
        #expect(
            error("--env-file=typo")
                == "PASSERELLE_LINGR: there is no such variable; did you mean PASSERELLE_LINGER?"
                + " (from typo:3)")
        #expect(
            error("--env-file=line")
                == "PASSERELLE_LINGER refers to another variable with '$', which is not expanded here;"
                + " write the value out, or '\\$' for the sign itself (from line:1)")
        #expect(
            error("--env-file=none")
                == "--env-file \"none\" cannot be read: No such file or directory")
        var environment = enough
        environment["PUSHER_SECRET"] = nil
        environment["CREDENTIALS_DIRECTORY"] = "/c"
        #expect(
            error(environment: environment)
                == "PUSHER_SECRET: the value has a control character or bytes that are not UTF-8; it"
                + " takes the secret as the dashboard shows it (from credential pusher-secret)")
    }

    @Test func `a bad line that something stronger replaces, or that is not ours, is no matter`()
        throws
    {
        let files = ["/a": "PASSERELLE_LINGER=$X\nOTHER=$Y\nPUSHER_HOST", "/b": "PUSHER_HOST=b"]
        let read = try load(
            "serve", "--env-file=/a", "--env-file=/b", "--linger=1m",
            in: .only(enough, files: files))
        #expect(read.linger == .seconds(60))
        #expect(read.upstream.restHost == "b")
    }

    @Test func `what is missing is named, all at once`() {
        func missing(_ names: String..., files: [String: String] = [:]) -> String? {
            var environment = enough
            for name in names { environment[name] = nil }
            let arguments = ["serve"] + files.keys.map { "--env-file=\($0)" }
            return #expect(throws: ConfigurationError.self) {
                try Configuration.load(
                    try Invocation.parse(arguments), .only(environment, files: files))
            }?.message
        }
        #expect(
            missing("PUSHER_APP_ID", "PUSHER_KEY", "PUSHER_SECRET", "PUSHER_CLUSTER")
                == "PUSHER_APP_ID, PUSHER_KEY, PUSHER_SECRET and PUSHER_CLUSTER (or PUSHER_HOST) are"
                + " not set, and serve needs them; set them in the environment or in a file given with"
                + " --env-file")
        #expect(
            missing("PUSHER_KEY", files: [".env": "\nNEXT_PUBLIC_PUSHER_KEY=x"])
                == "PUSHER_KEY is not set, and serve needs it; it takes letters, digits, '-', '_' and"
                + " '.'; NEXT_PUBLIC_PUSHER_KEY (from .env:2) is for browsers and is not read, so say"
                + " it again as PUSHER_KEY")
        #expect(
            missing("PASSERELLE_AUTH")
                == "PASSERELLE_AUTH is not set, and serve needs it; it takes endpoint, token, or both"
                + " with a comma; or none, which lets everybody who can connect read, on loopback and"
                + " Unix listeners only; set it in the environment or in a file given with --env-file"
        )
        #expect(
            missing("XDG_RUNTIME_DIR")
                == "PASSERELLE_IPC is not set, and serve needs it; it takes a path of at most 107"
                + " bytes; there is neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR to put it in")
    }

    @Test(arguments: ["0.0.0.0:8080", "[::]:80", "192.168.1.2:1", "example.org:80"])
    func `everybody is not let in from other hosts`(address: String) {
        #expect(
            message(["PASSERELLE_HTTP": "127.0.0.1:1," + address])
                == "PASSERELLE_HTTP: \"\(address)\" can be reached from other hosts, and"
                + " PASSERELLE_AUTH=none would let everybody there read every channel; it takes"
                + " loopback and Unix listeners only (from environment)")
    }

    @Test func `a pinned channel must be one that may be asked for`() {
        #expect(
            message(["PASSERELLE_PIN": "private-x"])
                == "PASSERELLE_PIN: \"private-x\" is not among PASSERELLE_CHANNELS, so that nobody"
                + " could read it (from environment)")
    }

    @Test(arguments: ["0.0.0.0:6001", "unix:/a", "6001"])
    func `the sandbox listens on loopback only`(address: String) {
        #expect(throws: ConfigurationError.self) { try load("sandbox", "--sandbox", address) }
    }

    @Test func `a socket's path is as long as the kernel takes`() throws {
        #expect(throws: Never.self) {
            try load("serve", "--ipc", String(repeating: "a", count: 107))
        }
        let error = #expect(throws: ConfigurationError.self) {
            try load("serve", "--ipc", String(repeating: "a", count: 108))
        }
        #expect(error?.message.contains("is longer than 107 bytes") == true)
    }

    @Test func `no message has a secret in it, or a second line`() {
        let secrets = ["s3cr\u{1}et-value", "s3cr\u{FFFD}et"]
        for secret in secrets {
            for name in ["PUSHER_SECRET", "PASSERELLE_TOKEN_KEY"] {
                let text = message([name: secret]) ?? ""
                #expect(!text.contains("s3cr") && !text.isEmpty)
            }
        }
        let text =
            message([
                "PASSERELLE_LOG": "a\nb\u{85}c\u{2028}d\u{202E}"
                    + String(repeating: "x", count: 500)
            ]) ?? ""
        #expect(text.hasPrefix("PASSERELLE_LOG: \"a\\nb\\u{85}c\\u{2028}d\\u{202e}xxx"))
        #expect(text.utf8.count < 250)
        #expect(ConfigurationError.exitCode == 78)
    }
}
