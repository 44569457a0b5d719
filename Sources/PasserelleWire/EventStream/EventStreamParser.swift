// SPDX-License-Identifier: MIT

/// The reason why a stream cannot be parsed further.
package enum EventStreamError: Error, Equatable, Sendable {
    /// A line or an event is larger than `limit` bytes.
    case tooLarge(limit: Int)
}

/// An incremental parser for Server-Sent Events (WHATWG HTML §9.2.6).
///
/// After it has thrown, every further call throws, and the stream must be closed.
package struct EventStreamParser: Sendable {
    /// The number of comment lines received, keep-alive comments included.
    package private(set) var commentCount = 0
    /// The reconnection time in milliseconds that the stream last set.
    package private(set) var retry: Int?
    /// The last id that the stream gave to an event.
    package private(set) var lastEventID = ""

    private let limit: Int
    private var input: [UInt8] = []
    private var head = 0
    private var line: [UInt8] = []
    private var isAfterCR = false
    private var isFirstLine = true
    private var isTooLarge = false
    private var id = ""
    private var event = ""
    private var data: [UInt8] = []
    private var hasData = false

    /// Creates a parser that holds no line and no event data larger than `limit` bytes.
    package init(limit: Int = 1_048_576) {
        self.limit = limit
    }

    /// Appends the next bytes of the stream.
    package mutating func append(_ bytes: Span<UInt8>) {
        if head == input.count {
            input.removeAll(keepingCapacity: true)
            head = 0
        }
        input.append(copying: bytes)
    }

    /// Returns the next complete event, or `nil` if more bytes are needed.
    package mutating func next() throws(EventStreamError) -> EventStreamMessage? {
        guard !isTooLarge else { throw .tooLarge(limit: limit) }
        while head < input.count {
            let byte = input[head]
            head += 1
            if byte == 0x0A, isAfterCR {
                isAfterCR = false
                continue
            }
            isAfterCR = byte == 0x0D
            guard byte == 0x0A || byte == 0x0D else {
                guard line.count < limit else { throw broken() }
                line.append(byte)
                continue
            }
            if let message = try endOfLine() { return message }
        }
        return nil
    }

    private mutating func broken() -> EventStreamError {
        isTooLarge = true
        return .tooLarge(limit: limit)
    }

    private mutating func endOfLine() throws(EventStreamError) -> EventStreamMessage? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard let first = line.first else { return dispatch() }
        guard first != UInt8(ascii: ":") else {
            commentCount += 1
            return nil
        }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.count
        var value = line.dropFirst(colon + 1)
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        try field(String(decoding: line[..<colon], as: UTF8.self), value)
        return nil
    }

    private mutating func field(
        _ name: String, _ value: ArraySlice<UInt8>
    ) throws(EventStreamError) {
        switch name {
        case "event": event = String(decoding: value, as: UTF8.self)
        case "data":
            guard data.count + value.count + (hasData ? 1 : 0) <= limit else { throw broken() }
            if hasData { data.append(UInt8(ascii: "\n")) }
            data.append(contentsOf: value)
            hasData = true
        case "id":
            if !value.contains(0) { id = String(decoding: value, as: UTF8.self) }
        case "retry":
            let isDigits = value.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            if isDigits, let time = Int(String(decoding: value, as: UTF8.self)) { retry = time }
        default: break
        }
    }

    private mutating func dispatch() -> EventStreamMessage? {
        defer {
            event = ""
            data = []
            hasData = false
        }
        lastEventID = id
        guard hasData else { return nil }
        return EventStreamMessage(
            id: id, event: event.isEmpty ? "message" : event, data: data, retry: retry)
    }
}

/// An event as the client of a stream receives it.
package struct EventStreamMessage: Equatable, Sendable {
    /// The last id in the stream; empty before the first.
    package var id: String
    /// The event's name; `message` if the stream omits it.
    package var event: String
    /// The data lines, joined by LF.
    package var data: [UInt8]
    /// The reconnection time in milliseconds that the stream last set.
    package var retry: Int?
}
