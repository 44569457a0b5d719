// SPDX-License-Identifier: MIT

/// An encoder for one JSON object, on one line without spaces.
package struct JSONObjectWriter: Sendable {
    private var out: [UInt8] = [UInt8(ascii: "{")]

    /// Starts an object without members.
    package init() {}

    /// Appends a member.
    package mutating func member(_ name: String, _ value: some JSONValue) {
        self.name(name)
        value.appendJSON(to: &out)
    }

    /// Appends a value, or `null`.
    package mutating func member(_ name: String, optional value: (some JSONValue)?) {
        member(name, value.orNull)
    }

    /// Appends a value that is already JSON, or `null`.
    package mutating func member(_ name: String, json: [UInt8]?) {
        member(name, optional: json.map(RawJSON.init))
    }

    /// Appends a string given as UTF-8 bytes.
    package mutating func member(_ name: String, textOf bytes: [UInt8]) {
        self.name(name)
        JSONWriter.string(bytes: bytes.span, into: &out)
    }

    /// Returns the object with all appended members.
    package func finished() -> [UInt8] {
        out + [UInt8(ascii: "}")]
    }

    private mutating func name(_ name: String) {
        if out.count > 1 { out.append(UInt8(ascii: ",")) }
        JSONWriter.string(name, into: &out)
        out.append(UInt8(ascii: ":"))
    }
}

extension JSONObjectWriter: ExpressibleByDictionaryLiteral, JSONValue {
    /// An object with these members, in this order; a member whose value is `nil` is left out.
    package init(dictionaryLiteral members: (String, (any JSONValue)?)...) {
        for case (let name, let value?) in members { member(name, value) }
    }

    package func appendJSON(to out: inout [UInt8]) { out += finished() }
}
