// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct JSONScannerTests {
    @Test(arguments: [
        ("null", JSONSlice.Kind.null), (" true\r\n", .true), ("\tfalse", .false), ("0", .number),
        ("-0.5e+10", .number), ("\"\"", .string), ("[]", .array), ("[ ]", .array), ("{}", .object),
        ("{ }", .object), ("{\"a\":[1,{\"b\":null}]}", .object),
    ])
    func `a document's root value has the right kind`(text: String, kind: JSONSlice.Kind)
        throws
    {
        #expect(try ScannedJSON(text).root.kind == kind)
    }

    @Test func `a value's range excludes the white space around it`() throws {
        let json = try ScannedJSON("  { \"a\" :\t[ 1 , 2 ]\r\n}\n")
        #expect(json.source(json.root) == "{ \"a\" :\t[ 1 , 2 ]\r\n}")
        #expect(json.raw("a") == "[ 1 , 2 ]")
        #expect(json.members().map { json.source($0.key) } == ["\"a\""])
    }

    @Test func `members and elements keep their order, repeats included`() throws {
        let json = try ScannedJSON(#"{"b":1,"a":2,"b":3}"#)
        #expect(
            json.members().map { json.source($0.key) + json.source($0.value) } == [
                "\"b\"1", "\"a\"2", "\"b\"3",
            ])
        let array = try ScannedJSON(#"[ [1,[2]] ,"x",{"y":[]},-1.50E3]"#)
        #expect(
            array.elements().map(array.source) == [
                "[1,[2]]", "\"x\"", "{\"y\":[]}", "-1.50E3",
            ])
    }

    @Test func `the last of repeated members counts`() throws {
        #expect(try ScannedJSON(#"{"a":1,"\u0061":2}"#).integer("a") == 2)
    }

    @Test func `a member is found by its unescaped name`() throws {
        let json = try ScannedJSON(#"{"d\u0061ta":{"\ud83d\udc4d":"yes"}}"#)
        #expect(json.text("data", "👍") == "yes")
        #expect(json.text("data", "no") == nil)
        #expect(json.text("data", "👍", "deeper") == nil)
        #expect(json.text("dat") == nil)
    }

    @Test func `an integer is parsed if it is one and fits`() throws {
        let json = try ScannedJSON(
            #"{"a":-12,"b":9223372036854775807,"c":9223372036854775808,"d":1.0,"e":"1","f":1e2}"#)
        #expect(json.integer("a") == -12)
        #expect(json.integer("b") == .max)
        for name in ["c", "d", "e", "f", "absent"] { #expect(json.integer(name) == nil) }
    }

    @Test(arguments: [
        ("", JSONError.unexpectedEnd), (" ", .unexpectedEnd), ("[", .unexpectedEnd),
        ("\"", .unexpectedEnd), ("\"\\", .unexpectedEnd), ("\"\\u12\"", .unexpectedEnd),
        ("-", .unexpectedEnd), ("1.", .unexpectedEnd), ("1e+", .unexpectedEnd),
        ("tru", .unexpectedEnd), ("{\"a\"", .unexpectedEnd), ("{\"a\":", .unexpectedEnd),
        ("nul!", .unexpectedByte(at: 3)), ("[1,]", .unexpectedByte(at: 3)),
        ("{\"a\":1,}", .unexpectedByte(at: 7)), ("{,}", .unexpectedByte(at: 1)),
        ("[1}", .unexpectedByte(at: 2)), ("{\"a\":1]", .unexpectedByte(at: 6)),
        ("01", .unexpectedByte(at: 1)), ("1 2", .unexpectedByte(at: 2)),
        ("+1", .unexpectedByte(at: 0)), ("'a'", .unexpectedByte(at: 0)),
        ("\u{FEFF}1", .unexpectedByte(at: 0)), ("[1]\0", .unexpectedByte(at: 3)),
        ("\"\\x41\"", .badEscape(at: 1)), ("\"\\u12g4\"", .badEscape(at: 1)),
        ("\"a\nb\"", .controlCharacter(at: 2)), ("\"\0\"", .controlCharacter(at: 1)),
    ])
    func `invalid JSON is refused with the position of the error`(text: String, error: JSONError) {
        #expect(throws: error) { try ScannedJSON(text) }
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x9F, 0x80], [0xED, 0xA0, 0x80],
            [0xE2, 0x82], [0xE2, 0x82, 0x41], [0xF0, 0x8F, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xF0, 0x9F, 0x91], [0xF8, 0x88, 0x80, 0x80], [0xFF], [0xC3, 0xC3],
        ] as [[UInt8]])
    func `a string with invalid UTF-8 is refused`(bytes: [UInt8]) {
        #expect(throws: JSONError.badUTF8(at: 1)) { try ScannedJSON([0x22] + bytes + [0x22]) }
    }

    @Test(arguments: [
        "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}",
        "\u{10FFFF}",
    ])
    func `the first and last characters of each UTF-8 length are accepted`(text: String) throws {
        #expect(try ScannedJSON("\"\(text)\"").text() == text)
    }

    @Test(arguments: ["[]", "{}"])
    func `containers may nest as deep as the limit`(pair: String) throws {
        func nested(_ depth: Int) -> String {
            let isArray = pair == "[]"
            return String(repeating: isArray ? "[" : "{\"a\":", count: depth - 1) + pair
                + String(repeating: isArray ? "]" : "}", count: depth - 1)
        }
        for limit in [1, 2, 63, 64] {
            for depth in [limit - 1, limit] where depth > 0 {
                #expect(throws: Never.self) { try ScannedJSON(nested(depth), maximumDepth: limit) }
            }
            #expect(throws: JSONError.tooDeep(limit: limit)) {
                try ScannedJSON(nested(limit + 1), maximumDepth: limit)
            }
        }
        #expect(throws: JSONError.tooDeep(limit: 64)) { try ScannedJSON(nested(65)) }
        #expect(throws: JSONError.tooDeep(limit: 64)) {
            try ScannedJSON(nested(65), maximumDepth: 1_000)
        }
        #expect(throws: JSONError.tooDeep(limit: 64)) { try ScannedJSON(nested(100_000)) }
        #expect(throws: JSONError.tooDeep(limit: 0)) {
            try ScannedJSON(nested(1), maximumDepth: 0)
        }
    }

    @Test func `siblings do not count as depth`() throws {
        let row = "[" + Array(repeating: "[{}]", count: 1_000).joined(separator: ",") + "]"
        #expect(try ScannedJSON(row, maximumDepth: 3).elements().count == 1_000)
    }

    @Test func `a document truncated at any byte is refused and never traps`() {
        let text = Array(#" {"a":[1,-2.5e3,"é\n\ud83d\udc4d",{"b":null}],"c":true} "#.utf8)
        for end in 0..<text.count - 1 {
            #expect(throws: JSONError.self) { try ScannedJSON(Array(text[..<end])) }
        }
        #expect(throws: Never.self) { try ScannedJSON(Array(text.dropLast())) }
    }

    @Test func `a document with any one byte changed never traps`() {
        let text = Array(#"{"a":[1,-2.5e3,"é\n\ud83d\udc4d",{"b":null}],"c":true}"#.utf8)
        for at in text.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = text
                changed[at] = byte
                guard let json = try? ScannedJSON(changed) else { continue }
                for (key, value) in json.members() {
                    _ = JSONScanner.text(json.bytes.span, key)
                    _ = JSONScanner.string(json.bytes.span, value)
                }
            }
        }
    }
}
