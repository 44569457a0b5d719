// SPDX-License-Identifier: MIT

/// Where the four members of a Channels message stand in its text, found in one scan.
struct MessageFields {
    /// The message's name; the initializer lets no other than a string pass.
    private(set) var event: JSONSlice?
    /// The channel, if the message has one.
    private(set) var channel: JSONSlice?
    /// The payload, if the message has one.
    private(set) var data: JSONSlice?
    /// The user who sent a client event on a presence channel.
    private(set) var userID: JSONSlice?
    /// Whether something in the message nests deeper than what we wrap data in can.
    private var isDeep = false

    /// Checks the whole text, however deep it nests; of a repeated member the last counts.
    init(_ text: Span<UInt8>) throws(ChannelsMessageError) {
        let isObject: Bool
        do throws(JSONError) {
            isObject = try scanAny(text)
        } catch {
            throw .json(error)
        }
        guard isObject else { throw .notAnObject }
        guard event?.kind == .string else { throw .noEvent }
    }

    /// Takes a second look at what nests deep: any member of a channel can send that, and a message
    /// that was refused for it would cost everybody the connection.
    private mutating func scanAny(_ text: Span<UInt8>) throws(JSONError) -> Bool {
        do throws(JSONError) {
            return try scan(text, depth: EventData.maximumDepth)
        } catch .tooDeep {
            self = MessageFields()
            isDeep = true
            return try scan(text, depth: text.count)
        }
    }

    private init() {}

    /// Notes the members; false for JSON that is no object.
    private mutating func scan(_ text: Span<UInt8>, depth: Int) throws(JSONError) -> Bool {
        var cursor = JSONCursor(at: 0, end: text.count)
        cursor.skipSpace(text)
        guard cursor.skip(UInt8(ascii: "{"), text) else {
            _ = try JSONScanner.document(text)
            return false
        }
        var members = JSONMembers(behindBracket: cursor, depth: depth)
        while let (key, value) = try members.next(text) {
            if JSONScanner.equals(text, key, "data") {
                data = value
            } else if JSONScanner.equals(text, key, "event") {
                event = value
            } else if JSONScanner.equals(text, key, "channel") {
                channel = value
            } else if JSONScanner.equals(text, key, "user_id") {
                userID = value
            }
        }
        cursor = members.position
        cursor.skipSpace(text)
        guard cursor.at == text.count else { throw .unexpectedByte(at: cursor.at) }
        return true
    }

    /// The payload as `EventData` has it; one that nests too deep for that is told as its text.
    func payload(_ text: Span<UInt8>) -> [UInt8] {
        guard isDeep, let data, isTooDeep(data, text) else { return EventData.json(text, data) }
        var out: [UInt8] = []
        JSONWriter.string(bytes: text.extracting(data.range), into: &out)
        return out
    }

    private func isTooDeep(_ value: JSONSlice, _ text: Span<UInt8>) -> Bool {
        var cursor = JSONCursor(at: value.range.lowerBound, end: value.range.upperBound)
        return (try? cursor.value(text, depth: EventData.maximumDepth)) == nil
    }

    /// The channel's name, without which the message is nothing.
    func requiredChannel(_ text: Span<UInt8>) throws(ChannelsMessageError) -> String {
        guard let channel = JSONScanner.text(text, channel) else {
            throw .missing(field: "channel")
        }
        return channel
    }
}
