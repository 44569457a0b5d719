// SPDX-License-Identifier: MIT
import PasserelleWire

/// Writes one JSON object member by member, in the order given and without white space.
struct JSONObject {
    private var written: [UInt8] = [UInt8(ascii: "{")]

    /// The object, closed.
    var bytes: [UInt8] { written + [UInt8(ascii: "}")] }

    /// The object as the content of a JSON string, which is how Channels nests one in another.
    var quoted: [UInt8] { JSONObject.quote(bytes) }

    /// Adds a member whose value is JSON already.
    mutating func add(_ name: String, raw value: [UInt8]) {
        if written.count > 1 { written.append(UInt8(ascii: ",")) }
        JSONWriter.string(name, into: &written)
        written.append(UInt8(ascii: ":"))
        written += value
    }

    /// Adds a string, or `null`.
    mutating func add(_ name: String, _ text: String?) {
        add(name, raw: text.map(JSONObject.quote) ?? Array("null".utf8))
    }

    /// Adds a whole number, or `null`.
    mutating func add(_ name: String, number: Int?) {
        add(name, raw: Array((number.map(String.init) ?? "null").utf8))
    }

    /// Adds `true` or `false`.
    mutating func add(_ name: String, fact: Bool) {
        add(name, raw: Array((fact ? "true" : "false").utf8))
    }

    /// Gives text as a JSON string.
    static func quote(_ text: String) -> [UInt8] {
        var quoted: [UInt8] = []
        JSONWriter.string(text, into: &quoted)
        return quoted
    }

    /// Gives UTF-8 bytes as a JSON string.
    static func quote(_ bytes: [UInt8]) -> [UInt8] {
        var quoted: [UInt8] = []
        JSONWriter.string(bytes: bytes.span, into: &quoted)
        return quoted
    }

    /// Gives a JSON array of values that are JSON already.
    static func array(_ values: [[UInt8]]) -> [UInt8] {
        [UInt8(ascii: "[")] + Array(values.joined(separator: [UInt8(ascii: ",")]))
            + [UInt8(ascii: "]")]
    }

    /// Gives a JSON array of strings.
    static func array(of texts: [String]) -> [UInt8] {
        array(texts.map { quote($0) })
    }
}
