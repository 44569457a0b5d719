// SPDX-License-Identifier: MIT
import PasserelleDaemon
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct TokenCommandTests {
    private let secret = "0123456789abcdef0123456789abcdef"

    /// What the command says and its exit code.
    private func run(
        _ arguments: [String], _ environment: [String: String] = [:],
        files: [String: String] = [:]
    ) throws -> (output: String, errors: String, code: Int32) {
        let invocation = try Invocation.parse(["token"] + arguments)
        let surroundings = Surroundings.only(environment, files: files)
        let configuration = try Configuration.load(invocation, surroundings)
        let command = TokenCommand(
            invocation, keys: configuration.accessSettings.tokenKeys, surroundings: surroundings)
        var (output, errors) = ("", "")
        let code = command.run(
            at: 1000,
            streams: ClientStreams(
                output: {
                    output += String(decoding: $0, as: UTF8.self)
                    return true
                }, complain: { errors += $0 }, input: { .success([]) }, watched: nil))
        return (output, errors, code)
    }

    @Test func `a token says what was asked for`() throws {
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
        let plain = try run(["c"], ["PASSERELLE_TOKEN_KEY": secret])
        let bare = try CompactToken(String(plain.output.dropLast())).claims()
        #expect(bare.subject == nil && !bare.mayPublish && bare.expires == 4600)
    }

    @Test(arguments: [TestKeys.Kind.rsa2048, .p256, .ed25519])
    func `a private key signs what its public key verifies`(kind: TestKeys.Kind) throws {
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
                == "PASSERELLE_TOKEN_KEY has a public key, which signs nothing; name the private"
                + " key's file: --key FILE")
    }

    @Test(arguments: [
        (["c"], 78, "PASSERELLE_TOKEN_KEY is not set, and token needs it, or --key FILE"),
        (["c", "--key", "/none"], 64, "--key cannot be read: No such file or directory"),
        (["c", "--key", "/empty"], 64, "the key's file holds no key in PEM form"),
        (["a*b*"], 64, "\"a*b*\" is no channel, nor a pattern"),
        (["c", "--for", "0"], 64, "--for takes a duration from 1s to 366d, such as 8h"),
        (["c", "--for", "400d"], 64, "--for takes a duration from 1s to 366d, such as 8h"),
        (["c", "--info", "[]"], 64, "--info takes a JSON object"),
        (["c", "--user", ""], 64, "--user takes an id without control characters"),
    ])
    func `what cannot be signed is told`(arguments: [String], code: Int32, words: String) throws {
        let needsKey = !words.contains("key") && !words.contains("KEY")
        let result = try run(
            arguments, needsKey ? ["PASSERELLE_TOKEN_KEY": secret] : [:], files: ["/empty": ""])
        #expect(result.code == code)
        #expect(result.errors.hasPrefix(words), "\(result.errors)")
        #expect(result.output == "")
    }
}
