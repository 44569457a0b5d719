// SPDX-License-Identifier: MIT

import PasserelleWire

/// A client event as sent in a body: `{"event":NAME,"data":{…}}`.
///
/// The data is an object and optional.
package struct ClientEvent: Equatable {
    package let name: String
    /// JSON as received; validated when it is signed.
    package let data: [UInt8]

    init(name: String, data: [UInt8]) {
        self.name = name
        self.data = data
    }

    /// Parses a body.
    package init(_ body: [UInt8]) throws(Refusal) {
        guard let root = try? JSONScanner.document(body.span) else {
            throw .badRequest("bad-body", "The body is not JSON.")
        }
        guard let name = JSONScanner.member(body.span, of: root, named: "event"),
            let text = JSONScanner.text(body.span, name)
        else {
            throw .badRequest("bad-body", "The body must be {\"event\":NAME,\"data\":{…}}.")
        }
        self.name = text
        if let data = JSONScanner.member(body.span, of: root, named: "data") {
            self.data = Array(body[data.range])
        } else {
            data = Array("{}".utf8)
        }
    }

    /// Returns the typing event, which is the same on every surface.
    static func typing(_ isTyping: Bool) -> ClientEvent {
        ClientEvent(name: "client-typing", data: Array(#"{"isTyping":\#(isTyping)}"#.utf8))
    }
}
