// SPDX-License-Identifier: MIT

/// The reason why a text frame is not a Channels message.
package enum ChannelsMessageError: Error, Equatable, Sendable {
    /// The frame starts like an object, but is not JSON or nests too deep.
    case json(JSONError)
    /// The frame does not start like an object: it is empty, `null` or another value.
    case notAnObject
    /// The object has no `event` that is a string.
    case noEvent
    /// A required field of a protocol message is missing or invalid.
    case missing(field: String)

    /// True if the frame holds no message at all, so that ignoring it loses no event.
    ///
    /// False for a truncated or damaged frame, which may have been an event.
    package var isWithoutMessage: Bool {
        switch self {
        case .notAnObject, .noEvent: true
        case .json, .missing: false
        }
    }
}

extension ChannelsMessageError: CustomStringConvertible {
    /// A noun phrase for a log line; contains no bytes of the frame.
    package var description: String {
        switch self {
        case .json: "a text that is not JSON"
        case .notAnObject: "a text that is not a JSON object"
        case .noEvent: "a message without an event name"
        case .missing(let field):
            "a message whose field \(field) is missing or cannot be used"
        }
    }
}
