// SPDX-License-Identifier: MIT
@testable import PasserelleWire
import Testing

struct EventStreamParserTests {
    private func read(
        _ pieces: [[UInt8]], limit: Int = 1_048_576
    ) throws(EventStreamError) -> [EventStreamMessage] {
        var parser = EventStreamParser(limit: limit)
        var messages: [EventStreamMessage] = []
        for piece in pieces {
            parser.append(piece.span)
            while let message = try parser.next() { messages.append(message) }
        }
        return messages
    }

    private func message(
        _ data: String, id: String = "", event: String = "message", retry: Int? = nil
    ) -> EventStreamMessage {
        EventStreamMessage(id: id, event: event, data: Array(data.utf8), retry: retry)
    }

    @Test func `the examples of the standard are parsed as specified`() throws {
        let text =
            "data: YHOO\ndata: +2\ndata: 10\n\n"
            + ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
            + "data\n\ndata\ndata\n\ndata:"
        #expect(
            try read([Array(text.utf8)]) == [
                message("YHOO\n+2\n10"), message("first event", id: "1"), message("second event"),
                message(" third event"), message(""), message("\n"),
            ])
    }

    @Test func `names, ids, reconnection times and unknown fields are read`() throws {
        let text =
            "event: a\nid: 5-é\nretry: 2000\nother: x\ndata: 1\n\ndata: 2\n\n"
            + "event: lost\n\nid: 6\n\nretry: 2s\nretry: -1\nid: 7\0\ndata: 3\n\nevent\nevent: b\nevent:\ndata: 4\n\n"
        #expect(
            try read([Array(text.utf8)]) == [
                message("1", id: "5-é", event: "a", retry: 2_000),
                message("2", id: "5-é", retry: 2_000),
                message("3", id: "6", retry: 2_000), message("4", id: "6", retry: 2_000),
            ])
    }

    private static let stream = Array(
        "\u{FEFF}: hi\r\nevent: a\r\nid: 1\r\ndata: x\r\ndata: é👍\r\n\r\ndata: y\r\rid: 2\ndata: z\n\n:\n"
            .utf8)

    @Test(arguments: 0...stream.count)
    func `the same bytes give the same events in any two pieces`(cut: Int) throws {
        let expected = [
            message("x\né👍", id: "1", event: "a"), message("y", id: "1"), message("z", id: "2"),
        ]
        let stream = Self.stream
        #expect(try read([Array(stream[..<cut]), Array(stream[cut...])]) == expected)
        #expect(try read(stream.map { [$0] }) == expected)
    }

    @Test func `comments are counted, and the last id is kept`() throws {
        var parser = EventStreamParser()
        parser.append(Array(":\n: beat\nid: 9\nretry: 7\n\n".utf8).span)
        #expect(try parser.next() == nil)
        #expect(parser.commentCount == 2)
        #expect(parser.lastEventID == "9")
        #expect(parser.retry == 7)
    }

    @Test func `a line has at most as many bytes as the limit`() throws {
        for count in [99, 100] {
            let line = [UInt8](repeating: 0x3A, count: count) + [0x0A]
            #expect(try read([line], limit: 100).isEmpty)
        }
        let line = [UInt8](repeating: 0x3A, count: 101)
        #expect(throws: EventStreamError.tooLarge(limit: 100)) { try read([line], limit: 100) }
    }

    @Test func `an event's data has at most as many bytes as the limit`() throws {
        func lines(_ last: Int) -> [UInt8] {
            Array(("data: " + String(repeating: "a", count: 50) + "\n").utf8)
                + Array(("data: " + String(repeating: "a", count: last) + "\n\n").utf8)
        }
        for last in [48, 49] { #expect(try read([lines(last)], limit: 100).count == 1) }
        #expect(throws: EventStreamError.tooLarge(limit: 100)) { try read([lines(50)], limit: 100) }
    }

    @Test func `after an error every further call throws`() {
        var parser = EventStreamParser(limit: 1)
        parser.append(Array("data: abc\n\ndata: x\n\n".utf8).span)
        for _ in 0..<2 {
            #expect(throws: EventStreamError.tooLarge(limit: 1)) { try parser.next() }
        }
    }

    @Test func `encoded events survive parsing`() throws {
        var out: [UInt8] = []
        var expected: [EventStreamMessage] = []
        for (index, data) in ["{}", "", " a", "a\nb", "\n\n", ":x", "é\u{2028}\0"].enumerated() {
            EventStreamWriter.event(
                id: "e-\(index)", name: " n \(index)", data: Array(data.utf8), into: &out)
            expected.append(message(data, id: "e-\(index)", event: " n \(index)"))
        }
        #expect(try read([out]) == expected)
    }
}
