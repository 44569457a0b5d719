// SPDX-License-Identifier: MIT
import PasserelleUpstream
import Testing

struct PreviewTests {
    @Test(arguments: ["", "a", "Oui — voir « clause 4 ».\nBien à vous. 👍", " "])
    func `a short text is left as it is`(text: String) {
        #expect(Preview.cut(text) == text)
    }

    @Test(arguments: [139, 140])
    func `as many characters as fit are not cut`(count: Int) {
        let text = String(repeating: "é", count: count)
        #expect(Preview.cut(text) == text)
    }

    @Test func `one more is cut, the ellipsis counted`() {
        let text = String(repeating: "x", count: 141)
        #expect(Preview.cut(text) == String(repeating: "x", count: 139) + "…")
    }

    @Test(arguments: [
        ("one two three", 12, "one two…"), ("one two three", 9, "one two…"),
        ("one two three", 8, "one two…"), ("one two three", 7, "one…"),
        ("one   two", 7, "one…"), ("one\r\ntwo three", 8, "one\r\ntwo…"),
        ("anticonstitutionnellement", 5, "anti…"), ("  anticonstitutionnel", 5, "  an…"),
        ("one two", 0, ""), ("one", 1, "…"),
    ])
    func `a cut falls on a word where there is one`(text: String, limit: Int, cut: String) {
        #expect(Preview.cut(text, limit: limit) == cut)
    }

    @Test(arguments: [
        // Ideographs and kana may be parted anywhere, whatever stands before them.
        ("日本語の文章です", 4, "日本語…"), ("hi 日本語の文章です", 7, "hi 日本語…"),
        // A family, a flag, a skin tone, a letter with its marks: each is one character.
        ("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 2, "👨‍👩‍👧‍👦…"), ("🇫🇷🇫🇷🇫🇷", 2, "🇫🇷…"),
        ("👍🏽👍🏽👍🏽", 2, "👍🏽…"), ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
        ("नमस्तेनमस्ते", 3, "नम…"),
    ])
    func `no character is cut through`(text: String, limit: Int, cut: String) {
        let found = Preview.cut(text, limit: limit)
        #expect(Array(found.unicodeScalars) == Array(cut.unicodeScalars))
    }

    @Test(arguments: 0..<60)
    func `at every limit it is a beginning, short enough, of whole characters`(limit: Int) {
        let text =
            "Bonjour 👩🏽‍🚀, e\u{301}te\u{301} 🇫🇷🇧🇪 日本 a\u{300}\u{301}\u{302} fin de la phrase, et encore."
        let cut = Preview.cut(text, limit: limit)
        #expect(cut.count <= limit)
        guard cut != text, cut.last == "…" else { return }
        #expect(Array(text).starts(with: Array(cut.dropLast())))
    }

    @Test func `bytes are bounded where a character has any number of them`() {
        let heavy = "a" + String(repeating: "\u{301}", count: 1_000)
        #expect(Preview.cut(heavy, bytes: heavy.utf8.count) == heavy)
        #expect(Preview.cut(heavy, bytes: heavy.utf8.count - 1) == "…")
        #expect(Preview.cut("b " + heavy + heavy, bytes: 3_000) == "b…")
        let long = String(repeating: heavy, count: 140)
        #expect(Preview.cut(long).utf8.count <= NoticeConfiguration.previewBytes)
    }
}
