// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import Testing

/// Findings and errors about environment files and copied values.
struct EnvironmentFilesTests {
    private func read(
        _ command: String, _ text: String, without name: String = "",
        _ more: [String: String] = [:]
    ) throws -> Configuration {
        var environment = enough.merging(more) { $1 }
        environment[name] = nil
        return try load(
            command, "--env-file=/e", in: .only(environment, files: ["/e": text]))
    }

    @Test(arguments: [
        ("PUSHER_SECRET=abc#prod", "reads 8 bytes, and Next.js reads 3"),
        ("PUSHER_SECRET=\"a\\\"b\"", "reads 3 bytes, and Next.js reads 4"),
        ("PUSHER_SECRET=\"abc\" # prod", "reads 9 bytes, and Next.js reads 3"),
        ("PUSHER_SECRET=abc$E", "reads 5 bytes, and Next.js reads 4"),
        ("export PUSHER_SECRET=abc", "does not set it"), ("PUSHER_SECRET: abc", "does not set it"),
        ("PUSHER_SECRET=abc\\", "reads 3 bytes, and Next.js reads 4"),
        ("PUSHER_SECRET=`abc`", "reads 5 bytes, and Next.js reads 3"),
        ("#\\\nPUSHER_SECRET=abc", "before version 254"),
        ("\u{FEFF}PUSHER_SECRET=abc", "does not set it"),
    ])
    func `check reports a line that systemd reads differently, without the secret`(
        text: String, words: String
    ) throws {
        let found = try read("check", text, without: "PUSHER_SECRET", ["E": "x"])
        #expect(found.notes.count == 1)
        let note = try #require(found.notes.first)
        #expect(note.text.contains(words) && note.text.contains("PUSHER_SECRET"), "\(note)")
        #expect(note.subject.hasPrefix("/e:") && !note.text.contains("abc"))
        #expect(try self.read("serve", text, without: "PUSHER_SECRET", ["E": "x"]).notes == [])
    }

