// SPDX-License-Identifier: MIT
@testable import PasserelleConfiguration
import PasserelleTesting
import Testing

struct EnvironmentFileTests {
    @Test(arguments: [
        ("A=b", "b"), ("A = b ", "b"), ("  A=b", "b"), ("export A=b", "b"), ("export\tA=b", "b"),
        ("A=", ""), ("A=  ", ""), ("A=b c", "b c"), ("A=b # c", "b"), ("A=b\t#c", "b"),
        ("A=abc#prod", "abc"), ("A=#c", ""), ("A= # c", ""), ("A=it's", "it's"), ("A=b=c", "b=c"),
        ("A: b", "b"), ("A:\tb # c", "b"), ("A=b: c", "b: c"), ("A==b", "=b"),
        (#"A="b""#, "b"), (#"A="b # c""#, "b # c"), (#"A="b" # c"#, "b"), ("A=\"b\"#c", "b"),
        (#"A="""#, ""), ("A=''", ""), ("A=' b '", " b "), (#"A='b\n"c'"#, #"b\n"c"#),
        ("A=`b'\"c`", "b'\"c"), (#"A="b\nc""#, "b\nc"), (#"A="b\r\tc""#, "b\r\\tc"),
        (#"A="a\"b""#, #"a\"b"#), (#"A='a\'b'"#, #"a\'b"#), (#"A="a\\nb""#, "a\\\nb"),
        (#"A="b\xc""#, #"b\xc"#), (#"A=b\nc"#, #"b\nc"#), (#"A="b\""#, #"b\"#),
        (#"A="b"c"#, #""b"c"#), (#"A="b" 'c'"#, #""b" 'c'"#), (#"A="b" c "d""#, #"b" c "d"#),
        (#"A="b"#, #""b"#), ("A='b", "'b"), ("A=`b", "`b"), (#"A=""#, #"""#), ("A=b'c'", "b'c'"),
        (#"A=b\"#, #"b\"#), (#"A="b\n"#, "\"b\n"), (#"A='it''s'"#, "it''s"),
        ("A='$b ${c}'", "$b ${c}"), ("A=5$", "5$"), ("A=é", "é"),
        ("A=\u{A0}b\u{3000}", "b"), ("\u{FEFF}A\u{2003}=\u{202F}b", "b"), ("A=\u{B}b\u{C}", "b"),
        ("A=b\u{200B}", "b\u{200B}"), ("A=b\u{85}", "b\u{85}"), ("A=b\u{0}c", "b\u{0}c"),
    ])
    func `a line has the same value as in Next-js`(line: String, value: String) {
        for ending in ["", "\n", "\r\n", "\r", " \n"] {
            #expect(
                EnvironmentFile.parse(Array((line + ending).utf8)) == [
                    EnvironmentFile.Entry(name: "A", value: value, line: 1)
                ], "\(line.debugDescription)")
        }
    }

    @Test(
        arguments: [
            ("A=\"b\nc\"", ["A": "b\nc"]), ("A='b\r\n\r\nc'", ["A": "b\n\nc"]),
            ("A=\n\"b\"", ["A": "b"]), ("A\n=\nB=c", ["A": "", "B": "c"]),
            ("A:\nB=c", ["A": "B=c"]),
            ("A=b \\\n  c\nB=d", ["A": "b \\", "B": "d"]), ("A=\"b\\\nc\"", ["A": "b\\\nc"]),
            ("A=\"b\nB=\"c\"\nC=d", ["A": "\"b", "B": "c", "C": "d"]),
            ("A=\"C:\\x\\\"\nB=\"y\"", ["A": "C:\\x\\", "B": "y"]),
            ("A='b\nB=c", ["A": "'b", "B": "c"]), ("A='b\nB=c'", ["A": "b\nB=c"]),
            ("#\u{2028}A=b", ["A": "b"]), ("A=b\u{2028}B=c", ["A": "b\u{2028}B=c"]),
            ("A=1\nA=2", ["A": "2"]), ("export\nA=b", ["A": "b"]), ("export=b", ["export": "b"]),
            ("export =b", ["export": "b"]), ("a b=c\nA=d", ["A": "d"]), (";A=b", [:]),
        ] as [(String, [String: String])])
    func `lines have the same values as in Next-js`(text: String, values: [String: String]) {
        let entries = EnvironmentFile.parse(Array(text.utf8))
        let found = Dictionary(
            entries.compactMap { entry in entry.value.map { (entry.name, $0) } },
            uniquingKeysWith: { $1 })
        #expect(found == values, "\(text.debugDescription)")
    }

    @Test(arguments: [
        "", "\n", "# A=b", "; A=b", "   ", "=b", " # c\n\r\n\t", "é=b", "\u{FEFF}#A=b",
    ])
    func `a line without a name is ignored`(text: String) {
        #expect(EnvironmentFile.parse(Array(text.utf8)) == [])
    }

    @Test(arguments: ["A", "A b", "A:b", "export A", "A ; b", "\n \nA"])
    func `a name without an equals sign is an entry without a value`(line: String) {
        let entries = EnvironmentFile.parse(Array((line + "\nZ=1\n").utf8))
        #expect(entries.contains { $0.name == "A" && $0.value == nil } || line == "export A")
        #expect(entries.last?.name == "Z" && entries.last?.value == "1")
        #expect(entries.count == 2)
    }

    @Test func `invalid UTF-8 is replaced, so that the setting is refused`() {
        let entries = EnvironmentFile.parse([0x41, 0x3D, 0xFF, 0x0A, 0xFF, 0xFE])
        #expect(entries == [.init(name: "A", value: "\u{FFFD}", line: 1)])
    }

    @Test func `line numbers count the lines of multi-line values`() {
        let text = "\u{FEFF}A=\"1\r\n2\r\n3\"\r\n\r\nB=4\rC='5\n6'\nD=7 \\\n8\nE=9"
        let lines = EnvironmentFile.parse(Array(text.utf8)).filter { $0.value != nil }
        #expect(lines.map(\.name) == ["A", "B", "C", "D", "E"])
        #expect(lines.map(\.line) == [1, 5, 6, 8, 10])
    }

    @Test func `a file for Next-js is read`() throws {
        let values = try Fixture.environment("nextjs.env")
        #expect(values["PUSHER_APP_ID"] == "1887654")
        #expect(values["PUSHER_KEY"] == "278d425bdf160c739803")
        #expect(values["PUSHER_SECRET"] == "7ad3773142a6692b25b8")
        #expect(values["PUSHER_CLUSTER"] == "eu")
        #expect(values["NEXTAUTH_SECRET"] == "k9$literal#not-a-comment")
        #expect(
            values["DATABASE_URL"]
                == "postgresql://bail:${DB_PASSWORD}@localhost:5432/bail?schema=public")
        #expect(values["RESEND_FROM"] == "Notaire & Cie <contact@example.org>")
        #expect(values["GREETING"] == "it's fine")
        #expect(values["SMTP_PASSWORD"] == "pa\\\"ss\\\\word\\$1\nnext")
        #expect(values["PASSERELLE_AUTH"] == "none")
    }

    @Test func `a file for systemd is read as in Next-js, and as in systemd by its own parser`()
        throws
    {
        let values = try Fixture.environment("systemd.env")
        #expect(values["PUSHER_SECRET"] == "7ad3773142a6692b25b8")
        #expect(values["PASSERELLE_CHANNELS"] == #"presence-bail-*, \"#)
        let systemd = SystemdEnvironmentFile(try Fixture.bytes("systemd.env")).values
        #expect(systemd["PUSHER_SECRET"] == "7ad3773142a6692b25b8")
        #expect(systemd["PASSERELLE_CHANNELS"] == "presence-bail-*,     private-notary-*")
        #expect(systemd["PASSERELLE_HISTORY"] == "1000 events, 4 MiB, 6h")
    }

    @Test func `a file from Windows is read`() throws {
        let values = try Fixture.environment("windows.env")
        #expect(values["PUSHER_KEY"] == "from-windows")
        #expect(values["PUSHER_SECRET"] == "two\nlines")
        #expect(values["PASSERELLE_LINGER"] == "5m")
    }

    @Test func `an unclosed quote does not affect other lines`() throws {
        let values = try Fixture.environment("broken.env")
        #expect(values["OTHER"] == #""opened and never closed"#)
        #expect(values["PUSHER_KEY"] == "key-after-the-broken-line")
        #expect(values["ANOTHER"] == #""closed" too early"#)
        #expect(values["PUSHER_SECRET"] == #""opened"#)
        #expect(values["PUSHER_CLUSTER"] == "eu")
    }

    @Test(arguments: [
        ("A=b", "b"), (" A = b c ", "b c"), ("A=b # c", "b # c"), ("A=b#c", "b#c"),
        (#"A="b" # c"#, "b# c"), (#"A="a\"b\$\x""#, #"a"b$\x"#), ("A='a\\b'", #"a\b"#),
        (#"A=a\b"#, "ab"), ("A=a \\\n b", "a  b"), ("A=\"a\\\nb\"", "ab"), ("A='a'\"b\"", "ab"),
        ("A='a' 'b'", "ab"), ("A=$B", "$B"), ("A=`b`", "`b`"), ("A='b", "b"), ("A=b\\", "b"),
        ("#x\\\nA=b", "b"), (";A=c\nA=b", "b"), ("A=b \\  ", "b  "),
    ])
    func `a line has the same value as in systemd`(text: String, value: String) {
        #expect(SystemdEnvironmentFile(Array(text.utf8)).values == ["A": value], "\(text)")
    }

    @Test func `lines that systemd ignores set no variable`() {
        for text in ["export A=b", "A", "A: b", "1=b", "\u{FEFF}A=b", "A-B=c"] {
            #expect(SystemdEnvironmentFile(Array(text.utf8)).values == [:], "\(text)")
        }
        #expect(SystemdEnvironmentFile([0x41, 0x3D, 0xFF]).values == [:])
        let comment = Array("# C:\\\nA=b".utf8)
        #expect(SystemdEnvironmentFile(comment, continuesComments: true).values == [:])
    }

    @Test func `no input makes the parser trap`() {
        let alphabet = Array("A=\"'`\\$#{ \n\r\u{0}é;export".utf8)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<3_000 {
            let count = Int.random(in: 0..<24, using: &random)
            let bytes = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            let lines = EnvironmentFile.parse(bytes).map(\.line)
            #expect(lines == lines.sorted(), "\(bytes)")
        }
    }
}
