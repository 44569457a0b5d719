// SPDX-License-Identifier: MIT

/// Builds one JSON object, member by member, on one line without spaces.
package struct JSONObjectWriter: Sendable {
    private var out: [UInt8] = [UInt8(ascii: "{")]

    /// Starts an object without members.
    package init() {}

    /// Adds a member that is a string.
    package mutating func member(_ name: String, _ text: String) {
        self.name(name)
        JSONWriter.string(text, into: &out)
    }

    /// Adds a member that is a number.
    package mutating func member(_ name: String, _ number: Int) {
        self.name(name)
        out.append(contentsOf: String(number).utf8)
    }

    /// Adds a member that is true or false.
    package mutating func member(_ name: String, _ flag: Bool) {
        self.name(name)
        out.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    /// Adds a member whose value is JSON already.
    package mutating func member(_ name: String, json: [UInt8]) {
        self.name(name)
        out.append(contentsOf: json)
    }

    /// Adds a member that is a string, given as UTF-8 bytes.
    package mutating func member(_ name: String, textOf bytes: [UInt8]) {
        self.name(name)
        JSONWriter.string(bytes: bytes.span, into: &out)
    }

    /// The object with all that was added.
    package func finished() -> [UInt8] {
        out + [UInt8(ascii: "}")]
    }

    private mutating func name(_ name: String) {
        if out.count > 1 { out.append(UInt8(ascii: ",")) }
        JSONWriter.string(name, into: &out)
        out.append(UInt8(ascii: ":"))
    }
}
