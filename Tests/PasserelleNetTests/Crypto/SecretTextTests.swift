// SPDX-License-Identifier: MIT
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleNet

struct SecretTextTests {
    private func kind(_ text: String) -> SecretText.Kind? { SecretText.kind(of: Array(text.utf8)) }

    /// The lines of a PEM file between its first and its last.
    private func body(_ pem: String) -> [String] {
        pem.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("-----") }
    }

    /// All forms in which a key's text occurs in environment files.
    private func forms(of pem: String) throws -> [String] {
        let lines = body(pem)
        let base64 = lines.joined()
        let der = try #require(Base64.decode(base64))
        let hex = Hex.encode(der)
        let colons = stride(from: 0, to: hex.utf8.count, by: 2).map {
            String(hex.dropFirst($0).prefix(2))
        }
        return [
            pem, pem.replacing("\n", with: "\\n"), pem.replacing("\n", with: " "),
            base64, lines.joined(separator: "\n"), lines.joined(separator: "\\n"),
            lines.joined(separator: " "), "\"\(base64)\"",
            String(base64.prefix { $0 != "=" }), Base64.encodeURL(der), hex, hex.uppercased(),
            colons.joined(separator: ":"), Base64.encode(Array(pem.utf8)),
            Base64.encodeURL(Array(pem.utf8)),
        ]
    }

    @Test(arguments: TestKeys.Kind.allCases)
    func `a key is recognised in each of its forms, public or private`(kind: TestKeys.Kind) throws {
        let keys = try TestKeys()
        let pair = try keys.pair(kind)
        for path in [pair.public, pair.private] {
            let pem = String(decoding: try TestKeys.bytes(path), as: UTF8.self)
            for form in try forms(of: pem) {
                #expect(self.kind(form) == .key, "\(kind): \(form.prefix(40))")
                #expect(throws: SignatureKeyError.keyTextAsSecret) {
                    try SignatureKey(secret: Array(form.utf8))
                }
            }
        }
    }

    /// A key's text with other characters around it, or encoded once more.
    private func disguises(of pem: String) throws -> [String] {
        let lines = body(pem)
        let base64 = lines.joined()
        let der = try #require(Base64.decode(base64))
        let hex = Hex.encode(der)
        let pairs = stride(from: 0, to: hex.utf8.count, by: 2).map {
            String(hex.dropFirst($0).prefix(2))
        }
        let escaped = base64.replacing("+", with: "%2B").replacing("/", with: "%2F")
            .replacing("=", with: "%3D")
        return [
            "base64:\(base64)", "key=\(base64)", "[\(base64)]", "\(base64);", "\(base64)|",
            "\(base64) user@host", "public \(base64)", "0x\(hex)",
            pairs.map { "\\x\($0)" }.joined(),
            pairs.joined(separator: "-"), pairs.map { "0x\($0)" }.joined(separator: ", "),
            pairs.joined(separator: " "), "[\(der.map(String.init).joined(separator: ","))]",
            escaped, escaped.replacing("%", with: "%25"), Base64.encode(Array(base64.utf8)),
            Base64.encode(Array(Base64.encode(Array(base64.utf8)).utf8)),
            Base64.encode(Array(hex.utf8)), lines.joined(separator: "\u{a0}"),
            lines.joined(separator: "\u{200b}\n"), lines.joined(separator: "\\\\n"),
            lines.joined(separator: "\\\n"), lines.joined(separator: "\\"),
            pem.split(separator: "\n").dropFirst().joined(separator: "\n"),
            lines.joined(separator: ","),
        ]
    }

    @Test(arguments: TestKeys.Kind.allCases)
    func `a key is recognised among other characters, and if encoded again`(
        kind: TestKeys.Kind
    ) throws {
        let keys = try TestKeys()
        let pair = try keys.pair(kind)
        for path in [pair.public, pair.private] {
            let pem = String(decoding: try TestKeys.bytes(path), as: UTF8.self)
            for text in try disguises(of: pem) {
                #expect(self.kind(text) == .key, "\(kind): \(text.prefix(60))")
            }
        }
    }

    @Test func `the last lines of an RSA key are recognised`() throws {
        let keys = try TestKeys()
        let pem = try TestKeys.bytes(keys.pair(.rsa2048).public)
        let lines = body(String(decoding: pem, as: UTF8.self))
        #expect(kind(lines.dropFirst().joined()) == .key)
    }

    @Test(arguments: [32, 33, 48, 64, 256])
    func `a random secret with a prefix or a suffix is accepted`(count: Int) throws {
        var random = SeededRandom(seed: UInt64(1000 + count))
        for _ in 0..<20 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let (hex, base64) = (Hex.encode(bytes), Base64.encodeURL(bytes))
            for text in [
                "base64:\(base64)", "0x\(hex)", "key=\(hex);", "\(hex)\\n", "\(base64)\n",
            ] {
                #expect(kind(text) == nil, "\(text)")
            }
        }
    }

    @Test func `the first line of a key's text is recognised`() throws {
        let keys = try TestKeys()
        for kind in [TestKeys.Kind.rsa2048, .p256, .p384] {
            let pem = try TestKeys.bytes(keys.pair(kind).public)
            let first = try #require(body(String(decoding: pem, as: UTF8.self)).first)
            #expect(self.kind(first) == .key, "\(kind)")
        }
    }

    @Test(arguments: [
        "MIIBCgKCAQEAofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd/wWJcyQoTbji9k0l8W26mPddxHmfHQp",
        "MIIDazCCAlOgAwIBAgIUYQ8kZ1Xz1v0m3pYw0sJ8mZ0m7u4wDQYJKoZIhvcNAQELBQAwRTELMAkGA1UE",
        #"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0i"}"#,
        #"{"keys":[{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd","e":"AQAB"}]}"#,
        "eyJrdHkiOiJFQyIsImNydiI6IlAtMjU2IiwieCI6ImY4M09KM0QyeEYxQmc4dnViOXRMZTFnSE16Vjc2ZTgifQ",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl a@b",
        "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 a@b",
        "BH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRFx_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    ])
    func `other forms of keys are recognised`(text: String) {
        #expect(kind(text) == .key)
    }

    @Test(
        arguments: [
            ("https://app.example/.well-known/jwks.json", .url), ("HTTPS://app.example/a", .url),
            ("redis+tls://cache.internal:6379/token-key-of-the-app", .url),
            ("data:application/x-pem-file;base64,TUlJQklqQU5CZ2txaGtpRzl3MEJB", .url),
            ("file:/run/secrets/token-key-of-the-application", .url),
            ("config/keys/production/jwt_public", .path), ("secrets/token/key/production/", .path),
            ("~/keys/production/token-verification-key", .path),
            ("$CREDENTIALS_DIRECTORY/token-key-of-production", .path),
            ("${CREDENTIALS_DIRECTORY}/token-key-of-production", .path),
            ("%d/token-key-of-the-production-application", .path),
            ("C:\\keys\\production\\token-verification-key", .path),
            ("keys\\production\\new\\x.PEM.bak", .path), ("\\\\host\\share\\keys\\public", .path),
            ("login.example:443/common/keys/of/production", .url),
            ("https%3A%2F%2Flogin.example%2Fcommon%2Fkeys", .url),
            ("token-verification-key-of-production.pem", .path),
            ("/run/credentials/passerelle.service/token-key", .path),
            (
                "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVPmB92K27uhbUJU1p1rwW1gFWFOEjXk",
                .token
            ),
        ] as [(String, SecretText.Kind)])
    func `a URL, a path and a token are not secrets`(text: String, kind: SecretText.Kind) {
        #expect(self.kind(text) == kind)
        #expect(throws: SignatureKeyError.notSecret(kind)) {
            try SignatureKey(secret: Array(text.utf8))
        }
        #expect(!SignatureKeyError.notSecret(kind).words.isEmpty)
    }

    @Test(arguments: [32, 33, 47, 48, 64, 65, 256])
    func `random bytes in hexadecimal or Base64 are a secret`(count: Int) throws {
        var random = SeededRandom(seed: UInt64(count))
        for _ in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            for text in [Hex.encode(bytes), Base64.encodeURL(bytes)] {
                #expect(kind(text) == nil, "\(text)")
            }
            // A text that begins with a slash is a path, as in the variable.
            let base64 = Base64.encode(bytes)
            if !base64.hasPrefix("/") { #expect(kind(base64) == nil, "\(base64)") }
        }
    }

    @Test(arguments: [
        "correct horse battery staple, and some more of it", "$2b$10$N9qo8uLOickgx2ZMRZoMye/IjZAg",
        "p4ss/w0rd+with=symbols&in(it)!?and:more:of:them", "0123456789abcdef0123456789abcdef",
        "{not json but a secret that begins with a brace}", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q",
        "MIIthe beginning of a secret that only looks alike",
    ])
    func `a passphrase is a secret`(text: String) {
        #expect(kind(text) == nil)
    }
}
