// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleWire

/// The client events that the gateway sent on one connection; the other one receives copies.
///
/// The hub has them already. Servers write `data` anew, and some add no `user_id`, so that copies
/// are compared by their values.
struct SentCopies {
    /// The longest delay of a copy.
    static let timeout: Duration = .seconds(10)
    /// The number of events kept; beyond it the oldest is dropped.
    static let limit = 1_024

    /// A client event that was sent; `stamp` is the `user_id` that the server may add.
    struct Sent {
        let channel: String
        let name: String
        let data: [UInt8]
        let stamp: String?
        /// The connection that sent it.
        let side: UpstreamMerge.Side
        let at: Duration
    }

    private var events: [Sent] = []

    /// Records an event that was sent.
    mutating func add(_ event: Sent) {
        events.removeAll { event.at - $0.at >= Self.timeout }
        if events.count == Self.limit { events.removeFirst() }
        events.append(event)
    }

    /// Returns true if a message is the copy of an event that was sent, and removes the event.
    mutating func take(_ arrival: Joining.Arrival, from side: UpstreamMerge.Side) -> Bool {
        guard !events.isEmpty, EventName.isClientEvent(arrival.occurrence.name),
            case .event(let channel, let name, let data, let userID) = arrival.report
        else { return false }
        let index = events.firstIndex { event in
            event.side != side && event.channel == channel && event.name.hasSameBytes(as: name)
                && arrival.at - event.at < Self.timeout
                && (userID == nil || event.stamp == userID)
                && JSONScanner.isSameValue(event.data, data)
        }
        guard let index else { return false }
        events.remove(at: index)
        return true
    }
}
