// SPDX-License-Identifier: MIT

/// An encoder for one JSON object, on one line without spaces.
package struct JSONObjectWriter: Sendable {
    private var out: [UInt8] = [UInt8(ascii: "{")]

    /// Starts an object without members.
    package init() {}

    /// Appends a string.
    package mutating func member(_ name: String, _ text: String) {
        self.name(name)
        JSONWriter.string(text, into: &out)
    }

    /// Appends a string, or `null`.
    package mutating func member(_ name: String, optional text: String?) {
        member(name, json: text.map(JSONWriter.quoted))
    }

    /// Appends a number, or `null`.
    package mutating func member(_ name: String, optional number: Int?) {
        member(name, json: number.map { Array(String($0).utf8) })
    }

    /// Appends a number.
    package mutating func member(_ name: String, _ number: Int) {
        self.name(name)
        out.append(contentsOf: String(number).utf8)
    }

    /// Appends a Boolean.
    package mutating func member(_ name: String, _ flag: Bool) {
        self.name(name)
        out.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    /// Appends a value that is already JSON, or `null`.
    package mutating func member(_ name: String, json: [UInt8]?) {
        self.name(name)
        if let json { out.append(contentsOf: json) } else { out.append(contentsOf: "null".utf8) }
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
