// SPDX-License-Identifier: MIT

@testable import PasserelleConfiguration
import PasserelleHub
import PasserelleHTTP
import PasserelleUpstream
import Testing

struct ValueTests {
    @Test(arguments: [
        ("0", Duration.zero), ("0s", .zero), ("250ms", .milliseconds(250)), ("30s", .seconds(30)),
        ("30 s", .seconds(30)), ("30sec", .seconds(30)), ("10m", .seconds(600)),
        ("10min", .seconds(600)), ("1h", .seconds(3_600)), ("1h30m", .seconds(5_400)),
        ("1h 30m", .seconds(5_400)), ("5 minutes", .seconds(300)), ("90 Seconds", .seconds(90)),
        ("1H", .seconds(3_600)), ("7d", .seconds(604_800)), ("10000d", .seconds(864_000_000)),
    ])
    func `a duration is parsed`(text: String, duration: Duration) throws {
        #expect(try Duration(setting: text) == duration)
    }

    @Test(arguments: [
        "", " ", "10", "m", "10x", "-1s", "1.5h", "10m,", "ten", "10M", "1h-", "s10", "10m 5",
        "99999999999999999999s",
    ])
    func `an invalid duration is refused`(text: String) {
        #expect(throws: ValueProblem.not("a duration")) { try Duration(setting: text) }
    }

