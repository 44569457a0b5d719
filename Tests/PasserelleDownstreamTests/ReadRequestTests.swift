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
    func `what is asked of the past has a bound`(text: String, last: Int) throws {
        #expect(try read("last=\(text)").last == last)
    }

    @Test(arguments: ["last", "limit", "wait"])
    func `a number is digits, and is given once`(name: String) throws {
        for text in ["", "-1", "+1", "1.0", "0x1", "1e3", "%201", "\u{0661}"] {
            #expect(throws: Refusal.self, "\(text)") { try read("\(name)=\(text)") }
        }
        let error = try #require(throws: Refusal.self) { try read("\(name)=1&\(name)=1") }
        #expect(error.status == 400 && error.message == "\(name) is given twice.")
    }
}
