// SPDX-License-Identifier: MIT
import PasserelleDaemon
import PasserelleTesting
import Testing

struct EnvironmentFileTests {
    @Test(arguments: [
        ("A=b", "b"), ("A = b ", "b"), ("  A=b", "b"), ("export A=b", "b"), ("export\tA=b", "b"),
        ("A=", ""), ("A=  ", ""), ("A=b c", "b c"), ("A=b # c", "b"), ("A=b\t#c", "b"),
        ("A=b#c", "b#c"), ("A=#c", ""), ("A= # c", ""), ("A=it's", "it's"), ("A=b=c", "b=c"),
        (#"A="b""#, "b"), (#"A="b # c""#, "b # c"), (#"A="b" # c"#, "b"), ("A=\"b\"#c", "b"),
        (#"A="""#, ""), ("A=''", ""), ("A=' b '", " b "), (#"A='b\n"c'"#, #"b\n"c"#),
        ("A=`b'\"c`", "b'\"c"), (#"A="b\nc""#, "b\nc"), (#"A="b\r\tc""#, "b\r\tc"),
        (#"A="\"b\\\$c\`""#, "\"b\\$c`"), (#"A="b\xc""#, #"b\xc"#), (#"A=b\nc"#, #"b\nc"#),
        (#"A=\$b"#, "$b"), ("A='$b ${c}'", "$b ${c}"), ("A=5$", "5$"), ("A=$5", "$5"),
        ("A=\"5$\"", "5$"), ("A=\"b\nc\"", "b\nc"), ("A='b\n\nc'", "b\n\nc"),
        ("A=b \\\n  c", "b   c"), ("A=\"b \\\nc\"", "b c"), ("A=b\\", #"b\"#), ("A=é", "é"),
        ("A=b\u{0}c".replacing("\u{0}", with: "\u{1}"), "b\u{1}c"),
    ])
    func `a line gives its value`(line: String, value: String) {
        for ending in ["", "\n", "\r\n", "\r"] {
            let ended = Array(
                (line.replacing("\n", with: ending.isEmpty ? "\n" : ending) + ending).utf8)
            guard line != #"A=b\"# || ending.isEmpty else { continue }
            #expect(
                EnvironmentFile.parse(ended) == [
                    EnvironmentFile.Entry(name: "A", value: .success(value), line: 1)
                ])
        }
    }

    @Test(arguments: [
        "", "\n", "# A=b", "; A=b", "   ", "=b", " # c\n\r\n\t", "é=b", "\u{FEFF}#A=b",
    ])
    func `a line that names nothing says nothing`(text: String) {
        #expect(EnvironmentFile.parse(Array(text.utf8)) == [])
    }

    @Test(arguments: [
        ("A", EnvironmentFileError.noEqualsSign), ("A b", .noEqualsSign), ("A: b", .noEqualsSign),
        ("export A", .noEqualsSign), (#"A="b"#, .unterminatedQuote), ("A='b", .unterminatedQuote),
        ("A=`b", .unterminatedQuote), (#"A="b\"#, .unterminatedQuote),
        (#"A="b"c"#, .textAfterQuote),
        (#"A="b" 'c'"#, .textAfterQuote), ("A=$B", .reference), ("A=${B}", .reference),
        ("A=b$_c", .reference), (#"A="$b""#, .reference), (#"A="x${b}""#, .reference),
        ("A=b\u{0}", .nul),
    ])
    func `a bad line is told and the next one is read`(line: String, error: EnvironmentFileError) {
        let entries = EnvironmentFile.parse(Array((line + "\nZ=1\n").utf8))
        #expect(entries.first == .init(name: "A", value: .failure(error), line: 1))
        #expect(entries.last == .init(name: "Z", value: .success("1"), line: 2))
        #expect(entries.count == 2)
    }

    @Test func `bytes that are not UTF-8 are told`() {
        let entries = EnvironmentFile.parse([0x41, 0x3D, 0xFF, 0x0A, 0xFF, 0xFE])
        #expect(entries == [.init(name: "A", value: .failure(.notUTF8), line: 1)])
    }

    @Test func `lines are counted through values of several lines`() {
        let text = "\u{FEFF}A=\"1\r\n2\r\n3\"\r\n\r\nB=4\rC='5\n6'\nD=7 \\\n8\nE=9"
        let lines = EnvironmentFile.parse(Array(text.utf8)).map { ($0.name, $0.line) }
        #expect(lines.map(\.0) == ["A", "B", "C", "D", "E"])
        #expect(lines.map(\.1) == [1, 5, 6, 8, 10])
    }

    @Test func `a file of Next-js is read as it is`() throws {
        let values = try Fixture.environment("nextjs.env")
        #expect(values["PUSHER_APP_ID"] == .success("1887654"))
        #expect(values["PUSHER_KEY"] == .success("278d425bdf160c739803"))
        #expect(values["PUSHER_SECRET"] == .success("7ad3773142a6692b25b8"))
        #expect(values["PUSHER_CLUSTER"] == .success("eu"))
        #expect(values["NEXTAUTH_SECRET"] == .success("k9$literal#not-a-comment"))
        #expect(values["DATABASE_URL"] == .failure(.reference))
        #expect(values["RESEND_FROM"] == .success("Notaire & Cie <contact@example.org>"))
        #expect(values["GREETING"] == .success("it's fine"))
        #expect(values["SMTP_PASSWORD"] == .success("pa\"ss\\word$1\nnext"))
        #expect(values["PASSERELLE_AUTH"] == .success("none"))
    }

    @Test func `a file of systemd is read as it is`() throws {
        let values = try Fixture.environment("systemd.env")
        #expect(values["PUSHER_SECRET"] == .success("7ad3773142a6692b25b8"))
        #expect(
            values["PASSERELLE_CHANNELS"] == .success("presence-bail-*,     private-notary-*"))
        #expect(values["PASSERELLE_HISTORY"] == .success("1000 events, 4 MiB, 6h"))
    }

    @Test func `a file of Windows is read as it is`() throws {
        let values = try Fixture.environment("windows.env")
        #expect(values["PUSHER_KEY"] == .success("from-windows"))
        #expect(values["PUSHER_SECRET"] == .success("two\nlines"))
        #expect(values["PASSERELLE_LINGER"] == .success("5m"))
    }

    @Test func `a quote that is never closed swallows no other line`() throws {
        let values = try Fixture.environment("broken.env")
        #expect(values["OTHER"] == .failure(.textAfterQuote))
        #expect(values["PUSHER_KEY"] == .success("key-after-the-broken-line"))
        #expect(values["ANOTHER"] == .failure(.textAfterQuote))
        #expect(values["PUSHER_SECRET"] == .failure(.unterminatedQuote))
        #expect(values["PUSHER_CLUSTER"] == .success("eu"))
    }

    @Test func `no bytes at all make it trap`() {
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
