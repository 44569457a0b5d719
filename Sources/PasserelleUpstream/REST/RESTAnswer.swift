// SPDX-License-Identifier: MIT

import PasserelleHub
package import PasserelleWire

/// Parses the answers of Channels' REST interface, in the variants that servers send.
///
/// PHP servers send `[]` for an empty object. An id may be a number. Unknown members are ignored.
package enum RESTAnswer {
    /// Accepts the answer to a published event: any object, or an empty body.
    static func acceptance(_ response: HTTPResponse) -> Void? {
        if response.body.isEmpty || JSONObject(response.body) != nil { return () }
        // An empty array.
        guard let root = try? JSONScanner.document(response.body.span), root.kind == .array,
            root.range.count == 2
        else { return nil }
        return ()
    }

    /// Returns the ids of the users without duplicates, in order of first appearance.
    static func users(_ response: HTTPResponse) -> [String]? {
        guard let users = JSONObject(response.body)?.objects("users") else { return nil }
        var seen: Set<ByteKey> = []
        var ids: [String] = []
        for user in users {
            guard let id = user.identifier("id") else { return nil }
            if seen.insert(ByteKey(id)).inserted { ids.append(id) }
        }
        return ids
    }

    /// Returns a refusal's message as one line.
    ///
    /// Some servers send plain text, others an object with `error` or `message`.
    package static func refusal(_ response: HTTPResponse) -> String {
        let body = response.body
        if let object = JSONObject(body) {
            for name in ["error", "message"] {
                if let text = object.text(name) { return PeerText.line(text) }
            }
        }
        let line = body.prefix(PeerText.limit + 1).prefix { $0 != 0x0A && $0 != 0x0D }
        return PeerText.line(String(decoding: line, as: UTF8.self))
    }
}
