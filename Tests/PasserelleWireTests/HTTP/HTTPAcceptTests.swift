// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPAcceptTests {
    @Test(arguments: [
        ("text/event-stream", true), ("TEXT/Event-Stream", true), (" text/event-stream ", true),
        ("a/b,text/event-stream", true), ("text/event-stream;q=0.1", true),
        ("text/event-stream ; charset=utf-8; q=1", true), ("text/event-stream;q=0.0", false),
        ("text/event-stream; Q=0 ", false), ("text/event-stream;q=0,text/event-stream", true),
        ("*/*", false), ("text/*", false), ("", false), (",", false), ("text/event-strea", false),
        ("text/event-streamx", false), ("x-text/event-stream", false),
        ("\"text/event-stream\"", false),
    ])
    func `a type is accepted if it is listed`(value: String, isNamed: Bool) {
        let fields = HTTPFields(dictionaryLiteral: ("Accept", value))
        #expect(fields.accepts("text/event-stream") == isNamed)
    }

    @Test func `each Accept line counts, and an absent field accepts no type`() {
        let lines = HTTPFields(
            dictionaryLiteral: ("Accept", "a/b"), ("accept", "text/event-stream"))
        #expect(lines.accepts("text/event-stream"))
        #expect(!HTTPFields().accepts("text/event-stream"))
    }

    @Test func `fields are read backwards until the closure stops`() {
        let fields: HTTPFields = ["A": "1", "B": "x", "a": "2", "A": "3"]
        var read: [String] = []
        fields.readBackwards("a") {
            read.append(String(copying: $0))
            return read.count < 2
        }
        #expect(read == ["3", "2"])
    }
}
