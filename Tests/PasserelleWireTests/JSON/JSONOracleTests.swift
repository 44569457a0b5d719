// SPDX-License-Identifier: MIT
import Foundation
import PasserelleWire
import Testing

/// Compares the scanner with Foundation's `JSONSerialization` on random and damaged documents.
struct JSONOracleTests {
    /// Returns true if Foundation is known to differ from RFC 8259 and `JSON.parse` on the bytes.
    private func isBeyondOracle(_ bytes: [UInt8]) -> Bool {
        let text = String(decoding: bytes, as: UTF8.self)
        let looksLikeOtherEncoding =
            bytes.contains(0) || bytes.starts(with: [0xEF, 0xBB, 0xBF])
            || bytes.starts(with: [0xFE]) || bytes.starts(with: [0xFF])
        return looksLikeOtherEncoding
            || text.range(of: #",[ \t\r\n]*[\]}]"#, options: .regularExpression) != nil
            || text.range(of: #"\\u[dD][89a-fA-F]"#, options: .regularExpression) != nil
            || text.range(of: #"[eE]\+?[0-9]{3}"#, options: .regularExpression) != nil
    }

    private func oracle(_ bytes: [UInt8]) -> Any? {
        try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed])
    }

    @Test(arguments: [
        "null", "true", "0", "-0", "-1.5e-7", "\"\"", "[[],{}]", "{\"a\":{\"a\":[0,\"\"]}}",
        " [ 1 ] ",
        "\"\\u0000\\u001f\"", "\"\u{7F}\"", "\"\u{2028}\"", "\"\\/\"",
        "123456789012345678901234567890",
        "{\"\":0}", "{\"a\":1,\"a\":2}", "[0.1e+5]", "", " ", "nul", "truex", "NaN", "Infinity",
        "01",
        "-", "-01", "1.", "1.e1", ".5", "0e", "0x1", "+1", "\"\t\"", "\"\\x41\"", "\"\\u00\"",
        "'a'",
        "[", "]", "{", "}", "\"", "[1 2]", "[,1]", "{1:2}", "{\"a\" 1}", "{\"a\"}", "{,}",
        "{\"a\":1 \"b\":2}",
        "//x\n1", "/**/1", "[1]x", "1 2", "\u{C}1", "\u{A0}1", "\u{2028}1", "[1]]", "{}}",
        "\"a\"\"b\"", "1,",
        "[\"a\\\"]", "tRue", "[-]", "[1e]", "{\"a\":}", "{:1}", "{a:1}", "undefined",
    ])
    func `a table of valid and invalid documents gets the same result as Foundation`(text: String) {
        let bytes = Array(text.utf8)
        #expect(((try? ScannedJSON(bytes)) != nil) == (oracle(bytes) != nil))
    }

    @Test(arguments: [1, 2, 3, UInt64.random(in: .min ... .max)])
    func `random documents, whole and damaged, give Foundation's result`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for round in 0..<400 {
            var bytes = Array(RandomJSON.document(using: &random).utf8)
            let whole = try ScannedJSON(bytes)
            #expect(
                isEqual(whole, whole.root, oracle(bytes)),
                "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))")
            for _ in 0..<3 { RandomJSON.damage(&bytes, using: &random) }
            guard !isBeyondOracle(bytes) else { continue }
            #expect(
                ((try? ScannedJSON(bytes)) != nil) == (oracle(bytes) != nil),
                "seed \(seed), round \(round): \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    private func isEqual(_ json: ScannedJSON, _ slice: JSONSlice, _ value: Any?) -> Bool {
        switch slice.kind {
        case .null: return value is NSNull
        case .true, .false: return (value as? Bool) == (slice.kind == .true)
        case .number:
            return (value as? NSNumber)?.doubleValue == Double(json.source(slice))
        case .string: return (value as? String) == JSONScanner.text(json.bytes.span, slice)
        case .array:
            let elements = JSONScanner.elements(json.bytes.span, of: slice)
            guard let list = value as? [Any], list.count == elements.count else { return false }
            return zip(elements, list).allSatisfy { isEqual(json, $0, $1) }
        case .object:
            guard let object = value as? [String: Any] else { return false }
            return object.allSatisfy { name, value in
                JSONScanner.member(json.bytes.span, of: slice, named: name)
                    .map { isEqual(json, $0, value) } ?? false
            }
        }
    }
}

/// SplitMix64; a run is repeatable by its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}

/// Random documents of any shape, and small damage to them.
enum RandomJSON {
    static func document(using random: inout SeededGenerator) -> String {
        value(depth: Int.random(in: 0...6, using: &random), using: &random)
    }

    static func damage(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        let byte = Array(#"{}[]",:\u0e-+. tn"#.utf8).randomElement(using: &random) ?? 0
        guard let at = bytes.indices.randomElement(using: &random) else { return }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(byte, at: at)
        case 2: bytes[at] = byte
        default: bytes[at] = UInt8.random(in: 1...255, using: &random)
        }
    }

    private static func value(depth: Int, using random: inout SeededGenerator) -> String {
        let count = Int.random(in: 0...3, using: &random)
        switch Int.random(in: 0..<(depth > 0 ? 6 : 4), using: &random) {
        case 0: return ["null", "true", "false"].randomElement(using: &random) ?? "null"
        case 1: return number(using: &random)
        case 2, 3: return string(using: &random)
        case 4:
            let list = (0..<count).map { _ in value(depth: depth - 1, using: &random) }
            return "[" + list.joined(separator: "," + space(using: &random)) + "]"
        default:
            let list = (0..<count).map { _ in
                string(using: &random) + space(using: &random) + ":" + space(using: &random)
                    + value(depth: depth - 1, using: &random)
            }
            return "{" + list.joined(separator: space(using: &random) + ",") + "}"
        }
    }

    private static func number(using random: inout SeededGenerator) -> String {
        let choices = [
            "0", "-0", "1.5", "-1E5", "1e-7", "0.25",
            String(Int.random(in: -999...999, using: &random)),
            "12345678901234567890", "1.0",
        ]
        return choices.randomElement(using: &random) ?? "0"
    }

    private static func string(using random: inout SeededGenerator) -> String {
        let pieces = [
            "a", "é", "👍", "\u{2028}", #"\""#, #"\\"#, #"\/"#, #"\n"#, #"\u0041"#, #"\u00e9"#,
            #"\u0000"#,
            #"\ud83d\udc4d"#, " ", "{", "]", ",", "data",
        ]
        let count = Int.random(in: 0...5, using: &random)
        return "\"" + (0..<count).compactMap { _ in pieces.randomElement(using: &random) }.joined()
            + "\""
    }

    private static func space(using random: inout SeededGenerator) -> String {
        ["", "", " ", "\t", "\n", "\r\n "].randomElement(using: &random) ?? ""
    }
}
