// SPDX-License-Identifier: MIT

/// A value of a member of a JSON object.
package protocol JSONValue {
    /// Appends the value as JSON.
    func appendJSON(to out: inout [UInt8])
}

extension String: JSONValue {
    package func appendJSON(to out: inout [UInt8]) { JSONWriter.string(self, into: &out) }
}

extension Bool: JSONValue {
    package func appendJSON(to out: inout [UInt8]) { out += (self ? "true" : "false").utf8 }
}

extension JSONValue where Self: BinaryInteger {
    package func appendJSON(to out: inout [UInt8]) { out += String(self).utf8 }
}

extension Int: JSONValue {}
extension Int64: JSONValue {}
extension UInt64: JSONValue {}

extension Array: JSONValue where Element: JSONValue {
    package func appendJSON(to out: inout [UInt8]) {
        var separator = UInt8(ascii: "[")
        for element in self {
            out.append(separator)
            element.appendJSON(to: &out)
            separator = UInt8(ascii: ",")
        }
        out += (isEmpty ? "[]" : "]").utf8
    }
}

extension Optional where Wrapped: JSONValue {
    /// The value, or `null`.
    package var orNull: any JSONValue { self ?? RawJSON.null }
}

/// A value that is already JSON.
package struct RawJSON: JSONValue, Sendable {
    static let null = RawJSON(Array("null".utf8))

    private let bytes: [UInt8]

    /// Wraps bytes, which must be one JSON value.
    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package func appendJSON(to out: inout [UInt8]) { out += bytes }
}
