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

    /// Names what came.
    package init(id: String, event: String, data: [UInt8], retry: Int? = nil) {
        self.id = id
        self.event = event
        self.data = data
        self.retry = retry
    }
}
