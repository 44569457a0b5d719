// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

struct EventDataTests {
    /// Returns the data of an event with this value after `"data":` in the message.
    private func data(_ value: String) throws -> String {
        let text = #"{"event":"new-message","channel":"presence-bail-1","data":\#(value)}"#
        return try event(text)
    }

    private func event(_ text: String) throws -> String {
        let message = try ServerMessage.parse(Array(text.utf8).span)
        guard case .event(_, _, let data, _) = message else { return "no event" }
        return String(decoding: data, as: UTF8.self)
    }

    @Test(arguments: [
        // A string that holds JSON becomes that JSON, byte for byte.
        (#""{\"b\":1.50,\"a\":\"\\u00e9\\/\"}""#, #"{"b":1.50,"a":"\u00e9\/"}"#),
        (#""{}""#, "{}"), (#""[1,2]""#, "[1,2]"), (#""42""#, "42"), (#""-1E+2""#, "-1E+2"),
        (#""null""#, "null"), (#""true""#, "true"), (#""\"x\"""#, #""x""#), (#""\"\"""#, #""""#),
        (#""\"42\"""#, #""42""#), (#"" {} ""#, " {} "),
        ("\"{\\\"a\\\":\\\"\u{2028}👍é\\\"}\"", "{\"a\":\"\u{2028}👍é\"}"),
        (#""{\"a\":\"\\u2028\\n\"}""#, #"{"a":"\u2028\n"}"#),
        (#""{\"a\":\"\ud83d\udc4d\"}""#, #"{"a":"👍"}"#),
        // Any other string is unchanged.
        (#""hello""#, #""hello""#), (#""""#, #""""#), (#"" ""#, #"" ""#), (#""nul""#, #""nul""#),
        (#""NaN""#, #""NaN""#), (#""{\"a\":1,}""#, #""{\"a\":1,}""#), (#""{} {}""#, #""{} {}""#),
        (#""01""#, #""01""#), (#""\ufeff{}""#, #""\ufeff{}""#), (#""a\u0000b""#, #""a\u0000b""#),
        (#""line\nline\r""#, #""line\nline\r""#), ("\"a\u{2028}b\"", "\"a\u{2028}b\""),
        (#""\ud800""#, #""\ud800""#), (#""\u007b""#, #""\u007b""#),
        // A value that is not a string is unchanged.
        (#"{"b":1.50,"a":"\u00e9\/"}"#, #"{"b":1.50,"a":"\u00e9\/"}"#), ("[ 1 , 2 ]", "[ 1 , 2 ]"),
        ("42", "42"), ("1.0", "1.0"), ("null", "null"), ("true", "true"), ("false", "false"),
    ])
    func `data is embedded as the JSON that it is or contains`(value: String, data: String) throws {
        #expect(try self.data(value) == data)
    }

    @Test func `absent data is null`() throws {
        #expect(try event(#"{"event":"a"}"#) == "null")
    }

    @Test func `raw line breaks between tokens become spaces, so that an event is one line`() throws
    {
        #expect(try data("{\r\n \"a\" :\n1\n}") == "{   \"a\" : 1 }")
        #expect(try data(#""{\r\n \"a\" :\n1\n}\n""#) == "{   \"a\" : 1 } ")
        #expect(try data(#""\n[\u000d\u000a]""#) == " [  ]")
    }

    @Test func `a string that holds raw control characters is not unwrapped`() throws {
        for code in 0..<0x20 {
            let hex = String(code, radix: 16)
            let escape = "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            let value = "\"{\\\"a\\\":\\\"" + escape + "\\\"}\""
            #expect(try data(value) == value)
        }
    }

    @Test(arguments: [
        // The escape of a lone surrogate is the same surrogate in the inner string.
        (#""{\"a\":\"\ud800\"}""#, #"{"a":"\ud800"}"#), (#""\"\udc4d\"""#, #""\udc4d""#),
        (#""{\"a\":\"\\\\\ud800\"}""#, #"{"a":"\\\ud800"}"#),
        (#""{\"a\":\"\\ud83d\udc4d\"}""#, #"{"a":"\ud83d\udc4d"}"#),
        // Outside an inner string, or after a backslash, the result is not JSON.
        (#""[\ud800]""#, #""[\ud800]""#),
        (#""{\"a\":\"\\\ud800\"}""#, #""{\"a\":\"\\\ud800\"}""#),
        (#""{\"a\":\"\u005c\ud800\"}""#, #""{\"a\":\"\u005c\ud800\"}""#),
        (#""{\"a\":\"\\\\\\\ud800\"}""#, #""{\"a\":\"\\\\\\\ud800\"}""#),
    ])
    func `lone surrogates are passed on without loss`(value: String, data: String) throws {
        #expect(try self.data(value) == data)
    }

    @Test func `data sent as a string stays a string if it nests too deep`() throws {
        let limit = EventData.maximumDepth
        for depth in [limit - 1, limit] {
            let nested = nested(depth)
            #expect(try data("\"\(nested)\"") == nested)
        }
        #expect(try data("\"\(nested(limit + 1))\"") == "\"\(nested(limit + 1))\"")
        #expect(try data("\"\(nested(50_000))\"") == "\"\(nested(50_000))\"")
    }

    @Test func `data sent as a value becomes a string of its text if it nests too deep`() throws {
        let limit = EventData.maximumDepth
        for depth in [limit - 1, limit] {
            let nested = nested(depth)
            #expect(try data(nested) == nested)
        }
        for depth in [limit + 1, 50_000] {
            #expect(try data(nested(depth)) == "\"\(nested(depth))\"")
            let mixed =
                String(repeating: "[{\"a\":", count: depth / 2)
                + "\n" + String(repeating: "}]", count: depth / 2)
            #expect(throws: ChannelsMessageError.self) { try data(mixed) }
            #expect(throws: ChannelsMessageError.self) { try data(nested(depth) + "]") }
            #expect(throws: ChannelsMessageError.self) { try data("[" + nested(depth)) }
            #expect(throws: ChannelsMessageError.self) {
                try data(nested(depth).replacing("[]", with: "[}"))
            }
        }
    }

    @Test func `a message with the deepest data embedded can be scanned`() throws {
        let poll = #"{"events":[{"data":"# + nested(EventData.maximumDepth) + "}]}"
        #expect(throws: Never.self) { try ScannedJSON(poll) }
    }

    @Test(arguments: [
        "{}", #"{"a":"\u00e9\n"}"#, "42", "null", #""hello""#, #""42""#, #""\"x\"""#, #""""#,
        " [1] ", #" "hello" "#, #"  "" "#,
        #""\ud800""#, #"{"a":"\ud800"}"#, "\"{\u{2028}\"",
    ])
    func `the wire form restores the same data`(text: String) throws {
        let wire = String(decoding: EventData.wireForm(Array(text.utf8)), as: UTF8.self)
        #expect(wire.hasPrefix("\""))
        #expect(try data(wire) == text)
    }

    @Test(arguments: [1, 2, UInt64.random(in: .min ... .max)])
    func `random payloads pass byte for byte, except for line breaks`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let text = RandomJSON.document(using: &random)
            let oneLine = String(
                decoding: text.utf8.map { $0 == 0x0A || $0 == 0x0D ? 0x20 : $0 }, as: UTF8.self)
            var quoted: [UInt8] = []
            JSONWriter.string(text, into: &quoted)
            let wire = String(decoding: quoted, as: UTF8.self)
            #expect(try data(wire) == oneLine, "seed \(seed), round \(round): \(text)")
        }
    }

    @Test func `chat messages with special characters pass byte for byte`() throws {
        let contents = [
            #"Oui — voir « clause 4 », alinéa 2.\nJe vous renvoie l’acte signé. 👍"#,
            #"<script>alert('x')</script> & \"guillemets\" \\ antislash \u2028 séparateur"#,
            "s\u{2028}parateur", String(repeating: "A", count: 6_000),
        ]
        for content in contents {
            let payload =
                #"{"message": {"id": "msg_1", "content": "\#(content)", "document": null}}"#
            var quoted: [UInt8] = []
            JSONWriter.string(payload, into: &quoted)
            #expect(try data(String(decoding: quoted, as: UTF8.self)) == payload)
        }
    }

    private func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
}
