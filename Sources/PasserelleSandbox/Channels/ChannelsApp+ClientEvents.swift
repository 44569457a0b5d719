// SPDX-License-Identifier: MIT
import PasserelleWire

extension ChannelsApp {
    /// The largest `data` of an event, in bytes of its text.
    static let dataLimit = 10_240

    /// Passes a client's event on to the other subscribers, or says in an error why not.
    ///
    /// `data` is passed on as it came. The user id on a presence channel is the one that the
    /// sender subscribed with, whatever the sender says.
    mutating func relay(_ id: Int, channel: String, name: String, data: [UInt8], now: Duration) {
        guard let connection = connections[id] else { return }
        if let refusal = refusal(of: name, on: channel, by: connection, data: data) {
            return complain(to: id, refusal)
        }
        guard let subscribed = channels[channel] else { return }
        guard connections[id]?.clientEvents.admits(at: now) ?? false else {
            return complain(
                to: id,
                "Client event rejected: more than \(EventRate.limit) in a second", code: 4301)
        }
        let userID = subscribed.member(through: id)?.userID
        let frame = ServerMessage.encodedEvent(
            channel: channel, name: name, wireData: data, userID: userID)
        counts.clientEvents += 1
        send(frame, toAll: subscribed.connections, but: id)
        tellWebhook(
            .clientEvent(
                channel: channel, name: name, data: data, socketID: connection.socketID,
                userID: userID))
    }

    private func refusal(
        of name: String, on channel: String, by connection: AppConnection, data: [UInt8]
    ) -> String? {
        guard configuration.clientEvents, misbehaviour.passesClientEvents else {
            return "To send client events, you must enable this feature in the Settings page of "
                + "your dashboard."
        }
        guard EventName.isValid(name) else {
            return "Client event names have at most \(EventName.maximumLength) characters"
        }
        guard let named = try? ChannelName(channel), named.kind != .public else {
            return "Client events are only supported on private and presence channels"
        }
        guard connection.channels.contains(channel) else {
            return "Client event rejected: not subscribed to channel \(channel)"
        }
        guard data.count <= Self.dataLimit else {
            return "The data content of this event exceeds the allowed maximum "
                + "(\(Self.dataLimit) bytes)"
        }
        return nil
    }
}
