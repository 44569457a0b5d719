// SPDX-License-Identifier: MIT

/// The `data` of one of Channels' own messages, whether it came as an object or as a string.
struct MessagePayload {
    private let bytes: [UInt8]
    private let root: JSONSlice
    /// Whether something in it nests deeper than what is embedded elsewhere can.
    private let isDeep: Bool

    /// Decodes the payload; one that is absent is `null`.
    init(_ text: Span<UInt8>, _ fields: MessageFields) {
        let bytes = fields.payload(text)
        // What `EventData` gives is JSON; were it not, the payload would be as good as absent.
        let root = (try? JSONScanner.document(bytes.span)) ?? JSONSlice(kind: .null, range: 0..<0)
        if let (deepBytes, deepRoot) = Self.deepObject(bytes, root) {
            (self.bytes, self.root, isDeep) = (deepBytes, deepRoot, true)
        } else {
            (self.bytes, self.root, isDeep) = (bytes, root, false)
        }
    }

    /// The object that a string holds which stayed one for its depth.
    ///
    /// What one member says of themselves is in there with what all others do: it is read, and that
    /// one told as text.
    private static func deepObject(
        _ bytes: [UInt8], _ root: JSONSlice
    ) -> (bytes: [UInt8], root: JSONSlice)? {
        guard root.kind == .string, root.range.count > 2,
            bytes[root.range.lowerBound + 1] == UInt8(ascii: "{"),
            var text = JSONScanner.stringKeepingLoneSurrogates(bytes.span, root),
            let object = try? JSONScanner.deepDocument(text.span)
        else { return nil }
        // In JSON they stand between tokens only.
        for at in text.indices where text[at] == 0x0A || text[at] == 0x0D { text[at] = 0x20 }
        return (text, object)
    }

    /// What the payload is.
    var kind: JSONSlice.Kind { root.kind }

    /// The payload's own text, if it is a string that holds no JSON.
    var text: String? { JSONScanner.text(bytes.span, root) }

    /// The payload's own value, if it is a whole number.
    var integer: Int? { JSONScanner.integer(bytes.span, root) }

    /// A string at a path.
    func text(_ path: String...) -> String? {
        JSONScanner.text(bytes.span, value(path))
    }

    /// A whole number at a path; digits in a string and a fraction, which is cut off, count as well.
    func integer(_ path: String...) -> Int? {
        guard let value = value(path) else { return nil }
        if let number = JSONScanner.integer(bytes.span, value) { return number }
        switch value.kind {
        case .string: return JSONScanner.text(bytes.span, value).flatMap { Int($0) }
        case .number:
            // Far inside of what an Int takes, so that the conversion, which cuts, cannot trap.
            guard let number = Double(JSONScanner.token(bytes.span, value)),
                -1e15...1e15 ~= number
            else { return nil }
            return Int(number)
        default: return nil
        }
    }

    /// A user's id at a path, a number as its digits.
    func userID(_ path: String...) -> String? {
        userID(value(path))
    }

    /// A value at a path as JSON on one line, its text where it nests too deep to be embedded; nil
    /// where it is absent or null.
    func json(_ path: String...) -> [UInt8]? {
        json(value(path))
    }

    /// Whether there is an object at a path.
    func hasObject(_ path: String...) -> Bool {
        value(path)?.kind == .object
    }

    /// The users of `presence`: `hash` in its order, then whom only `ids` names.
    func members() -> [ChannelMember] {
        var members: [ChannelMember] = []
        var places: [String: Int] = [:]
        if let hash = value(["presence", "hash"]) {
            for (key, info) in JSONScanner.members(bytes.span, of: hash) {
                guard let userID = JSONScanner.text(bytes.span, key) else { continue }
                if let place = places[userID] {
                    members[place].userInfo = json(info)
                } else {
                    places[userID] = members.count
                    members.append(ChannelMember(userID: userID, userInfo: json(info)))
                }
            }
        }
        if let ids = value(["presence", "ids"]) {
            for id in JSONScanner.elements(bytes.span, of: ids) {
                guard let userID = userID(id), places[userID] == nil else { continue }
                places[userID] = members.count
                members.append(ChannelMember(userID: userID))
            }
        }
        return members
    }

    private func value(_ path: [String]) -> JSONSlice? {
        JSONScanner.value(bytes.span, of: root, at: path)
    }

    private func userID(_ value: JSONSlice?) -> String? {
        guard let value, value.kind == .number else {
            return JSONScanner.text(bytes.span, value)
        }
        return JSONScanner.token(bytes.span, value)
    }

    private func json(_ value: JSONSlice?) -> [UInt8]? {
        guard let value, value.kind != .null else { return nil }
        guard isDeep, isTooDeep(value) else { return Array(bytes[value.range]) }
        var text: [UInt8] = []
        JSONWriter.string(bytes: bytes.span.extracting(value.range), into: &text)
        return text
    }

    private func isTooDeep(_ value: JSONSlice) -> Bool {
        var cursor = JSONCursor(at: value.range.lowerBound, end: value.range.upperBound)
        return (try? cursor.value(bytes.span, depth: ChannelMember.infoDepth)) == nil
    }
}
