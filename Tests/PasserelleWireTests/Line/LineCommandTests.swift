// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct LineCommandTests {
    private func parse(_ line: [UInt8]) throws(LineError) -> LineCommand {
        try LineCommand.parse(line.span)
    }

    private func parse(_ line: String) throws(LineError) -> LineCommand {
        try parse(Array(line.utf8))
    }

    private static func names(_ list: String...) -> EventNames {
        guard let names = try? EventNames(list) else { preconditionFailure("no event names") }
        return names
    }

    private static let commands: [(LineCommand, String)] = [
        (
            .subscribe(channel: "presence-bail-42", after: nil, last: nil),
            "SUBSCRIBE presence-bail-42"
        ),
        (.subscribe(channel: "c", after: "k3v9-1842", last: nil), "SUBSCRIBE c after=k3v9-1842"),
        (.subscribe(channel: "c", after: nil, last: 5), "SUBSCRIBE c last=5"),
        (.subscribe(channel: "c", after: "now", last: 0), "SUBSCRIBE c after=now last=0"),
        (
            .subscribe(channel: "c", after: nil, last: 1, events: names("a", "my event")),
            #"SUBSCRIBE c last=1 event=a "event=my event""#
        ),
        (
            .subscribe(channel: "c", after: "now", last: nil, events: names("a"), user: "Zoë Z"),
            #"SUBSCRIBE c after=now event=a "user=Zoë Z""#
        ),
        (.unsubscribe(channel: "c"), "UNSUBSCRIBE c"),
        (
            .subscribe(channel: "c", after: "a-1", last: nil, user: "u", skipsReplay: true),
            "SUBSCRIBE c after=a-1 user=u replay=none"
        ),
        (.history(channel: "c", after: nil, limit: nil), "HISTORY c"),
        (
            .history(channel: "c", after: "a-1", limit: 3, skipsReplay: true),
            "HISTORY c after=a-1 limit=3 replay=none"
        ),
        (.history(channel: "c", after: "earliest", limit: 10), "HISTORY c after=earliest limit=10"),
        (
            .history(channel: "c", after: nil, limit: 1, events: names("a", "b=c")),
            "HISTORY c limit=1 event=a event=b=c"
        ),
        (.members(channel: "c"), "MEMBERS c"), (.channels, "CHANNELS"), (.status, "STATUS"),
        (
            .publish(channel: "c", event: "e", data: Array(#"{"a": "é"}"#.utf8)),
            #"PUBLISH c e {"a": "é"}"#
        ),
        (
            .publish(channel: "c", event: "my event", data: Array("42".utf8)),
            #"PUBLISH c "my event" 42"#
        ),
        (.publish(channel: "c", event: "e", data: Array(#""a b""#.utf8)), #"PUBLISH c e "a b""#),
        (.typing(channel: "c", user: "usr_7", isTyping: true), "TYPING c usr_7 on"),
        (.typing(channel: "c", user: "Zoë \"Z\"", isTyping: false), #"TYPING c "Zoë \"Z\"" off"#),
        (.revoke(user: "usr_7", channel: nil), "REVOKE usr_7"),
        (.revoke(user: "Zoë Z", channel: "c"), #"REVOKE "Zoë Z" c"#),
        (.upgrade, "UPGRADE"), (.ping, "PING"), (.quit, "QUIT"),
    ]

    @Test(arguments: commands)
    func `each command is one line and survives parsing`(
        command: LineCommand, line: String
    ) throws {
        #expect(String(decoding: command.encoded(), as: UTF8.self) == line + "\n")
        #expect(try parse(line) == command)
    }

    @Test(
        arguments: [
            ("ping", .ping), ("  PING  ", .ping), ("\"PING\"", .ping),
            ("Subscribe  c   last=3 after=a-1", .subscribe(channel: "c", after: "a-1", last: 3)),
            (#"SUBSCRIBE "c" "after=a b""#, .subscribe(channel: "c", after: "a b", last: nil)),
            (#"MEMBERS "\u0063""#, .members(channel: "c")),
            (
                "PUBLISH c e  [ 1 ,\t2 ] ",
                .publish(channel: "c", event: "e", data: Array("[ 1 ,\t2 ]".utf8))
            ),
            ("SUBSCRIBE c after=a=b", .subscribe(channel: "c", after: "a=b", last: nil)),
        ] as [(String, LineCommand)])
    func `lines typed by hand are parsed`(line: String, command: LineCommand) throws {
        #expect(try parse(line) == command)
    }

    @Test(
        arguments: [
            ("", .empty), ("   ", .empty), ("HELLO", .unknownVerb), ("{}", .unknownVerb),
            ("OK PING", .unknownVerb),
            ("SUBSCRIBE", .missing(word: "the channel")), ("SUBSCRIBE c x", .tooManyWords),
            ("SUBSCRIBE c last=", .badValue(word: "last", takes: "a whole number")),
            ("SUBSCRIBE c last=-1", .badValue(word: "last", takes: "a whole number")),
            ("SUBSCRIBE c last=+1", .badValue(word: "last", takes: "a whole number")),
            ("SUBSCRIBE c last=1 last=2", .badValue(word: "last", takes: "a whole number")),
            (
                "SUBSCRIBE c last=9223372036854775808",
                .badValue(word: "last", takes: "a whole number")
            ),
            ("SUBSCRIBE c after=", .badValue(word: "after", takes: "a position, earliest or now")),
            ("SUBSCRIBE c limit=1", .tooManyWords),
            (
                "SUBSCRIBE c after=a after=b",
                .badValue(word: "after", takes: "a position, earliest or now")
            ),
            ("HISTORY c last=1", .tooManyWords), ("HISTORY c user=u", .tooManyWords),
            ("SUBSCRIBE c user=", .badValue(word: "user", takes: "a user's id")),
            ("SUBSCRIBE c user=u user=v", .badValue(word: "user", takes: "a user's id")),
            ("SUBSCRIBE c replay=all", .badValue(word: "replay", takes: "none")),
            (
                "HISTORY c replay=none replay=none",
                .badValue(word: "replay", takes: "none")
            ),
            ("SUBSCRIBE c event=", .badEvent), (#"HISTORY c "event=a\u000a""#, .badEvent),
            ("SUBSCRIBE a/b", .badChannel(.badCharacter)), ("SUBSCRIBE \"\"", .badChannel(.empty)),
            ("MEMBERS #server-to-user-1", .badChannel(.badCharacter)), ("PING x", .tooManyWords),
            ("UNSUBSCRIBE c d", .tooManyWords), ("PUBLISH c", .missing(word: "the event")),
            ("PUBLISH c e", .missing(word: "the data")), ("PUBLISH c e {", .badJSON),
            ("PUBLISH c e {} {}", .badJSON),
            ("PUBLISH c e hello", .badJSON), ("PUBLISH c \"\" {}", .badEvent),
            ("PUBLISH c \"a\\n\" {}", .badEvent),
            ("TYPING c u", .missing(word: "on or off")),
            ("TYPING c u yes", .badValue(word: "The last word", takes: "on or off")),
            ("TYPING c u on on", .tooManyWords), ("MEMBERS \"c", .badString),
            ("MEMBERS \"c\"d", .badString),
            ("MEMBERS a\tb", .notText), ("MEMBERS a\0", .notText), ("PING\r", .notText),
        ] as [(String, LineError)])
    func `an invalid command throws a typed error`(line: String, error: LineError) {
        #expect(throws: error) { try parse(line) }
    }

    @Test func `the lengths of a channel name and an event name are limited`() throws {
        let channel = String(repeating: "c", count: 164)
        let event = String(repeating: "é", count: 200)
        #expect(throws: Never.self) { try parse("PUBLISH \(channel) \(event) {}") }
        #expect(throws: LineError.badChannel(.tooLong(limit: 164))) {
            try parse("PUBLISH \(channel)c \(event) {}")
        }
        #expect(throws: LineError.badEvent) { try parse("PUBLISH \(channel) \(event)e {}") }
    }

    @Test func `the number of events and the lengths of their names are limited`() throws {
        let list = (1...EventNames.limit).map { "\($0)" }
        let words = list.map { "event=\($0)" }.joined(separator: " ")
        for (verb, expected) in [
            (
                "SUBSCRIBE",
                LineCommand.subscribe(
                    channel: "c", after: nil, last: nil, events: try EventNames(list))
            ),
            (
                "HISTORY",
                .history(
                    channel: "c", after: nil, limit: nil, events: try EventNames(list))
            ),
        ] {
            // A repeated name does not count.
            #expect(try parse("\(verb) c \(words) event=1") == expected)
            #expect(throws: LineError.tooManyEvents(limit: 32)) {
                try parse("\(verb) c \(words) event=x")
            }
        }
        let longest = String(repeating: "é", count: 200)
        #expect(throws: Never.self) { try parse("SUBSCRIBE c event=\(longest)") }
        #expect(throws: LineError.badEvent) { try parse("SUBSCRIBE c event=\(longest)e") }
    }

    @Test func `invalid UTF-8 is refused at any place`() {
        for line in [
            [0xFF], Array("MEMBERS ".utf8) + [0xC3], Array("MEMBERS \"".utf8) + [0x80, 0x22],
        ] {
            #expect(throws: LineError.self) { try parse(line) }
        }
        #expect(throws: LineError.badJSON) {
            try parse(Array("PUBLISH c e \"".utf8) + [0xC3, 0x22])
        }
    }

    @Test(arguments: commands.map(\.1))
    func `a line truncated or changed at any byte never traps`(text: String) {
        let line = Array(text.utf8)
        for at in line.indices {
            _ = try? parse(Array(line[..<at]))
            for byte in UInt8.min...UInt8.max {
                var changed = line
                changed[at] = byte
                guard let command = try? parse(changed) else { continue }
                if command.encoded().dropLast().contains(0x0A) { Issue.record("two lines") }
            }
        }
    }

    @Test func `the error for an unknown verb lists all verbs`() {
        let verbs = LineError.unknownVerb.message.split { !$0.isLetter }.filter {
            $0.allSatisfy(\.isUppercase)
        }
        #expect(Set(verbs.map(String.init)) == Set(Self.commands.map(\.0.verb)))
    }

    @Test func `an error's message is one line, with a code of the protocol`() {
        let errors: [LineError] = [
            .tooLong(limit: 5), .notText, .empty, .unknownVerb, .missing(word: "x"), .tooManyWords,
            .badString,
            .badValue(word: "x", takes: "y"), .badChannel(.empty), .badChannel(.badCharacter),
            .badChannel(.tooLong(limit: 164)), .badEvent, .badJSON, .tooManyEvents(limit: 32),
        ]
        for error in errors {
            #expect(["bad-command", "bad-channel", "too-large"].contains(error.code))
            #expect(error.message.hasSuffix(".") && !error.message.contains("\n"))
        }
        #expect(LineError.tooLong(limit: 5).code == "too-large")
        #expect(LineError.badChannel(.empty).code == "bad-channel")
    }
}
