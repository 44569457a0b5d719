// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleWire

/// The client events recently sent on users' own subscriptions.
///
/// They identify the echo of these events on the observer's connection.
///
/// Hosted Channels stamps a client event with its sender's `user_id`. Other servers (poxa, ipe,
/// pusher-fake) do not, and then only the payload names the user, which any client can forge. An
/// event without a stamp is therefore attributed to a user only if the gateway has just sent the
/// same payload for that user. Each event sent matches one event received, so a forged event can
/// at most replace an equal one.
struct SentClientEvents {
    /// The longest delay of an echo.
    static let echoTimeout: Duration = .seconds(10)
    /// The number of events retained; beyond it the oldest is dropped.
    static let limit = 1_024
    /// The size of the retained names and payloads, in bytes; beyond it the oldest are dropped.
    ///
    /// Events may be retained after `echoTimeout`, until the next event is sent or received.
    static let byteLimit = 1 << 20

    /// A client event as the observer receives it; `stamp` is the server's `user_id`.
    struct Received {
        let name: String
        let data: [UInt8]
        let channel: String
        let stamp: String?
    }

    private struct Entry {
        let name: String
        let data: [UInt8]
        let user: ChannelUser
        let at: Duration

        var bytes: Int { name.utf8.count + data.count }
    }

    /// The events in the order in which they were sent.
    private var entries: [Entry] = []
    /// The size of all entries, in bytes.
    private(set) var bytes = 0

    /// The number of events retained.
    var count: Int { entries.count }

    /// Records an event sent on its user's own subscription.
    mutating func sent(_ outgoing: ClientEventPlanner.OutgoingEvent, now: Duration) {
        forget(now: now)
        let entry = Entry(name: outgoing.name, data: outgoing.data, user: outgoing.user, at: now)
        bytes += entry.bytes
        entries.append(entry)
        while entries.count > Self.limit || bytes > Self.byteLimit {
            bytes -= entries.removeFirst().bytes
        }
    }

    /// Returns the user for which a received event was sent, and removes the event; `nil` if none.
    mutating func takeSender(of event: Received, now: Duration) -> String? {
        guard !entries.isEmpty else { return nil }
        forget(now: now)
        guard let userID = event.stamp ?? ClientEventData.userID(in: event.data) else { return nil }
        let sender = ChannelUser(event.channel, userID)
        let index = entries.firstIndex { entry in
            entry.user == sender && entry.name.hasSameBytes(as: event.name)
                && (event.stamp != nil || JSONScanner.isSameValue(entry.data, event.data))
        }
        return index.map {
            let entry = entries.remove(at: $0)
            bytes -= entry.bytes
            return entry.user.userID
        }
    }

    private mutating func forget(now: Duration) {
        let old = entries.prefix { now - $0.at >= Self.echoTimeout }
        bytes -= old.reduce(0) { $0 + $1.bytes }
        entries.removeFirst(old.count)
    }
}
