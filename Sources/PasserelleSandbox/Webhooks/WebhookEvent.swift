// SPDX-License-Identifier: MIT

import PasserelleWire

/// An event sent to the application's webhook.
package enum WebhookEvent: Hashable, Sendable {
    /// The first client subscribed.
    case channelOccupied(String)
    /// The last subscriber left and did not return.
    case channelVacated(String)
    /// A user joined a presence channel.
    case memberAdded(channel: String, userID: String)
    /// A user left a presence channel and did not return.
    case memberRemoved(channel: String, userID: String)
    /// A cache channel had no event for a subscriber.
    case cacheMiss(String)
    /// A client sent an event; `data` is JSON as received, the user id only on presence channels.
    case clientEvent(
        channel: String, name: String, data: [UInt8], socketID: String, userID: String?)
    /// The subscription count of a channel changed.
    case subscriptionCount(channel: String, Int)

    /// The event as a JSON object for the `events` of a webhook's body.
    var encoded: [UInt8] {
        var event = JSONObjectWriter()
        func begin(_ name: String, _ channel: String, userID: String? = nil) {
            event.member("name", name)
            event.member("channel", channel)
            if let userID { event.member("user_id", userID) }
        }
        switch self {
        case .channelOccupied(let channel): begin("channel_occupied", channel)
        case .channelVacated(let channel): begin("channel_vacated", channel)
        case .memberAdded(let channel, let userID): begin("member_added", channel, userID: userID)
        case .memberRemoved(let channel, let userID):
            begin("member_removed", channel, userID: userID)
        case .cacheMiss(let channel): begin("cache_miss", channel)
        case .clientEvent(let channel, let name, let data, let socketID, let userID):
            begin("client_event", channel)
            event.member("event", name)
            event.member("data", json: data)
            event.member("socket_id", socketID)
            if let userID { event.member("user_id", userID) }
        case .subscriptionCount(let channel, let count):
            begin("subscription_count", channel)
            event.member("subscription_count", count)
        }
        return event.finished()
    }
}
