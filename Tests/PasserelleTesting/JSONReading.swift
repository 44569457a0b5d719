// SPDX-License-Identifier: MIT

import PasserelleWire

/// Returns a member of a JSON object as text: a string's text, any other value's bytes.
package func member(_ json: [UInt8], _ path: String...) -> String? {
    guard let root = try? JSONScanner.document(json.span),
        let value = JSONScanner.value(json.span, of: root, at: path)
    else { return nil }
    if let text = JSONScanner.text(json.span, value) { return text }
    return String(decoding: json[value.range], as: UTF8.self)
}

/// Returns the member `name` of each event in the JSON of a poll or a history.
package func column(_ json: [UInt8], _ name: String) -> [String] {
    guard let root = try? JSONScanner.document(json.span),
        let events = JSONScanner.member(json.span, of: root, named: "events")
    else { return ["no events in \(String(decoding: json, as: UTF8.self))"] }
    return JSONScanner.elements(json.span, of: events).map { event in
        member(Array(json[event.range]), name) ?? "nothing"
    }
}
