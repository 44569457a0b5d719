// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

@testable import PasserelleDownstream

struct ReadRequestTests {
    private func read(_ query: String) throws -> ReadRequest {
        try ReadRequest(query: "channel=c&" + query, allowed: try ChannelPatterns("*"))
    }

    @Test(arguments: [
        ("0", 0), ("999", 999), ("1000", 1000), ("1001", 1000), ("18446744073709551616", 1000),
    ])
    func `the number of requested past messages is limited`(text: String, last: Int) throws {
        #expect(try read("last=\(text)").last == last)
    }

    @Test func `events may be named repeatedly, each once, up to 32`() throws {
        #expect(try read("").events.isEmpty)
        #expect(try read("event=b&event=a%20c&event=b").events.list == ["b", "a c"])
        let list = (1...33).map(String.init)
        for count in [31, 32] {
            let names = Array(list.prefix(count))
            let query = names.map { "event=\($0)" }.joined(separator: "&")
            #expect(try read(query + "&event=1").events.list == names)
        }
        let query = list.map { "event=\($0)" }.joined(separator: "&")
        let error = try #require(throws: Refusal.self) { try read(query) }
        #expect(error.status == 400 && error.word == "bad-query")
        #expect(error.message == "A request names at most 32 events.")
    }

    @Test func `an event's name has 1 to 200 characters`() throws {
        for count in [199, 200] {
            let name = String(repeating: "n", count: count)
            #expect(try read("event=\(name)").events.list == [name])
        }
        for name in ["", String(repeating: "n", count: 201), "a%0Ab", "%7F"] {
            let error = try #require(throws: Refusal.self) { try read("event=\(name)") }
            #expect(error.status == 400 && error.word == "bad-query")
            #expect(error.message == "event must have 1 to 200 characters, no controls.")
        }
    }

    @Test(arguments: ["last", "limit", "wait"])
    func `a number consists of digits and appears once`(name: String) throws {
        for text in ["", "-1", "+1", "1.0", "0x1", "1e3", "%201", "\u{0661}"] {
            #expect(throws: Refusal.self, "\(text)") { try read("\(name)=\(text)") }
        }
        let error = try #require(throws: Refusal.self) { try read("\(name)=1&\(name)=1") }
        #expect(error.status == 400 && error.message == "\(name) is given twice.")
    }

    @Test func `replay is none, or not given`() throws {
        #expect(try read("").skipsReplay == false && read("replay=none").skipsReplay)
        for query in ["replay=", "replay=all", "replay=none&replay=none"] {
            let error = try #require(throws: Refusal.self) { try read(query) }
            #expect(error.status == 400 && error.word == "bad-query")
        }
    }
}
