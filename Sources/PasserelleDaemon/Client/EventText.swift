// SPDX-License-Identifier: MIT

import PasserelleWire

/// Writes what the gateway says as text for people: nothing in it moves a terminal.
enum EventText {
    /// `TIME CHANNEL EVENT DATA` of an event; what is no event is shown as it is.
    static func pretty(_ event: [UInt8]) -> String {
        guard let root = try? JSONScanner.document(event.span), root.kind == .object else {
            return shown(String(decoding: event, as: UTF8.self))
        }
        let words = ["time", "channel", "event", "data"].compactMap { name in
            JSONScanner.member(event.span, of: root, named: name).map { text(event, $0) }
        }
        return words.joined(separator: " ")
    }

    /// A string's text, or any other value's JSON.
    static func text(_ json: [UInt8], _ slice: JSONSlice) -> String {
        let text = JSONScanner.text(json.span, slice)
        return shown(text ?? String(decoding: json[slice.range], as: UTF8.self))
    }

    private static func shown(_ text: String) -> String { QuotedText.escaped(text, limit: .max) }
}
