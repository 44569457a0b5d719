// SPDX-License-Identifier: MIT
import PasserelleTesting

/// The event `passerelle:upstream` as a stream or a line delivered it.
struct UpstreamNotice: Equatable {
    static let event = "passerelle:upstream"

    let state: String
    let since: String

    /// Reads an event object, which has neither an id nor a channel.
    init(_ bytes: [UInt8]) throws {
        let json = try JSONText(bytes)
        guard json.names == ["time", "event", "data"], try json.string(["event"]) == Self.event
        else { throw TestFailure("no state of Channels: \(json.text)") }
        state = try json.string(["data", "state"])
        since = try json.string(["data", "since"])
    }

    /// Returns whether an event object is this event.
    static func isOne(_ bytes: [UInt8]) -> Bool {
        member(bytes, "event") == event
    }
}
