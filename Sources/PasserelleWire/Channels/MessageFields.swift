// SPDX-License-Identifier: MIT

/// The positions of the four members of a Channels message in its text, found in one scan.
struct MessageFields {
    /// The message's name; the initializer ensures that it is a string.
    private(set) var event: JSONSlice?
    /// The channel, if the message has one.
    private(set) var channel: JSONSlice?
    /// The payload, if the message has one.
    private(set) var data: JSONSlice?
    /// The user that sent a client event on a presence channel.
    private(set) var userID: JSONSlice?
    /// True if a value in the message nests too deep to be embedded in another document.
    private var isDeep = false

    /// Checks the whole text at any depth; the last of repeated members counts.
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

    /// Scans again without a depth limit if a value nests too deep: any member of a channel can
    /// send one, and refusing the message would cost all readers the connection.
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

    /// Records the members; returns false if the text does not start like an object.
    private mutating func scan(_ text: Span<UInt8>, depth: Int) throws(JSONError) -> Bool {
        var cursor = JSONCursor(at: Self.start(of: text), end: text.count)
        cursor.skipSpace(text)
        guard cursor.skip(UInt8(ascii: "{"), text) else { return false }
        var members = JSONMembers(afterBracket: cursor, depth: depth)
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

    /// Returns the offset after a byte order mark, which some servers send (RFC 8259 §8.1).
    private static func start(of text: Span<UInt8>) -> Int {
        text.count >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF ? 3 : 0
    }

    /// Returns the payload by the rules of `EventData`, as a string if it nests too deep for them.
    func payload(_ text: Span<UInt8>) -> [UInt8] {
        guard isDeep, let data, isTooDeep(data, text) else { return EventData.json(text, data) }
        return JSONWriter.quoted(bytes: text.extracting(data.range))
    }

    private func isTooDeep(_ value: JSONSlice, _ text: Span<UInt8>) -> Bool {
        var cursor = JSONCursor(at: value.range.lowerBound, end: value.range.upperBound)
        return (try? cursor.value(text, depth: EventData.maximumDepth)) == nil
    }

    /// Returns the channel's name; throws if the message has none.
    func requiredChannel(_ text: Span<UInt8>) throws(ChannelsMessageError) -> String {
        guard let channel = JSONScanner.text(text, channel) else {
            throw .missing(field: "channel")
        }
        return channel
    }
}
