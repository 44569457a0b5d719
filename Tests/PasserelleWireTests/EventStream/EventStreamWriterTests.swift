// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct EventStreamWriterTests {
    private func event(id: String?, name: String?, data: String) -> String {
        var out: [UInt8] = []
        EventStreamWriter.event(id: id, name: name, data: Array(data.utf8), into: &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func `an event has its name, its position, its data and an empty line`() {
        #expect(
            event(id: "k3v9-1842", name: "new-message", data: #"{"a":1}"#)
                == "event: new-message\nid: k3v9-1842\ndata: {\"a\":1}\n\n")
        #expect(event(id: nil, name: nil, data: "x") == "data: x\n\n")
        #expect(event(id: nil, name: nil, data: "") == "data: \n\n")
    }

    @Test(arguments: [
        ("a\nb", "data: a\ndata: b\n\n"), ("a\rb", "data: a\ndata: b\n\n"),
        ("a\r\nb", "data: a\ndata: b\n\n"), ("\n", "data: \ndata: \n\n"),
        ("a\n", "data: a\ndata: \n\n"), ("\r\r\n", "data: \ndata: \ndata: \n\n"),
        (" x", "data:  x\n\n"), ("id: 5", "data: id: 5\n\n"),
        ("a\u{2028}b", "data: a\u{2028}b\n\n"),
    ])
    func `each line of the data gets its own data field`(data: String, text: String) {
        #expect(event(id: nil, name: nil, data: data) == text)
    }

    @Test(arguments: ["a\nb", "a\rb", "a\0b", "\n", "a\r\n", ""])
    func `a name or id that would break the stream is left out`(word: String) {
        #expect(event(id: word, name: "n", data: "x") == "event: n\ndata: x\n\n")
        #expect(event(id: "1-2", name: word, data: "x") == "id: 1-2\ndata: x\n\n")
    }

    @Test func `events are appended to the existing bytes`() {
        var out = Array("x".utf8)
        EventStreamWriter.event(id: nil, name: nil, data: [0x61], into: &out)
        EventStreamWriter.retry(milliseconds: 1_500, into: &out)
        EventStreamWriter.retry(milliseconds: -1, into: &out)
        #expect(
            String(decoding: out, as: UTF8.self)
                == "xdata: a\n\nretry: 1500\n\nretry: 0\n\n")
    }
}
