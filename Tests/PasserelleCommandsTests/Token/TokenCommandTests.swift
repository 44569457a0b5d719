// SPDX-License-Identifier: MIT
@testable import PasserelleCommands
@testable import PasserelleConfiguration
import PasserelleDaemon
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct TokenCommandTests {
    private let secret = "0123456789abcdef0123456789abcdef"

    /// The command's output, errors and exit code.
    private func run(
        _ arguments: [String], _ environment: [String: String] = [:],
        files: [String: String] = [:]
    ) throws -> (output: String, errors: String, code: Int32) {
        let invocation = try Invocation.parse(["token"] + arguments)
        let environment = ProcessEnvironment(
            environment: environment,
            readFile: { path in
                files[path].map { .success(Array($0.utf8)) } ?? .failure(.refused(2))
            },
            exists: { files[$0] != nil }, userID: { _ in nil }, ownUserID: 1_000)
        let configuration = try Configuration.load(invocation, environment)
        let command = TokenCommand(
            invocation, settings: configuration.accessSettings, environment: environment)
        var (output, errors) = ("", "")
        let code = command.run(
            at: 1_000_250,
            streams: ClientStreams(
                output: {
                    output += String(decoding: $0, as: UTF8.self)
                    return true
                }, report: { errors += $0 }, input: { .success([]) }, watched: nil))
        return (output, errors, code)
    }

    @Test func `a token has the requested claims`() throws {
        let result = try run(
            [
                "presence-bail-42", "presence-x-*", "--user", "usr_7", "--info", #"{"name": "A"}"#,
                "--for", "8h", "--publish",
            ], ["PASSERELLE_TOKEN_KEY": secret])
        #expect(result.code == 0 && result.errors == "" && result.output.hasSuffix("\n"))
        let token = try CompactToken(String(result.output.dropLast()))
        #expect(token.algorithm == "HS256")
        let key = try SignatureKey(secret: Array(secret.utf8))
        #expect(key.verifies(token.signature, of: token.signed))
        let claims = try token.claims()
        #expect(claims.subject == "usr_7" && claims.mayPublish)
        #expect(claims.expires == 1000 + 8 * 3600)
        #expect(claims.channels.map(\.text) == ["presence-bail-42", "presence-x-*"])
        #expect(claims.issued == 1_000_250 && claims.audiences == [])
        let plain = try run(["c"], ["PASSERELLE_TOKEN_KEY": secret])
        let bare = try CompactToken(String(plain.output.dropLast())).claims()
        #expect(bare.subject == nil && !bare.mayPublish && bare.expires == 4600)
    }

    @Test func `a token has the gateway's audience unless another is requested`() throws {
        for (arguments, environment, expected) in [
            ([], ["PASSERELLE_TOKEN_AUDIENCE": "https://chat.example"], "https://chat.example"),
            (["--audience", "a,b"], ["PASSERELLE_TOKEN_AUDIENCE": "x"], "a,b"),
            (["--token-audience", "y"], ["PASSERELLE_TOKEN_AUDIENCE": "x"], "y"),
        ] as [([String], [String: String], String)] {
            let result = try run(
                ["c"] + arguments, environment.merging(["PASSERELLE_TOKEN_KEY": secret]) { $1 })
            let claims = try CompactToken(String(result.output.dropLast())).claims()
            #expect(claims.audiences == [expected])
        }
        let bad = try run(["c", "--audience", ""], ["PASSERELLE_TOKEN_KEY": secret])
        #expect(bad.code == 64)
        #expect(bad.errors == "--audience takes text without control characters")
    }

    @Test(arguments: [TestKeys.Kind.rsa2048, .p256, .ed25519])
    func `the public key verifies the signature of its private key`(kind: TestKeys.Kind) throws {
        let keys = try TestKeys()
        let pair = try keys.pair(kind)
        let files = [
            "/private.pem": String(decoding: try TestKeys.bytes(pair.private), as: UTF8.self),
            "/public.pem": String(decoding: try TestKeys.bytes(pair.public), as: UTF8.self),
        ]
        let result = try run(["c", "--key", "/private.pem"], files: files)
        #expect(result.code == 0)
        let token = try CompactToken(String(result.output.dropLast()))
        let key = try SignatureKey(publicPEM: Array((files["/public.pem"] ?? "").utf8))
        #expect(token.algorithm == key.algorithm.rawValue)
        #expect(key.verifies(token.signature, of: token.signed))
        let cannot = try run(
            ["c"], ["PASSERELLE_TOKEN_KEY": "/public.pem"], files: files)
        #expect(cannot.code == 78)
        #expect(
            cannot.errors
                == "PASSERELLE_TOKEN_KEY is a public key, which cannot sign; set the private"
                + " key's file with --key FILE")
    }

    @Test(arguments: [
        (["c"], 78, "PASSERELLE_TOKEN_KEY is not set; set it, or use --key FILE"),
        (["c", "--key", "/none"], 64, "--key cannot be read: No such file or directory"),
        (["c", "--key", "/empty"], 64, "the key's file holds no key in PEM form"),
        (["a*b*"], 64, "\"a*b*\" is not a channel or a pattern"),
        (["c", "--for", "0"], 64, "--for takes a duration from 1s to 366d, such as 8h"),
        (["c", "--for", "400d"], 64, "--for takes a duration from 1s to 366d, such as 8h"),
        (["c", "--info", "[]"], 64, "--info takes a JSON object"),
        (["c", "--user", ""], 64, "--user takes an id without control characters"),
    ])
    func `an invalid request is an error`(arguments: [String], code: Int32, words: String) throws {
        let needsKey = !words.contains("key") && !words.contains("KEY")
        let result = try run(
            arguments, needsKey ? ["PASSERELLE_TOKEN_KEY": secret] : [:], files: ["/empty": ""])
        #expect(result.code == code)
        #expect(result.errors.hasPrefix(words), "\(result.errors)")
        #expect(result.output == "")
    }
}
