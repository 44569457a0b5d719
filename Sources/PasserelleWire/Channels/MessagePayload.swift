// SPDX-License-Identifier: MIT

/// The `data` of one of Channels' own messages, sent either as an object or as a string.
struct MessagePayload {
    private let bytes: [UInt8]
    private let root: JSONSlice
    /// True if a value in the payload nests too deep to be embedded in another document.
    private let isDeep: Bool

    /// Decodes the payload; an absent one is `null`.
    init(_ text: Span<UInt8>, _ fields: MessageFields) {
        let bytes = fields.payload(text)
        // `EventData` always returns JSON; if it did not, the payload would count as absent.
        let root = (try? JSONScanner.document(bytes.span)) ?? JSONSlice(kind: .null, range: 0..<0)
        if let (deepBytes, deepRoot) = Self.deepObject(bytes, root) {
            (self.bytes, self.root, isDeep) = (deepBytes, deepRoot, true)
        } else {
            (self.bytes, self.root, isDeep) = (bytes, root, false)
        }
    }

    /// Returns the object in a string that was too deep to be embedded.
    ///
    /// The list of members holds the data of all of them: one deep `user_info` must not make it
    /// unreadable. The object is parsed, and only the deep value is passed on as a string.
    private static func deepObject(
        _ bytes: [UInt8], _ root: JSONSlice
    ) -> (bytes: [UInt8], root: JSONSlice)? {
        guard root.kind == .string, root.range.count > 2,
            bytes[root.range.lowerBound + 1] == UInt8(ascii: "{"),
            var text = JSONScanner.stringKeepingLoneSurrogates(bytes.span, root),
            let object = try? JSONScanner.deepDocument(text.span)
        else { return nil }
        // In JSON, raw line breaks occur only between tokens.
        for at in text.indices where text[at] == 0x0A || text[at] == 0x0D { text[at] = 0x20 }
        return (text, object)
    }

    /// The kind of the payload.
    var kind: JSONSlice.Kind { root.kind }

    /// The payload's text if it is a string that holds no JSON.
    var text: String? { JSONScanner.text(bytes.span, root) }

    /// The payload's value if it is an integer.
    var integer: Int? { JSONScanner.integer(bytes.span, root) }

    /// Returns the string at a path.
    func text(_ path: String...) -> String? {
        JSONScanner.text(bytes.span, value(path))
    }

    /// Returns the integer at a path; accepts digits in a string and truncates a fraction.
    func integer(_ path: String...) -> Int? {
        guard let value = value(path) else { return nil }
        if let number = JSONScanner.integer(bytes.span, value) { return number }
        switch value.kind {
        case .string: return JSONScanner.text(bytes.span, value).flatMap { Int($0) }
        case .number:
            // Far within the range of `Int`, so that the truncating conversion cannot trap.
            guard let number = Double(JSONScanner.token(bytes.span, value)),
                -1e15...1e15 ~= number
            else { return nil }
            return Int(number)
        default: return nil
        }
    }

    /// Returns the id at a path; a number is returned as its digits.
    func identifier(_ path: String...) -> String? {
        JSONScanner.identifier(bytes.span, value(path))
    }

    /// Returns the value at a path as JSON on one line; `nil` if it is absent or null.
    ///
    /// A value that nests too deep to be embedded is returned as a string of its text.
    func json(_ path: String...) -> [UInt8]? {
        json(value(path))
    }

    /// Returns true if the value at a path is an object.
    func hasObject(_ path: String...) -> Bool {
        value(path)?.kind == .object
    }

    /// True if the payload is a string that is not blank and holds no JSON.
    var isUnreadableText: Bool {
        guard let text else { return false }
        return !text.utf8.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
    }

    /// Returns the members of `presence`: those of `hash` in order, then those only in `ids`.
    func members() -> [ChannelMember] {
        var members: [ChannelMember] = []
        // Compared by bytes: two ids that are equal as `String` may be two users of Channels.
        var places: [[UInt8]: Int] = [:]
        if let hash = value(["presence", "hash"]) {
            for (key, info) in JSONScanner.members(bytes.span, of: hash) {
                guard let userID = JSONScanner.text(bytes.span, key) else { continue }
                let id = Array(userID.utf8)
                if let place = places[id] {
                    members[place].userInfo = json(info)
                } else {
                    places[id] = members.count
                    members.append(ChannelMember(userID: userID, userInfo: json(info)))
                }
            }
        }
        if let ids = value(["presence", "ids"]) {
            for id in JSONScanner.elements(bytes.span, of: ids) {
                guard let userID = JSONScanner.identifier(bytes.span, id),
                    places[Array(userID.utf8)] == nil
                else { continue }
                places[Array(userID.utf8)] = members.count
                members.append(ChannelMember(userID: userID))
            }
        }
        return members
    }

    private func value(_ path: [String]) -> JSONSlice? {
        JSONScanner.value(bytes.span, of: root, at: path)
    }

    private func json(_ value: JSONSlice?) -> [UInt8]? {
        guard let value, value.kind != .null else { return nil }
        guard isDeep, isTooDeep(value) else { return Array(bytes[value.range]) }
        return JSONWriter.quoted(bytes: bytes.span.extracting(value.range))
    }

    private func isTooDeep(_ value: JSONSlice) -> Bool {
        var cursor = JSONCursor(at: value.range.lowerBound, end: value.range.upperBound)
        return (try? cursor.value(bytes.span, depth: ChannelMember.infoDepth)) == nil
    }
}

/// A member of a presence channel.
package struct ChannelMember: Equatable, Sendable {
    /// The maximum nesting depth of `user_info`; the list of members in `data` adds three levels.
    static let infoDepth = EventData.maximumDepth - 3

    /// The user's id; an id that arrived as a number is kept as its digits.
    package var userID: String
    /// The application's description of the user, raw JSON on one line; `nil` if absent or null.
    package var userInfo: [UInt8]?

    /// Creates a member.
    package init(userID: String, userInfo: [UInt8]? = nil) {
        self.userID = userID
        self.userInfo = userInfo
    }

    /// Parses the data that an application signs for a member; `nil` if it names no user.
    ///
    /// An id may be a number, which is kept as its digits; `user_info` may be any JSON value.
    package init?(channelData json: [UInt8]) {
        guard let object = JSONObject(json), let userID = object.identifier("user_id") else {
            return nil
        }
        self.userID = userID
        if object["user_info"]?.kind != .null { userInfo = object.raw("user_info") }
    }

    /// The `channel_data` that subscribes as this member: `{"user_id":…,"user_info":…}`.
    ///
    /// A member without `user_info` gets an empty object: Laravel Reverb refuses every later
    /// subscription to a channel that has a member without one.
    package var channelData: [UInt8] {
        let info = userInfo ?? JSONObjectWriter().finished()
        let json: JSONObjectWriter = ["user_id": userID, "user_info": RawJSON(info)]
        return json.finished()
    }
}