    @Test(arguments: ["10001d", "10000d1ms", "9223372036854775807d", "9223372036854775807ms1d"])
    func `a duration above the maximum is refused`(text: String) {
        #expect(throws: ValueProblem.outside(low: "0", high: "10000d")) {
            try Duration(setting: text)
        }
    }

    @Test(arguments: [
        (Duration.zero, "0"), (.milliseconds(1_500), "1500ms"), (.seconds(90), "90s"),
        (.seconds(120), "2m"), (.seconds(7_200), "2h"), (.seconds(86_400), "1d"),
    ])
    func `a formatted duration can be parsed`(duration: Duration, text: String) throws {
        #expect(duration.settingText == text)
        #expect(try Duration(setting: text) == duration)
    }

    @Test(arguments: [
        ("0B", 0), ("100 B", 100), ("10240", 10_240), ("0", 0), ("64kib", 65_536),
        ("64 KIB", 65_536), ("1mb", 1_000_000), ("1g", 1 << 30), ("64k", 65_536), ("64 K", 65_536),
        ("64KiB", 65_536),
        ("64Ki", 65_536), ("1kB", 1_000), ("2 MB", 2_000_000), ("256 MiB", 268_435_456),
        ("1G", 1_073_741_824), ("1 GB", 1_000_000_000), ("1024 GiB", 1_099_511_627_776),
    ])
    func `a size is parsed`(text: String, bytes: Int) throws {
        #expect(try ByteCount.parse(text) == bytes)
    }

    @Test(arguments: ["", "MiB", "-1 MiB", "1.5G", "1 MiBs", "1m", "99999999999999999999B"])
    func `an invalid size is refused`(text: String) {
        #expect(throws: ValueProblem.not("a size")) { try ByteCount.parse(text) }
    }

    @Test(arguments: ["1025 GiB", "9223372036854775807 GiB"])
    func `a size above the maximum is refused`(text: String) {
        #expect(throws: ValueProblem.outside(low: "0", high: "1024 GiB")) {
            try ByteCount.parse(text)
        }
    }

    @Test(arguments: [(0, "0 B"), (1_000, "1000 B"), (65_536, "64 KiB"), (1 << 28, "256 MiB")])
    func `a formatted size can be parsed`(bytes: Int, text: String) throws {
        #expect(ByteCount.text(bytes) == text)
        #expect(try ByteCount.parse(text) == bytes)
    }

    @Test(arguments: [
        ("512 events, 1 MiB, 1h", LogLimits(events: 512, bytes: 1 << 20, age: .seconds(3_600))),
        ("1 event", LogLimits(events: 1)), ("2h", LogLimits(age: .seconds(7_200))),
        ("64k", LogLimits(bytes: 65_536)),
        ("5m,5M", LogLimits(bytes: 5 << 20, age: .seconds(300))),
        (
            "1000000events,1 GiB,30d",
            LogLimits(events: 1_000_000, bytes: 1 << 30, age: .seconds(2_592_000))
        ),
    ])
    func `history limits are parsed`(text: String, limits: LogLimits) throws {
        #expect(try LogLimits(setting: text) == limits)
        #expect(try LogLimits(setting: limits.settingText) == limits)
    }

    @Test(arguments: [
        ("512", "512", "is neither a number of events, nor a size, nor a duration"),
        ("0 events", "0 events", "is not between 1 and 1000000 events"),
        ("1000001 events", "1000001 events", "is not between 1 and 1000000 events"),
        ("1023 B", "1023 B", "is not between 1 KiB and 1 GiB"),
        ("1025 MiB", "1025 MiB", "is not between 1 KiB and 1 GiB"),
        ("999ms", "999ms", "is not between 1s and 30d"),
        ("31d", "31d", "is not between 1s and 30d"),
        ("1h, 2h", "2h", "repeats the age"),
        ("1 event,2 events", "2 events", "repeats the number of events"),
        ("1h,,1M", "", "is an empty part"), ("1h,", "", "is an empty part"),
    ])
    func `an invalid history limit is named`(text: String, part: String, fault: String) {
        #expect(throws: ValueProblem.part(part, is: fault)) { try LogLimits(setting: text) }
    }

    @Test(arguments: [
        ("http://a", WebAddress(isTLS: false, host: "a", port: 80, target: "/")),
        (
            "https://a.b:8443/c/d?e=f",
            WebAddress(isTLS: true, host: "a.b", port: 8_443, target: "/c/d?e=f")
        ),
        (
            "http://127.0.0.1:3000/hooks",
            WebAddress(isTLS: false, host: "127.0.0.1", port: 3_000, target: "/hooks")
        ),
        ("http://[::1]:1/", WebAddress(isTLS: false, host: "::1", port: 1, target: "/")),
        ("HTTP://a", WebAddress(isTLS: false, host: "a", port: 80, target: "/")),
        ("https://[::1]?q", WebAddress(isTLS: true, host: "::1", port: 443, target: "/?q")),
    ])
    func `a URL is parsed`(text: String, address: WebAddress) throws {
        #expect(try WebAddress(setting: text) == address)
    }

    @Test(arguments: [
        "", "a", "ftp://a", "http://", "http:///a", "http://a:", "http://a:0", "http://a:65536",
        "http://u:p@a/", "http://a/b c", "http://a/#b", "http://::1/", "http://[a]/", "HTTPX://a",
        "http://a/\r\nX: y",
    ])
    func `an invalid URL is refused`(text: String) {
        #expect(throws: ValueProblem.not("an http or https URL")) { try WebAddress(setting: text) }
    }

    @Test func `an origin is normalized as browsers write it`() throws {
        #expect(
            try WebAddress.origin(setting: "https://App.Example.org") == "https://app.example.org")
        #expect(try WebAddress.origin(setting: "https://a:443") == "https://a")
        #expect(try WebAddress.origin(setting: "http://a:3000") == "http://a:3000")
        #expect(try WebAddress.origin(setting: "http://[::1]:3000") == "http://[::1]:3000")
        #expect(try WebAddress.origin(setting: "HTTPS://a/") == "https://a")
        for (text, origin) in [
            ("capacitor://localhost", "capacitor://localhost"),
            ("Tauri://localhost/", "tauri://localhost"),
            ("ionic://localhost", "ionic://localhost"), ("app://.", "app://."),
            ("App://./", "app://."), ("app://obsidian.md", "app://obsidian.md"),
            ("chrome-extension://abcdefghijklmnop", "chrome-extension://abcdefghijklmnop"),
            (
                "safari-web-extension://0A1B-2C", "safari-web-extension://0a1b-2c"
            ), ("capacitor://localhost:8100", "capacitor://localhost:8100"),
        ] { #expect(try WebAddress.origin(setting: text) == origin) }
        for text in [
            "*", "null", "a", "https://a//", "https://a/b", "https://a?", "file://", "file:///x",
            "capacitor://", "capacitor://a/b", "://a", "1a://b", "ws://a", "data://a", "a b://c",
            "javascript://x", "file://x", "about://x", "blob://x", "JavaScript://x", "data://.",
            "filesystem://x", "app://..", "app://.a",
        ] {
            #expect(throws: ValueProblem.self) { try WebAddress.origin(setting: text) }
        }
    }

    @Test(
        arguments: [
            ("seq", ["seq"]), ("message.seq", ["message", "seq"]), ("", nil), (".seq", nil),
            ("a..b", nil), ("a.", nil),
            (
                Array(repeating: "a", count: 15).joined(separator: "."),
                Array(repeating: "a", count: 15)
            ),
            (
                Array(repeating: "a", count: 16).joined(separator: "."),
                Array(repeating: "a", count: 16)
            ),
            (Array(repeating: "a", count: 17).joined(separator: "."), nil),
        ] as [(String, [String]?)])
    func `a path has one to 16 member names`(text: String, names: [String]?) {
        #expect(SettingList.path(text[...]) == names)
    }

    @Test func `retraction rules are parsed`() throws {
        let rule = RetractionRule(
            event: "message-deleted", path: ["messageId"], target: "new-message",
            targetPath: ["message", "id"])
        #expect(
            try RetractionRule.list(setting: "message-deleted:messageId=new-message:message.id")
                == [
                    rule
                ])
        #expect(try RetractionRule.list(setting: "a:b=c:d , e:f=g:h").count == 2)
        #expect(try RetractionRule.list(setting: "pusher:x:b=c:d").first?.event == "pusher:x")
        #expect(try RetractionRule.list(setting: "none") == [])
        for text in ["a", "a:b", "a:b=c", "a=b:c", ":a=b:c", "a:b..c=d:e", "a:=b:c", "a:b=c:d=e:f"]
        {
            #expect(throws: ValueProblem.part(text, is: "is not EVENT:PATH=EVENT:PATH")) {
                try RetractionRule.list(setting: text)
            }
        }
    }

    @Test func `a rule that retracts client events is refused, because they are never logged`() {
        let rule = "undo:id=client-draw:id"
        let words = "retracts a client event, which is never logged; remove this rule"
        #expect(throws: ValueProblem.part(rule, is: words)) {
            try RetractionRule.list(setting: "a:b=c:d,\(rule)")
        }
        #expect(throws: Never.self) { try RetractionRule.list(setting: "client-undo:id=drawn:id") }
    }

    @Test(arguments: [
        ("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("http", "htpt", 1),
        ("linger", "linger", 0), ("linger", "lingr", 1),
    ])
    func `the distance of two words is the number of changes`(a: String, b: String, distance: Int) {
        #expect(Spelling.distance(Array(a.utf8), Array(b.utf8)) == distance)
    }

    @Test func `a secret is shown nowhere`() {
        let secret = Secret("7ad3773142a6692b25b8")
        var application = Application()
        application.secret = secret
        var dumped = ""
        dump(application, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\(application)", dumped] {
            #expect(!text.contains("7ad3"), "\(text)")
        }
        #expect("\(secret)" == "set, 20 bytes")
        #expect("\(Secret(""))" == "not set")
        #expect(secret.bytes.count == 20)
    }
}
