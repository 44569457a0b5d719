// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleDownstream

/// The texts that an answer may repeat.
struct DiagnoseWordTests {
    @Test(arguments: ["a", "0", "abc019xyz"])
    func `letters and digits are repeated`(text: String) {
        #expect(DiagnoseWord(text)?.text == text)
        #expect(DiagnoseWord(text).json == "\"\(text)\"")
    }

    @Test(arguments: [
        "", "A", "a b", "a-b", "<b>", "\"", "\\", "a\n", "a\u{0}", "é", "ａ", "a;b", "a,b", "a\r\nb",
    ])
    func `any other text is not`(text: String) {
        #expect(DiagnoseWord(text) == nil)
        #expect(DiagnoseWord(text).json == "null")
    }

    @Test(arguments: [
        (DiagnoseWord.bytes - 1, true), (DiagnoseWord.bytes, true),
        (DiagnoseWord.bytes + 1, false),
    ])
    func `the length is bounded`(length: Int, isWord: Bool) {
        #expect((DiagnoseWord(String(repeating: "a", count: length)) != nil) == isWord)
    }
}
