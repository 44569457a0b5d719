// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct JSONTextTests {
    @Test(arguments: [
        (#""""#, ""), (#""plain""#, "plain"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u2028\uFFFF""#, "Aé\u{2028}\u{FFFF}"), (#""\ud83d\udc4d!""#, "👍!"),
        (#""\u0000""#, "\0"), ("\"é\u{2028}👍\"", "é\u{2028}👍"), (#""a\\u0041""#, "a\\u0041"),
    ])
    func `a string's text is unescaped`(json: String, text: String) throws {
        #expect(try ScannedJSON(json).text() == text)
        #expect(try ScannedJSON(json).unescaped() == Array(text.utf8))
    }

    @Test(arguments: [
        (#""\ud83d""#, "\u{FFFD}"), (#""\udc4d""#, "\u{FFFD}"),
        (#""\udc4d\ud83d""#, "\u{FFFD}\u{FFFD}"),
        (#""\ud83d\ud83d\udc4d""#, "\u{FFFD}👍"), (#""\ud83dx""#, "\u{FFFD}x"),
        (#""\ud83d\n""#, "\u{FFFD}\n"), (#""\ud83d\u0041""#, "\u{FFFD}A"),
    ])
    func `a lone surrogate is accepted and read as U+FFFD`(json: String, text: String) throws {
        #expect(try ScannedJSON(json).text() == text)
    }

    @Test func `a value that is not a string has no text`() throws {
        for json in ["1", "null", "[\"a\"]", "{}"] {
            #expect(try ScannedJSON(json).text() == nil)
            #expect(try ScannedJSON(json).unescaped() == [])
        }
    }
}
