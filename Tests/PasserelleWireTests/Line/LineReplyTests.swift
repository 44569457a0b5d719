// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct LineReplyTests {
    private func parse(_ line: String) throws(LineError) -> LineReply {
        try LineReply.parse(Array(line.utf8).span)
    }

    private static let replies: [(LineReply, String)] = [
        (.ok(verb: "PING", words: [], json: nil), "OK PING"),
        (.ok(verb: "UNSUBSCRIBE", words: ["c"], json: nil), "OK UNSUBSCRIBE c"),
        (
            .ok(verb: "SUBSCRIBE", words: ["c"], json: Array(#"{"position":"a-1"}"#.utf8)),
            #"OK SUBSCRIBE c {"position":"a-1"}"#
        ),
        (.ok(verb: "CHANNELS", words: [], json: Array("[1, 2]".utf8)), "OK CHANNELS [1, 2]"),
        (
            .ok(verb: "X", words: ["a b", "", "{", "[x", "\"q\"", "é", "a\nb"], json: nil),
            #"OK X "a b" "" "{" "[x" "\"q\"" é "a\nb""#
        ),
        (.event(Array(#"{"id":"a-1"}"#.utf8)), #"EVENT {"id":"a-1"}"#),
        (.error(code: "gap", message: "Some events are lost."), "ERR gap Some events are lost."),
        (.error(code: "internal", message: ""), "ERR internal "),
        (.error(code: "a code", message: "m"), #"ERR "a code" m"#),
    ]

    @Test(arguments: replies)
    func `each reply is one line and survives parsing`(reply: LineReply, line: String) throws {
        #expect(String(decoding: reply.encoded(), as: UTF8.self) == line + "\n")
        #expect(try parse(line) == reply)
    }

    @Test func `a parsed message equals the one that would be encoded`() throws {
        #expect(try parse("ERR internal a\rb") == .error(code: "internal", message: "a b"))
        #expect(try parse("ERR internal \r\r a") == .error(code: "internal", message: "a"))
        let escape = LineReply.error(code: "internal", message: "\u{1B}[2J")
        #expect(try parse("ERR internal \u{1B}[2J") == escape)
    }

    @Test func `a line break in a reply never makes two lines`() {
        #expect(
            LineReply.error(code: "a\nb", message: "c\r\nd").encoded()
                == Array("ERR \"a\\nb\" c  d\n".utf8))
        #expect(LineReply.event(Array("{\n}".utf8)).encoded() == Array("EVENT { }\n".utf8))
        #expect(
            LineReply.ok(verb: "X", words: [], json: Array("[\r\n]".utf8)).encoded()
                == Array("OK X [  ]\n".utf8))
    }

    @Test(
        arguments: [
            ("", .empty), ("WHAT", .unknownVerb), ("OK", .missing(word: "the verb")),
            ("ERR", .missing(word: "the code")),
            ("EVENT", .missing(word: "the event")), ("EVENT {", .badJSON), ("OK X {} y", .badJSON),
            ("OK X \"a", .badString),
        ] as [(String, LineError)])
    func `an invalid reply throws a typed error`(line: String, error: LineError) {
        #expect(throws: error) { try parse(line) }
    }

    @Test(arguments: replies.map(\.1))
    func `a line truncated or changed at any byte never traps`(text: String) {
        let line = Array(text.utf8)
        for at in line.indices {
            _ = try? LineReply.parse(Array(line[..<at]).span)
            for byte in UInt8.min...UInt8.max {
                var changed = line
                changed[at] = byte
                _ = try? LineReply.parse(changed.span)
            }
        }
    }
}