    @Test func `both values are shown if they are not secret`() throws {
        let note = try #require(read("check", "PASSERELLE_LINGER=5m # note").notes.first)
        #expect(
            note.text == "PASSERELLE_LINGER: systemd reads \"5m # note\", and Next.js reads \"5m\"")
        #expect(note.remedy.contains("PASSERELLE_LINGER='VALUE'"))
    }

    @Test(arguments: ["PUSHER_SECRET=abc", "PUSHER_SECRET='a b'\n# c\nOTHER=x # y", "#", ""])
    func `there is no note if both read the same value`(text: String) throws {
        #expect(try read("check", text).notes == [])
    }

    @Test(arguments: [
        ("/e", false), ("/home/a/.env.local", false), ("/etc/passerelle/p.env", true),
    ])
    func `a difference is a warning only in a file in etc`(path: String, isWarning: Bool) throws {
        let files = [path: "PASSERELLE_LINGER=5m # note"]
        let notes = try load("check", "--env-file", path, in: .only(enough, files: files)).notes
        #expect(notes.map(\.isWarning) == [isWarning])
    }

    @Test func `a file that is not UTF-8 has one note for all its variables`() throws {
        var environment = ProcessEnvironment.only(enough)
        environment.readFile = { _ in
            .success(
                Array("# caf".utf8) + [0xE9, 0x0A] + Array("PUSHER_KEY=k\nPUSHER_SECRET=s\n".utf8))
        }
        let notes = try load("check", "--env-file=/e", in: environment).notes
        #expect(notes.count == 1 && notes[0].text.contains("not UTF-8"), "\(notes)")
        #expect(notes[0].subject == "/e")
    }

    @Test func `a self-reference of another program's variable is noted, and the rest is read`()
        throws
    {
        let found = try read("check", "PASSERELLE_LINGER=5m\nFOO=x$FOO\nBAR=y$BAR")
        #expect(found.linger == .seconds(300) && found.notes.count == 1)
        let note = try #require(found.notes.first)
        #expect(note.subject == "/e:2" && note.isWarning)
        #expect(note.text.hasPrefix("FOO refers to itself with '$', so that Next.js ignores the"))
    }

    @Test(arguments: [
        ("PUSHER_SECRET=abc\\", "PUSHER_SECRET"),
        ("PASSERELLE_MEMBER_ID=x\\", "PASSERELLE_MEMBER_ID"),
    ])
    func `a backslash at the end of a valid value is a warning`(text: String, name: String) throws {
        let file = try read("serve", text + "\nOTHER=x", without: name).warnings
        #expect(file.count == 1 && file[0].hasPrefix("\(name) ends in '\\', which is part of"))
        #expect(file[0].contains("put the value on one line (from /e:1)"))
    }

    @Test func `a reference is expanded, and one to an unset variable is a warning`() throws {
        let found = try read(
            "serve", "PUSHER_SECRET=${TOP}d\nTOP=abc\nPASSERELLE_MEMBER_ID=x$nothing",
            without: "PUSHER_SECRET")
        #expect(found.application.secret == Secret("abcd"))
        #expect(found.memberID == "x")
        #expect(found.warnings.count == 1 && found.warnings[0].contains("$nothing"))
        let secret = try self.read("serve", "PUSHER_SECRET=ab$cdef", without: "PUSHER_SECRET")
        #expect(secret.warnings.count == 1 && !secret.warnings[0].contains("cdef"))
    }

    @Test(arguments: [
        ("\"abc\"", "a quote at its beginning"), ("abc'", "a quote at its end"),
        (" abc", "a blank at its beginning"), ("abc ", "a blank at its end"),
        ("\u{201C}abc\u{201D}", "typographic quote"), ("abc\u{200B}", "U+200B) at its end"),
        ("\u{FEFF}abc", "U+FEFF) at its beginning"), ("a\u{A0}bc", "U+00A0) in it"),
        ("ab\u{2060}c", "U+2060) in it"), ("a b\"c", ""), ("abc", ""), ("é😀", ""),
    ])
    func `characters around a secret are a warning, without the secret`(
        value: String, words: String
    ) throws {
        let found = try load("check", in: .only(enough.merging(["PUSHER_SECRET": value]) { $1 }))
        #expect(found.warnings.count == (words.isEmpty ? 0 : 1), "\(found.warnings)")
        #expect(words.isEmpty || found.warnings[0].contains(words), "\(found.warnings)")
        #expect(!found.warnings.contains { $0.contains("abc") })
    }

    @Test(arguments: [
        ("\"abc\"", "a quote"), ("a\u{200B}", "U+200B"), ("abc\u{A0}", "U+00A0"),
    ])
    func `the error of a key names the characters around it`(value: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try load("serve", in: .only(enough.merging(["PUSHER_KEY": value]) { $1 }))
        }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `UTF-16 is recognized`() throws {
        let little: [UInt8] = Array("A=b\n".utf16).flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
        let big: [UInt8] = Array("A=b\n".utf16).flatMap { [UInt8($0 >> 8), UInt8($0 & 255)] }
        for bytes in [[0xFF, 0xFE] + little, [0xFE, 0xFF] + big, little, big] {
            var environment = ProcessEnvironment.only(enough)
            environment.readFile = { _ in .success(bytes) }
            let error = #expect(throws: ConfigurationError.self) {
                try load("serve", "--env-file=/e", in: environment)
            }
            #expect(error?.message.contains("UTF-16") == true)
        }
    }

    @Test(arguments: [
        ("PUSHER_KEY", "NEXT_PUBLIC_PUSHER_APP_KEY", true),
        ("PUSHER_KEY", "PUSHER_APP_KEY", false),
        ("PUSHER_KEY", "VITE_PUSHER_APP_KEY", true), ("PUSHER_SECRET", "PUSHER_APP_SECRET", false),
        ("PUSHER_CLUSTER", "PUSHER_APP_CLUSTER", false), ("PUSHER_KEY", "REVERB_APP_KEY", false),
        ("PUSHER_CLUSTER", "NEXT_PUBLIC_PUSHER_CLUSTER", true),
        ("PUSHER_CLUSTER", "REVERB_HOST", false),
    ])
    func `the hint names another program's variable for a missing one`(
        name: String, other: String, isForBrowsers: Bool
    ) {
        let error = #expect(throws: ConfigurationError.self) {
            try read("serve", "\n\(other)=x", without: name)
        }
        let own = other == "REVERB_HOST" ? "PUSHER_HOST" : name
        let words = isForBrowsers ? " is for browsers and is not read" : " is not read"
        #expect(
            error?.message.hasSuffix(
                "\(other) (from /e:2)\(words), so set \(own) to the same value")
                == true, "\(error?.message ?? "")")
    }

    @Test(arguments: [
        ("PUSHER_HOST", "api-eu.pusher.com", "PUSHER_CLUSTER=eu"),
        ("PUSHER_HOST", "ws-AP2.pusher.com", "PUSHER_CLUSTER=ap2"),
        ("PUSHER_HOST", "api.pusherapp.com", "PUSHER_CLUSTER=mt1"),
        ("PUSHER_HOST", "api-eu.pusher.com:443", "PUSHER_CLUSTER=eu"),
        ("PUSHER_HOST", "https://api-eu.pusher.com", "PUSHER_CLUSTER=eu"),
        ("PUSHER_HOST", "wss://ws-us2.pusher.com:443/app", "PUSHER_CLUSTER=us2"),
        ("PUSHER_HOST", "api-mt1.pusher.com.", "PUSHER_CLUSTER=mt1"),
        (
            "PASSERELLE_TOKEN_KEY",
            "-----BEGIN PUBLIC KEY-----\\nMIIB\\n-----END PUBLIC KEY-----", "PEM on one line"
        ),
        (
            "PASSERELLE_TOKEN_KEY", "-----BEGIN PUBLIC KEY----- MIIB -----END PUBLIC KEY-----",
            "PEM on one line"
        ),
        (
            "PASSERELLE_TOKEN_KEY",
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----", "is a certificate"
        ),
        ("PASSERELLE_CA_FILE", "/key", "is a private key and not a certificate"),
        ("PASSERELLE_CA_FILE", "/der", "is DER"),
    ])
    func `a likely mistake has a remedy`(name: String, value: String, words: String) {
        let files = [
            "/key": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
            "/der": "0\u{80}",
        ]
        var environment = ProcessEnvironment.only(
            enough.merging([name: value]) { $1 }, files: files)
        let readFile = environment.readFile
        environment.readFile = { $0 == "/der" ? .success([0x30, 0x82, 1, 2]) : readFile($0) }
        let error = #expect(throws: ConfigurationError.self) {
            try load("serve", in: environment)
        }
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func `a network in NO_PROXY is a warning`() throws {
        let found = try load(
            "serve",
            in: .only(
                enough.merging([
                    "NO_PROXY": "localhost,10.0.0.0/8", "HTTPS_PROXY": "http://proxy:3128",
                ]) { $1 }))
        #expect(found.warnings.count == 1 && found.warnings[0].contains("10.0.0.0/8"))
    }
}
