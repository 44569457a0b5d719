// SPDX-License-Identifier: MIT

/// An event as a reader of a stream gets it.
package struct EventStreamMessage: Equatable, Sendable {
    /// The last id that the stream has named, empty where none was.
    package var id: String
    /// The event's name; `message` where the stream gives none.
    package var event: String
    /// The data lines, joined by LF.
    package var data: [UInt8]
    /// The reconnection time in milliseconds that the stream has last asked for.
    package var retry: Int?
}

/// Why a stream cannot be read on.
package enum EventStreamError: Error, Equatable, Sendable {
    /// A line or an event is larger than `limit` bytes.
    case tooLarge(limit: Int)
}

/// Reads Server-Sent Events (WHATWG HTML §9.2.6) from bytes that come in any pieces.
package struct EventStreamParser: Sendable {
    /// How many comment lines have come, heartbeats among them.
    package private(set) var commentCount = 0
    /// The reconnection time in milliseconds that the stream has last asked for.
    package private(set) var retry: Int?
    /// The last id that the stream has named.
    package private(set) var lastEventID = ""

    /// Makes a parser that holds no line and no event larger than `limit` bytes.
    package init(limit: Int = 1_048_576) {}

    /// Takes the next bytes of the stream.
    package mutating func append(_ bytes: Span<UInt8>) {}

    /// The next whole event, or nil when more bytes are needed.
    package mutating func next() throws(EventStreamError) -> EventStreamMessage? { nil }
}
