// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleAdmin

struct ConsoleTextTests {
    private static let text = "aé€😀b"

    @Test(arguments: 0...text.utf8.count + 1)
    func `a text that is cut at any byte is valid UTF-8`(limit: Int) throws {
        let cut = ConsoleText(Self.text, limit: limit)
        let begins = try #require(String(validating: cut.bytes, as: UTF8.self))
        #expect(Self.text.hasPrefix(begins) && cut.bytes.count <= limit)
        // One more character would exceed the limit.
        let next = Self.text.unicodeScalars.dropFirst(begins.unicodeScalars.count).first
        if let next { #expect(cut.bytes.count + String(next).utf8.count > limit) }
        #expect(cut.isCut == (begins != Self.text))
    }

    @Test(arguments: [(7, true), (8, false), (9, false)])
    func `a text of exactly the limit is not cut`(limit: Int, isCut: Bool) {
        #expect(ConsoleText("12345678", limit: limit).isCut == isCut)
    }
}
