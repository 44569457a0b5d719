// SPDX-License-Identifier: MIT
import PasserelleWire

extension ChannelsApp {
    /// Above how many subscriptions their number is told only now and then.
    static let crowd = 100
    /// How often, then.
    static let crowdInterval = Duration.seconds(5)

    /// Whether `timePassed` has anything to do before something else happens.
    package var needsTime: Bool { !connections.isEmpty || !departures.isEmpty }

    /// Does what is due: pings to the silent, the end of the dead, counts and web hooks put off.
    package mutating func timePassed(now: Duration) -> [ChannelsAction] {
        for id in connections.keys.sorted() { ping(id, now: now) }
        for channel in channels.values where channel.countPending {
            countChanged(channel.name.text, now: now)
        }
        for event in departures.due(now: now) { tellWebhook(event) }
        return takeActions()
    }

    /// Tells the number of subscriptions to the subscribers, or puts it off on a crowded channel.
    mutating func countChanged(_ name: String, now: Duration) {
        guard configuration.subscriptionCounts, let channel = channels[name],
            channel.name.kind != .presence
        else { return }
        let count = channel.connections.count
        if let told = channel.countTold, count > Self.crowd, now - told < Self.crowdInterval {
            channels[name]?.countPending = true
            return
        }
        channels[name]?.countPending = false
        channels[name]?.countTold = now
        let message = ServerMessage.subscriptionCount(channel: name, count)
        send(message.encoded(), toAll: channel.connections)
        tellWebhook(.subscriptionCount(channel: name, count))
    }

    private mutating func ping(_ id: Int, now: Duration) {
        guard let connection = connections[id] else { return }
        if let pingedAt = connection.pingedAt {
            guard now - pingedAt >= configuration.pongTimeout else { return }
            close(id, code: 4201, reason: "Pong reply not received in time", now: now)
        } else if now - connection.lastHeard >= .seconds(configuration.activityTimeout) {
            connections[id]?.pingedAt = now
            send(.ping, to: id)
        }
    }
}
