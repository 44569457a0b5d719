// SPDX-License-Identifier: MIT

import PasserelleLog
package import PasserelleWire

/// Formats the gateway's JSON for people; control characters are escaped.
package enum EventText {
    /// Returns `TIME CHANNEL EVENT DATA` of an event; text that is not an event is only escaped.
    package static func pretty(_ event: [UInt8]) -> String {
        guard let object = JSONObject(event) else {
            return shown(String(decoding: event, as: UTF8.self))
        }
        return ["time", "channel", "event", "data"].compactMap { member($0, of: object) }
            .joined(separator: " ")
    }

    /// Returns the text of a string, or the JSON of any other value.
    package static func text(_ json: [UInt8], _ slice: JSONSlice) -> String {
        let text = JSONScanner.text(json.span, slice)
        return shown(text ?? String(decoding: json[slice.range], as: UTF8.self))
    }

    /// Returns the same of an object's member.
    static func member(_ name: String, of object: JSONObject) -> String? {
        let json = object.raw(name).map { String(decoding: $0, as: UTF8.self) }
        return (object.text(name) ?? json).map(shown)
    }

    static func shown(_ text: String) -> String { QuotedText.escaped(text, limit: .max) }
}
