// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import PasserelleDownstream
import PasserelleNet
import PasserelleTesting
import Testing

struct AccessSettingsTests {
    private let enough = [
        "PUSHER_APP_ID": "1", "PUSHER_KEY": "k", "PUSHER_SECRET": "s", "PUSHER_CLUSTER": "eu",
        "XDG_RUNTIME_DIR": "/run/user/1000",
    ]
    private let secret = "0123456789abcdef0123456789abcdef"

    private func load(
        _ variables: [String: String], files: [String: String] = [:]
    ) throws -> Configuration {
        try Configuration.load(
            try Invocation.parse(["serve"]),
            .only(enough.merging(variables) { $1 }, files: files))
    }

    private func message(
        _ variables: [String: String], files: [String: String] = [:]
    ) -> String? {
        #expect(throws: ConfigurationError.self) { try load(variables, files: files) }?.message
    }

    @Test func `endpoint, token or both are allowed on any listener`() throws {
        let endpoint = "https://app.example/pusher/auth"
        let token = try load([
            "PASSERELLE_AUTH": "token", "PASSERELLE_TOKEN_KEY": secret,
            "PASSERELLE_HTTP": "0.0.0.0:80",
        ])
        #expect(token.access == .checked(byEndpoint: false, byToken: true))
        #expect(token.accessSettings.tokenKeys == [.secret(Secret(secret))])
        #expect(token.accessSettings.grace == .seconds(300))
        let both = try load([
            "PASSERELLE_AUTH": "endpoint, token", "PASSERELLE_AUTH_ENDPOINT": endpoint,
            "PASSERELLE_TOKEN_KEY": "\(secret), \(secret)2", "PASSERELLE_AUTH_GRACE": "0",
            "PASSERELLE_AUTH_HEADERS": "Cookie, X-XSRF-TOKEN",
        ])
        #expect(both.access == .checked(byEndpoint: true, byToken: true))
        #expect(both.accessSettings.tokenKeys.count == 2)
        #expect(both.accessSettings.grace == .zero)
        #expect(both.accessSettings.endpointFields == ["Cookie", "X-XSRF-TOKEN"])
        let address = try #require(both.accessSettings.endpoint)
        #expect("\(address)" == "https://app.example:443/pusher/auth")
        #expect(both.warnings == [])
        let plain = try load([
            "PASSERELLE_AUTH": "endpoint", "PASSERELLE_AUTH_ENDPOINT": "http://app.example/a",
        ])
        #expect(
            plain.warnings
                == ["PASSERELLE_AUTH_ENDPOINT is http: readers' cookies are sent unencrypted"])
    }

    @Test func `the application's origin defaults to that of the endpoint`() throws {
        let variables = [
            "PASSERELLE_AUTH": "endpoint", "PASSERELLE_AUTH_ENDPOINT": "http://127.0.0.1:3000/auth",
        ]
        let derived = try load(variables)
        #expect(derived.accessSettings.origin == nil)
        #expect(derived.limits.addressAuthQueue == 256)
        let set = try load(
            variables.merging([
                "PASSERELLE_AUTH_ORIGIN": "https://App.example:443",
                "PASSERELLE_MAX_AUTH_QUEUE_PER_ADDRESS": "9",
            ]) { $1 })
        #expect(set.accessSettings.origin == "https://app.example")
        #expect(set.limits.addressAuthQueue == 9)
        for wrong in ["app.example", "https://app.example/auth", "*"] {
            let words = message(variables.merging(["PASSERELLE_AUTH_ORIGIN": wrong]) { $1 })
            #expect(words?.contains("PASSERELLE_AUTH_ORIGIN") == true, "\(wrong)")
        }
    }

    @Test func `an audience is text and not a list`() throws {
        let given = try load(["PASSERELLE_AUTH": "none", "PASSERELLE_TOKEN_AUDIENCE": "a, b"])
        #expect(given.accessSettings.tokenAudience == "a, b")
        #expect(try load(["PASSERELLE_AUTH": "none"]).accessSettings.tokenAudience == nil)
        for (count, isGood) in [(1023, true), (1024, true), (1025, false)] {
            let text = String(repeating: "a", count: count)
            let variables = ["PASSERELLE_AUTH": "none", "PASSERELLE_TOKEN_AUDIENCE": text]
            if isGood {
                #expect(try load(variables).accessSettings.tokenAudience == text)
            } else {
                #expect(message(variables)?.contains("is longer than 1024 bytes") == true)
            }
        }
    }

    @Test func `hosts, origins, proxies and the socket's users are read`() throws {
        let variables = [
            "PASSERELLE_AUTH": "none", "PASSERELLE_HOSTS": "App.Example, api.example:82",
            "PASSERELLE_ORIGINS": "https://App.Example:443, http://localhost:3000",
            "PASSERELLE_TRUSTED_PROXIES": "10.0.0.0/8, ::1, unix",
            "PASSERELLE_IPC_USERS": "app:publish,monitor:read,7", "PASSERELLE_IPC_MODE": "0600",
            "PASSERELLE_IPC_GROUP": "12",
        ]
        let read = try Configuration.load(
            try Invocation.parse(["serve"]),
            .only(enough.merging(variables) { $1 }, users: ["app": 5, "monitor": 6]))
        #expect(read.hosts == ["app.example", "api.example:82"])
        #expect(read.origins == ["https://app.example", "http://localhost:3000"])
        #expect(read.proxies.ranges.count == 2 && read.proxies.trustsUnix)
        #expect(read.ipcRights == [5: .publish, 6: .read, 7: .read])
        #expect(read.ipcMode == 0o600 && read.ipcGroup == 12)
        let plain = try load(["PASSERELLE_AUTH": "none"])
        #expect(plain.ipcRights == nil && plain.ipcMode == 0o660 && plain.ipcGroup == nil)
        #expect(plain.hosts.isEmpty && plain.proxies.isEmpty)
    }

    @Test func `the variables of an authentication method are required`() {
        #expect(
            message(["PASSERELLE_AUTH": "endpoint"])
                == "PASSERELLE_AUTH_ENDPOINT is not set, and serve requires it; expected an http or"
                + " https URL; set it in the environment or in a file given with --env-file")
        #expect(
            message(["PASSERELLE_AUTH": "token"])?.hasPrefix(
                "PASSERELLE_TOKEN_KEY is not set, and serve requires it; expected a secret of at"
                    + " least 32 bytes") == true)
    }

    /// Values that are not keys, each with the reason; `body` is the Base64 text of a key.
    private func unusableKeys(body: String) -> [(value: String, words: String)] {
        [
            ("short-secret", "has 12 bytes, and a secret needs at least 32"),
            ("\(secret),short-secret", "has 12 bytes, and a secret needs at least 32"),
            ("/none.pem", "cannot be read (No such file or directory)"),
            ("/p.pem", "holds a private key; give the public key, which verifies"),
            (
                "/s.pem",
                "holds a key that is neither RSA of 2048 bits or more, nor P-256, nor Ed25519"
            ),
            ("\(secret),\(secret),\(secret)", "is not one key or two"),
            (body, "is the text of a key; give the path of its file"),
            ("\(secret),\(body)", "is the text of a key; give the path of its file"),
            (body + "\n" + body, "is the text of a key; give the path of its file"),
            (
                #"{"kty":"RSA","alg":"RS256","n":"ofgWCuLjybRlzo0tZWJj","e":"AQAB"}"#,
                "is the text of a key; give the path of its file"
            ),
            (
                "https://app.example/.well-known/jwks.json",
                "is a URL, and keys are not fetched; give the path of a PEM file"
            ),
            (
                "keys/production/token_verification",
                "looks like the path of a file; begin it with / or ./"
            ),
            ("beside-us", "looks like the path of a file; begin it with / or ./"),
        ]
    }

    @Test func `an unusable key is refused and not shown`() throws {
        let takes =
            "; expected a secret of at least 32 bytes without a comma, the path of a public key in"
            + " PEM, beginning with / or ./, or the PEM text itself; or two of these separated by a"
            + " comma, during a key rotation (from environment)"
        let keys = try TestKeys()
        let pair = try keys.pair(.p256)
        let small = try keys.pair(.rsa1024)
        func text(_ path: String) throws -> String {
            String(decoding: try TestKeys.bytes(path), as: UTF8.self)
        }
        let files = [
            "/p.pem": try text(pair.private), "/o.pem": try text(pair.public),
            "/s.pem": try text(small.public), "/x.pem": "x", "beside-us": "x",
        ]
        let body = try text(pair.public).split(separator: "\n").dropFirst().dropLast().joined()
        for (value, words) in unusableKeys(body: body) {
            #expect(
                message(["PASSERELLE_TOKEN_KEY": value, "PASSERELLE_AUTH": "token"], files: files)
                    == "PASSERELLE_TOKEN_KEY: the value \(words)\(takes)")
        }
        let read = try load(
            ["PASSERELLE_TOKEN_KEY": "/o.pem", "PASSERELLE_AUTH": "token"], files: files)
        #expect(try read.accessSettings.tokenKeys.first?.key.algorithm == .es256)
    }

    @Test func `a credential or a variable can contain the PEM text of a key`() throws {
        let keys = try TestKeys()
        let (first, second) = (try keys.pair(.p256), try keys.pair(.ed25519))
        func text(_ path: String) throws -> String {
            String(decoding: try TestKeys.bytes(path), as: UTF8.self)
        }
        let (one, other) = (try text(first.public), try text(second.public))
        let credentials = ["PASSERELLE_AUTH": "token", "CREDENTIALS_DIRECTORY": "/run/c"]
        let single = try load(credentials, files: ["/run/c/token-key": one])
        #expect(try single.accessSettings.tokenKeys.map { try $0.key.algorithm } == [.es256])
        let both = try load(credentials, files: ["/run/c/token-key": "\(one),\n\(other)"])
        #expect(try both.accessSettings.tokenKeys.map { try $0.key.algorithm } == [.es256, .eddsa])
        let inline = try load(["PASSERELLE_AUTH": "token", "PASSERELLE_TOKEN_KEY": one])
        #expect(try inline.accessSettings.tokenKeys.map { try $0.key.algorithm } == [.es256])
        let broken = message(credentials, files: ["/run/c/token-key": "\(secret)\n\(secret)"])
        #expect(
            broken?.hasPrefix("PASSERELLE_TOKEN_KEY: the value has a line feed in it; ") == true)
        let closed = message(credentials, files: ["/run/c/token-key": try text(first.private)])
        #expect(
            closed?.contains("holds a private key; give the public key, which verifies") == true)
    }
}
