// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct JSONWriterTests {
    private func string(_ text: String) -> String {
        var out: [UInt8] = []
        JSONWriter.string(text, into: &out)
        return String(decoding: out, as: UTF8.self)
    }

    @Test func `only quotes, backslashes and control characters are escaped`() {
        #expect(string("a\"b\\c/é\u{2028}👍\u{7F}<>&") == "\"a\\\"b\\\\c/é\u{2028}👍\u{7F}<>&\"")
        #expect(string("\u{8}\t\n\u{C}\r") == #""\b\t\n\f\r""#)
        #expect(string("\0\u{1}\u{F}\u{10}\u{1F} ") == #""\u0000\u0001\u000f\u0010\u001f ""#)
    }

    @Test func `every character survives encoding and parsing`() throws {
        let text = (0..<0x3000).compactMap(Unicode.Scalar.init).map(String.init).joined() + "👍"
        #expect(try ScannedJSON(string(text)).text() == text)
    }

    @Test func `UTF-8 bytes are encoded like the same string`() {
        var out: [UInt8] = []
        let text = "é\n\"\u{0}"
        JSONWriter.string(bytes: Array(text.utf8).span, into: &out)
        #expect(String(decoding: out, as: UTF8.self) == string(text))
    }

    @Test func `one line keeps every byte except raw line breaks between tokens`() throws {
        let json = try ScannedJSON("{\r\n\t\"a\\n\" : [1.50,\n 1E2 ] ,\"é\\u00e9\":\"\\/\"}\n")
        #expect(json.oneLine() == "{  \t\"a\\n\" : [1.50,  1E2 ] ,\"é\\u00e9\":\"\\/\"}")
    }

    @Test func `an object is built on one line without spaces`() {
        var object = JSONObjectWriter()
        #expect(object.finished() == Array("{}".utf8))
        object.member("a\"", "b\n")
        object.member("n", -5)
        object.member("t", true)
        object.member("j", json: Array("[1]".utf8))
        object.member("s", textOf: Array("é\"".utf8))
        object.member("z", json: nil)
        object.member("o", optional: "p")
        object.member("q", optional: Int?.none)
        #expect(
            String(decoding: object.finished(), as: UTF8.self)
                == #"{"a\"":"b\n","n":-5,"t":true,"j":[1],"s":"é\"","z":null,"#
                + #""o":"p","q":null}"#)
    }

    @Test func `an array is built of values or strings, without spaces`() {
        #expect(JSONWriter.array([]) == Array("[]".utf8))
        #expect(JSONWriter.array([[0x31], Array("{}".utf8)]) == Array("[1,{}]".utf8))
        #expect(JSONWriter.array(of: ["a\"", ""]) == Array(#"["a\"",""]"#.utf8))
    }
}
