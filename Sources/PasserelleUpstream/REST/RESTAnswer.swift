// SPDX-License-Identifier: MIT

package import PasserelleWire

/// Reads answers of Channels' REST interface, in every shape that servers give them
/// (protocol sheet §3.2, §3.3 and §7).
///
/// What a server written in PHP says of nothing is `[]`, where others say `{}`; a count may be a
/// string, an id a number; members that are not known are passed over.
package enum RESTAnswer {
    /// Whether an event was taken: an object, whatever it says, or no body at all.
    static func acceptance(_ response: HTTPResponse) -> Void? {
        if response.body.isEmpty { return () }
        return root(response.body).flatMap { $0.kind == .object || isEmptyArray($0) ? () : nil }
    }

    /// The occupied channels and the number of their users.
    static func channels(_ response: HTTPResponse) -> [String: Int?]? {
        let body = response.body
        guard let root = root(body),
            let channels = JSONScanner.member(body.span, of: root, named: "channels")
        else { return nil }
        guard channels.kind == .object else { return isEmptyArray(channels) ? [:] : nil }
        var counts: [String: Int?] = [:]
        for (key, value) in JSONScanner.members(body.span, of: channels) {
            guard let name = JSONScanner.text(body.span, key) else { continue }
            counts.updateValue(count("user_count", in: value, of: body), forKey: name)
        }
        return counts
    }

    /// One channel's state; a server that does not say whether it is occupied says so by its counts.
    static func channel(_ response: HTTPResponse) -> ChannelState? {
        let body = response.body
        guard let root = root(body), root.kind == .object else { return nil }
        let users = count("user_count", in: root, of: body)
        let subscriptions = count("subscription_count", in: root, of: body)
        let occupied = JSONScanner.member(body.span, of: root, named: "occupied")
        let isOccupied: Bool
        switch occupied?.kind {
        case .true: isOccupied = true
        case .false: isOccupied = false
        case nil where users != nil || subscriptions != nil:
            isOccupied = (users ?? 0) > 0 || (subscriptions ?? 0) > 0
        default: return nil
        }
        return ChannelState(
            isOccupied: isOccupied, userCount: users, subscriptionCount: subscriptions)
    }

    /// The ids of the users, each once, in the order in which they first stand.
    static func users(_ response: HTTPResponse) -> [String]? {
        let body = response.body
        guard let root = root(body),
            let users = JSONScanner.member(body.span, of: root, named: "users"),
            users.kind == .array
        else { return nil }
        var seen: Set<String> = []
        var ids: [String] = []
        for user in JSONScanner.elements(body.span, of: users) {
            guard let id = id(JSONScanner.member(body.span, of: user, named: "id"), of: body)
            else { return nil }
            if seen.insert(id).inserted { ids.append(id) }
        }
        return ids
    }

    /// A refusal's words on one line: plain text from some servers, a member of an object from
    /// others.
    package static func refusal(_ response: HTTPResponse) -> String {
        let body = response.body
        if let root = root(body), root.kind == .object {
            for name in ["error", "message"] {
                let value = JSONScanner.member(body.span, of: root, named: name)
                if let text = JSONScanner.text(body.span, value) { return PeerText.line(text) }
            }
        }
        let line = body.prefix(PeerText.limit + 1).prefix { $0 != 0x0A && $0 != 0x0D }
        return PeerText.line(String(decoding: line, as: UTF8.self))
    }

    private static func root(_ body: [UInt8]) -> JSONSlice? {
        try? JSONScanner.document(body.span)
    }

    private static func isEmptyArray(_ slice: JSONSlice) -> Bool {
        slice.kind == .array && slice.range.count == 2
    }

    private static func count(_ name: String, in object: JSONSlice, of body: [UInt8]) -> Int? {
        let value = JSONScanner.member(body.span, of: object, named: name)
        return JSONScanner.integer(body.span, value)
            ?? JSONScanner.text(body.span, value).flatMap { Int($0) }
    }

    /// An id as text: a number's own digits, so that a long one loses nothing.
    private static func id(_ value: JSONSlice?, of body: [UInt8]) -> String? {
        guard let value else { return nil }
        if value.kind == .number { return String(decoding: body[value.range], as: UTF8.self) }
        return JSONScanner.text(body.span, value)
    }
}
