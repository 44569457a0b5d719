// SPDX-License-Identifier: MIT

/// Why a stream cannot be read on.
package enum EventStreamError: Error, Equatable, Sendable {
    /// A line or an event is larger than `limit` bytes.
    case tooLarge(limit: Int)
}

/// Reads Server-Sent Events (WHATWG HTML §9.2.6) from bytes that come in any pieces.
///
/// Once it has thrown it stays broken: the stream is to be left.
package struct EventStreamParser: Sendable {
    /// How many comment lines have come, heartbeats among them.
    package private(set) var commentCount = 0
    /// The reconnection time in milliseconds that the stream has last asked for.
    package private(set) var retry: Int?
    /// The last id that an event of the stream was given.
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

    /// Makes a parser that holds no line and no event's data larger than `limit` bytes.
    package init(limit: Int = 1_048_576) {
        self.limit = limit
    }

    /// Takes the next bytes of the stream.
    package mutating func append(_ bytes: Span<UInt8>) {
        if head == input.count {
            input.removeAll(keepingCapacity: true)
            head = 0
        }
        input.append(addingCapacity: bytes.count) { out in
            for at in bytes.indices { out.append(bytes[at]) }
        }
    }

    /// The next whole event, or nil when more bytes are needed.
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
