// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import Testing

/// Messages show the values of variables that are not secret, but never a secret that a mistake in
/// a file put into them.
struct ShownValuesTests {
    private static let secret = "TOPSECRETVALUE99"

    /// All messages of `check` and `serve` about a file.
    private func printed(_ text: String, without name: String = "PUSHER_SECRET") -> [String] {
        var environment = enough
        environment[name] = nil
        let process = ProcessEnvironment.only(environment, files: ["/e": text])
        var lines: [String] = []
        for command in ["check", "serve"] {
            do {
                lines += try load(command, "--env-file=/e", in: process).warnings
            } catch {
                lines.append((error as? ConfigurationError)?.message ?? "\(error)")
            }
        }
        let notes = (try? EnvironmentFiles(["/e"], process).notes) ?? []
        return lines + notes.flatMap { [$0.subject, $0.text, $0.remedy] }
    }

    @Test(arguments: [
        "PASSERELLE_MEMBER_ID=gate\\\nPUSHER_SECRET=S",
        "PASSERELLE_MEMBER_ID=\"gate\nPUSHER_SECRET=S",
        "PASSERELLE_MEMBER_ID='gate\nPUSHER_SECRET=S", "PASSERELLE_MEMBER_ID=it's\nPUSHER_SECRET=S",
        "PASSERELLE_MEMBER_ID=\"gate\nPUSHER_SECRET=S\"",
        "PUSHER_SECRET=S\nPASSERELLE_MEMBER_ID=x/$PUSHER_SECRET/",
        "PUSHER_SECRET=S\nPASSERELLE_AUTH_ENDPOINT=https://h/?k=$PUSHER_SECRET",
        "PUSHER_SECRET=S\nPASSERELLE_LINGER=${PUSHER_SECRET}",
        "PUSHER_SECRET=S\nPASSERELLE_ORIGINS=https://a,$PUSHER_SECRET",
        "PUSHER_SECRET=S\nPASSERELLE_CHANNELS=a-*\nPASSERELLE_PIN=$PUSHER_SECRET",
        "PASSERELLE_TOKEN_KEYS", "PASSERELLE_TOKEN_KEYS==",
        "PASSERELLE_MEMBER_ID=gate PUSHER_SECRET=S",
        "PASSERELLE_LINGER=5m PUSHER_SECRET = S # x",
        "PASSERELLE_LINGER=5m\\\nDATABASE_PASSWORD=S",
        "PASSERELLE_MEMBER_ID=$PUSHER_SECRET\nPUSHER_SECRET=ab$S",
    ])
    func `no secret is shown as another variable's value`(text: String) {
        let text = text.replacing("S\"", with: Self.secret + "\"")
            .replacing("=S", with: "=" + Self.secret).replacing(" S ", with: " \(Self.secret) ")
            .replacing("KEYS", with: "KEY" + Self.secret).replacing("$S", with: "$" + Self.secret)
        #expect(text.contains(Self.secret))
        for line in printed(text) { #expect(!line.contains(Self.secret.prefix(8)), "\(line)") }
    }

    @Test func `a variable's name is shown only up to the name of a secret variable`() {
        let lines = printed("PUSHER_SECRET=s\nPASSERELLE_TOKEN_KEYabcdef")
        #expect(lines.count == 2)
        #expect(lines.allSatisfy { $0.hasPrefix("PASSERELLE_TOKEN_KEY…: unknown variable") })
        #expect(
            printed("PUSHER_SECRET=s\nPASSERELLE_TOKEN_KEYS=x")[0].hasPrefix(
                "PASSERELLE_TOKEN_KEYS: unknown variable"))
    }

    @Test func `a value that systemd joined from several lines is not shown`() {
        let value = "gate\nPUSHER_SECRET=\(Self.secret)"
        let error = #expect(throws: ConfigurationError.self) {
            try load("serve", in: .only(enough.merging(["PASSERELLE_LINGER": value]) { $1 }))
        }
        #expect(
            error?.message.hasPrefix("PASSERELLE_LINGER: the value has a line feed in it") == true)
        #expect(error?.message.contains("TOPSECRET") == false)
    }

    @Test func `a value without references is shown`() {
        let lines = printed("PASSERELLE_LINGER=\"ten\"", without: "")
        #expect(lines.count == 2 && lines.allSatisfy { $0.contains("\"ten\" is not") })
    }

    @Test(arguments: [
        ("a\tb", "a tab in it"), ("ab\n", "a line feed at its end"),
        ("ab\r\n", "a carriage return at its end"), ("\nab", "a line feed at its beginning"),
        ("ab\u{85}", "a control character (U+0085) at its end"),
        ("a\u{FFFD}b", "bytes that are not UTF-8 in it"),
    ])
    func `a control character in a secret is named with its place`(value: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try load("serve", in: .only(enough.merging(["PUSHER_SECRET": value]) { $1 }))
        }
        #expect(
            error?.message.hasPrefix("PUSHER_SECRET: the value has \(words); expected ") == true,
            "\(error?.message ?? "")")
    }
}
