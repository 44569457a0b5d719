// SPDX-License-Identifier: MIT

/// Something that the application's web hook is told.
package enum WebhookEvent: Hashable, Sendable {
    /// The first subscriber came.
    case channelOccupied(String)
    /// The last subscriber left and did not come back.
    case channelVacated(String)
    /// A user came into a presence channel.
    case memberAdded(channel: String, userID: String)
    /// A user left a presence channel and did not come back.
    case memberRemoved(channel: String, userID: String)
    /// A subscriber of a cache channel found it empty.
    case cacheMiss(String)
    /// A client sent an event; `data` is JSON as it came, the user id only on presence.
    case clientEvent(
        channel: String, name: String, data: [UInt8], socketID: String, userID: String?)
    /// A channel's number of subscriptions changed.
    case subscriptionCount(channel: String, Int)

    /// The event as the JSON object that stands in the `events` of a web hook's body.
    var encoded: [UInt8] {
        var event = JSONObject()
        switch self {
        case .channelOccupied(let channel):
            event.add("name", "channel_occupied")
            event.add("channel", channel)
        case .channelVacated(let channel):
            event.add("name", "channel_vacated")
            event.add("channel", channel)
        case .memberAdded(let channel, let userID):
            event.add("name", "member_added")
            event.add("channel", channel)
            event.add("user_id", userID)
        case .memberRemoved(let channel, let userID):
            event.add("name", "member_removed")
            event.add("channel", channel)
            event.add("user_id", userID)
        case .cacheMiss(let channel):
            event.add("name", "cache_miss")
            event.add("channel", channel)
        case .clientEvent(let channel, let name, let data, let socketID, let userID):
            event.add("name", "client_event")
            event.add("channel", channel)
            event.add("event", name)
            event.add("data", raw: data)
            event.add("socket_id", socketID)
            if let userID { event.add("user_id", userID) }
        case .subscriptionCount(let channel, let count):
            event.add("name", "subscription_count")
            event.add("channel", channel)
            event.add("subscription_count", number: count)
        }
        return event.bytes
    }
}
