// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import Testing

struct ConfigurationErrorTests {
    /// The error message of `serve` with these variables in addition to `enough`.
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
            "\"ten\" is not a duration; expected a number with a unit such as 250ms, 30s, 10m or 1h, up to 7d"
        ),
        (
            "PASSERELLE_LINGER", "8d",
            "\"8d\" is not between 0 and 7d; expected a number with a unit such as 250ms, 30s, 10m or 1h, up to 7d"
        ),
        (
            "PASSERELLE_HEARTBEAT", "999ms",
            "\"999ms\" is not between 1s and 10m; expected a number with a unit such as 250ms, 30s, 10m or 1h, from 1s to 10m"
        ),
        (
            "PASSERELLE_HTTP", "8080",
            "\"8080\" has \"8080\", which is not an address: takes HOST:PORT or unix:PATH; expected HOST:PORT, [IPV6]:PORT or unix:PATH, separated by commas"
        ),
        (
            "PASSERELLE_HTTP", "a:1,a:1",
            "\"a:1,a:1\" has \"a:1\", which occurs twice; expected HOST:PORT, [IPV6]:PORT or unix:PATH, separated by commas"
        ),
        (
            "PASSERELLE_HTTP", "a b:1",
            "\"a b:1\" has \"a b:1\", which is not an address: the host is invalid; expected HOST:PORT, [IPV6]:PORT or unix:PATH, separated by commas"
        ),
        (
            "PASSERELLE_IPC", "/run/",
            "\"/run/\" is not the path of a socket; expected a path of at most 107 bytes"
        ),
        (
            "PASSERELLE_CHANNELS", "a,b c",
            "\"a,b c\" has \"b c\", which is not a channel pattern; expected channel names, separated by commas, in which one '*' matches any characters"
        ),
        (
            "PASSERELLE_CHANNELS", "a,",
            "\"a,\" has \"\", which is an empty part; expected channel names, separated by commas, in which one '*' matches any characters"
        ),
        (
            "PASSERELLE_PIN", "presence-bail-*",
            "\"presence-bail-*\" has \"presence-bail-*\", which is not a channel name; expected channel names, separated by commas"
        ),
        (
            "PASSERELLE_AUTH", "yes",
            "\"yes\" has \"yes\", which is not an authentication method; expected endpoint, token, or both separated by a comma; or none, which lets any client that can connect read every channel, on loopback and Unix listeners only"
        ),
        (
            "PASSERELLE_AUTH", "none,token",
            "\"none,token\" has \"none\", which cannot be combined with others; expected endpoint, token, or both separated by a comma; or none, which lets any client that can connect read every channel, on loopback and Unix listeners only"
        ),
        (
            "PASSERELLE_AUTH_ENDPOINT", "app.example/auth",
            "\"app.example/auth\" is not an http or https URL; expected an http or https URL"
        ),
        (
            "PASSERELLE_AUTH_HEADERS", "Cookie, Host",
            "\"Cookie, Host\" has \"Host\", which cannot be forwarded; expected names of header fields that do not concern the connection, separated by commas"
        ),
        (
            "PASSERELLE_AUTH_GRACE", "2d",
            "\"2d\" is not between 0 and 1d; expected a duration such as 90s or 5m, from 0 to 1d"
        ),
        (
            "PASSERELLE_ORIGINS", "https://a.example/x",
            "\"https://a.example/x\" has \"https://a.example/x\", which is not https://HOST or https://HOST:PORT; expected https://HOST or https://HOST:PORT, or the origin of an app such as capacitor://localhost, separated by commas"
        ),
        (
            "PASSERELLE_HOSTS", "a.example/",
            "\"a.example/\" has \"a.example/\", which is not a host; expected HOST or HOST:PORT, separated by commas"
        ),
        (
            "PASSERELLE_TRUSTED_PROXIES", "10.0.0.1/8",
            "\"10.0.0.1/8\" has \"10.0.0.1/8\", which is neither an address nor a network; expected addresses, networks such as 10.0.0.0/8, or unix for the Unix listeners, separated by commas"
        ),
        (
            "PASSERELLE_IPC_USERS", "0:write",
            "\"0:write\" has \"0:write\", which has a right other than read or publish; expected user names or ids, each with :read or :publish, separated by commas"
        ),
        (
            "PASSERELLE_IPC_USERS", "nobody-here:read",
            "\"nobody-here:read\" has \"nobody-here:read\", which is not a user of this host; expected user names or ids, each with :read or :publish, separated by commas"
        ),
        (
            "PASSERELLE_IPC_USERS", "0:read,0:publish",
            "\"0:read,0:publish\" has \"0:publish\", which occurs twice; expected user names or ids, each with :read or :publish, separated by commas"
        ),
        (
            "PASSERELLE_IPC_MODE", "0888",
            "\"0888\" is not a file mode; expected an octal number up to 0777"
        ),
        (
            "PASSERELLE_IPC_GROUP", "nogroup-here",
            "\"nogroup-here\" is not a group of this host; expected the name or id of a group"
        ),
        (
            "PASSERELLE_PRESENCE", "all",
            "\"all\" is not a presence mode; expected delegate, which makes authenticated readers members, or observe, which does not"
        ),
        (
            "PASSERELLE_HISTORY", "512",
            "\"512\" has \"512\", which is neither a number of events, nor a size, nor a duration; expected a number of events, a size and an age, separated by commas, such as 512 events, 1 MiB, 1h"
        ),
        (
            "PASSERELLE_MEMORY", "1023 KiB",
            "\"1023 KiB\" is not between 1 MiB and 1024 GiB; expected a size such as 256 MiB or 1G, from 1 MiB to 1024 GiB"
        ),
        (
            "PASSERELLE_LOG", "verbose",
            "\"verbose\" is not a log level; expected debug, info, warning or error"
        ),
        (
            "PASSERELLE_CA_FILE", "/none",
            "\"/none\" cannot be read (No such file or directory); expected the path of a readable file"
        ),
        (
            "PASSERELLE_MEMBER_ID", "a\u{1B}[2J",
            "\"a\\u{1b}[2J\" has a control character or bytes that are not UTF-8; expected at most 128 bytes of text"
        ),
        (
            "PUSHER_APP_ID", "a/b",
            "\"a/b\" is not a valid name; expected letters, digits, '-', '_' and '.'"
        ),
        (
            "PUSHER_CLUSTER", "eu.example",
            "\"eu.example\" is not the name of a cluster; expected the name of a cluster such as eu, mt1 or ap2"
        ),
        (
            "PUSHER_HOST", "https://x",
            "\"https://x\" is not a host; expected a host name or an IP address, without a port or scheme; see PUSHER_PORT and PUSHER_SCHEME"
        ),
        (
            "PUSHER_HOST", "x:443",
            "\"x:443\" is not a host; expected a host name or an IP address, without a port or scheme; see PUSHER_PORT and PUSHER_SCHEME"
        ),
        (
            "PUSHER_HOST", "a:443",
            "\"a:443\" is not a host; expected a host name or an IP address, without a port or scheme; see PUSHER_PORT and PUSHER_SCHEME"
        ),
        ("PUSHER_PORT", "0", "\"0\" is not a port; expected a number from 1 to 65535"),
        ("PUSHER_PORT", "65536", "\"65536\" is not a port; expected a number from 1 to 65535"),
        ("PUSHER_SCHEME", "wss", "\"wss\" is not a scheme; expected http or https"),
        (
            "PUSHER_ORIGIN", "app.example",
            "\"app.example\" is not an origin; expected an origin such as https://app.example.org"
        ),
        (
            "PUSHER_PATH", "/a b",
            "\"/a b\" is not a path; expected a path such as /reverb, with at most 256 letters, digits and -._~!$&'()*+,;=:@%/"
        ),
        (
            "PUSHER_PATH", "/a/../b",
            "\"/a/../b\" is not a path; expected a path such as /reverb, with at most 256 letters, digits and -._~!$&'()*+,;=:@%/"
        ),
        (
            "PUSHER_PATH", "/a?b",
            "\"/a?b\" is not a path; expected a path such as /reverb, with at most 256 letters, digits and -._~!$&'()*+,;=:@%/"
        ),
    ])
    func `an invalid value has a one-line message`(name: String, value: String, message: String) {
        #expect(self.message([name: value]) == "\(name): \(message) (from environment)")
    }

    @Test func `admin listeners must be local unless PASSERELLE_ADMIN_OPEN is set`() {
        #expect(
            message(["PASSERELLE_ADMIN": "127.0.0.1:1,0.0.0.0:2"])
                == "PASSERELLE_ADMIN: \"0.0.0.0:2\" can be reached from other hosts, and the"
                + " admin listener has no authentication; use a loopback or Unix listener, or set"
                + " PASSERELLE_ADMIN_OPEN=yes to allow it (from environment)")
        #expect(
            message(["PASSERELLE_ADMIN_OPEN": "maybe"])
                == "PASSERELLE_ADMIN_OPEN: \"maybe\" is not yes or no; expected yes or no, true or"
                + " false, on or off, 1 or 0 (from environment)")
        for value in ["2", "01", "y"] {
            #expect(
                message(["PASSERELLE_CONSOLE_CONTENT": value])
                    == "PASSERELLE_CONSOLE_CONTENT: \"\(value)\" is not yes or no; expected yes or"
                    + " no, true or false, on or off, 1 or 0 (from environment)")
        }
    }

    @Test func `an unknown variable is refused with a suggestion`() {
        #expect(
            message(["PASSERELLE_HTPT": "x"])
                == "PASSERELLE_HTPT: unknown variable; did you mean PASSERELLE_HTTP?"
                + " (from environment)")
        #expect(
            message(["PASSERELLE_SOMETHING_ELSE": "x"])
                == "PASSERELLE_SOMETHING_ELSE: unknown variable;"
                + " 'passerelle help variables' lists them (from environment)")
    }

    @Test func `the message about an invalid value names its origin`() {
        let files = [
            "conf/.env.local": "# x\nPASSERELLE_LINGER=ten\n", "typo": "\n\nPASSERELLE_LINGR=1m",
            "line": "PASSERELLE_LINGER=$PASSERELLE_LINGER",
            "/c/pusher-secret": "a\nb",
        ]
        func error(_ arguments: String..., environment: [String: String] = enough) -> String? {
            #expect(throws: ConfigurationError.self) {
                try Configuration.load(
                    try Invocation.parse(["serve"] + arguments), .only(environment, files: files))
            }?.message
        }
        let takes = "expected a number with a unit such as 250ms, 30s, 10m or 1h, up to 7d"
        #expect(
            error("--env-file", "conf/.env.local")
                == "PASSERELLE_LINGER: \"ten\" is not a duration; \(takes) (from conf/.env.local:2)"
        )
        #expect(
            error("--linger=x")
                == "PASSERELLE_LINGER: \"x\" is not a duration; \(takes) (from flag --linger)")
        #expect(
            error("--env-file=typo")
                == "PASSERELLE_LINGR: unknown variable; did you mean PASSERELLE_LINGER?"
                + " (from typo:3)")
        #expect(
            error("--env-file=line")
                == "PASSERELLE_LINGER refers to itself with '$', so that Next.js ignores the whole"
                + " file; write the value without the reference, or '\\$' for a literal dollar sign"
                + " (from line:1)")
        #expect(
            error("--env-file=none")
                == "--env-file \"none\" cannot be read: No such file or directory")
        var environment = enough
        environment["PUSHER_SECRET"] = nil
        environment["CREDENTIALS_DIRECTORY"] = "/c"
        #expect(
            error(environment: environment)
                == "PUSHER_SECRET: the value has a line feed in it;"
                + " expected the secret as shown in the dashboard (from credential pusher-secret)")
    }

    @Test func `an invalid line is ignored if it is overridden or sets another program's variable`()
        throws
    {
        let files = [
            "/a": "PASSERELLE_LINGER=$PASSERELLE_LINGER\nOTHER=$Y\nPUSHER_HOST",
            "/b": "PUSHER_HOST=b",
        ]
        let read = try load(
            "serve", "--env-file=/a", "--env-file=/b", "--linger=1m",
            in: .only(enough, files: files))
        #expect(read.linger == .seconds(60))
        #expect(read.upstream.restHost == "b")
    }

    @Test func `one message names all missing variables`() {
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
                + " not set, and serve requires them; set them in the environment or in a file given with"
                + " --env-file")
        #expect(
            missing("PUSHER_KEY", files: [".env": "\nNEXT_PUBLIC_PUSHER_KEY=x"])
                == "PUSHER_KEY is not set, and serve requires it; expected letters, digits, '-', '_' and"
                + " '.'; NEXT_PUBLIC_PUSHER_KEY (from .env:2) is for browsers and is not read, so set"
                + " PUSHER_KEY to the same value")
        #expect(
            missing("PASSERELLE_AUTH")
                == "PASSERELLE_AUTH is not set, and serve requires it; expected endpoint, token, or"
                + " both separated by a comma; or none, which lets any client that can connect read"
                + " every channel, on loopback and Unix listeners only; set it in the environment or in a"
                + " file given with --env-file")
        #expect(
            missing("XDG_RUNTIME_DIR")
                == "PASSERELLE_IPC is not set, and serve requires it; expected a path of at most 107"
                + " bytes; neither RUNTIME_DIRECTORY nor XDG_RUNTIME_DIR is set, so there is no"
                + " default")
    }

    @Test(arguments: ["0.0.0.0:8080", "[::]:80", "192.168.1.2:1", "example.org:80"])
    func `listeners without authentication must be local`(address: String) {
        #expect(
            message(["PASSERELLE_HTTP": "127.0.0.1:1," + address])
                == "PASSERELLE_HTTP: \"\(address)\" can be reached from other hosts, and with"
                + " PASSERELLE_AUTH=none any client there could read every channel; use loopback and"
                + " Unix listeners only, or set PASSERELLE_AUTH to endpoint or token"
                + " (from environment)")
    }

    @Test func `a pinned channel must match the channel patterns`() {
        #expect(
            message(["PASSERELLE_PIN": "private-x"])
                == "PASSERELLE_PIN: \"private-x\" does not match PASSERELLE_CHANNELS, so no reader"
                + " could subscribe to it (from environment)")
    }

    @Test(arguments: ["0.0.0.0:6001", "unix:/a", "6001"])
    func `the sandbox listens on loopback only`(address: String) {
        #expect(throws: ConfigurationError.self) { try load("sandbox", "--sandbox", address) }
    }

    @Test func `the path of a socket is limited by the kernel`() throws {
        #expect(throws: Never.self) {
            try load("serve", "--ipc", String(repeating: "a", count: 107))
        }
        let error = #expect(throws: ConfigurationError.self) {
            try load("serve", "--ipc", String(repeating: "a", count: 108))
        }
        #expect(error?.message.contains("is longer than 107 bytes") == true)
    }

    @Test func `a message contains no secret and no second line`() {
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
