// SPDX-License-Identifier: MIT

import PasserelleWire

/// Channels as one gateway sees it: a connection, subscriptions, members, and frames in flight.
struct SimulatedServer {
    /// A message in flight, and the newest message published when it was sent.
    struct Frame {
        let message: ServerMessage
        let newest: Int
    }

    private(set) var isConnected = false
    private var subscribed: Set<String> = []
    private var members: [String: [String]] = [:]
    /// Frames that have not reached the gateway, oldest first.
    private var frames: [Frame] = []
    /// The newest message that the application has published on any channel.
    var newest = 0
    private var connections = 0
    private var refusals = 0

    /// Accepts a connection of the gateway.
    mutating func accepted() {
        lost()
        isConnected = true
        connections += 1
        let socketID = "1.\(connections)"
        frames = []
        send(.connectionEstablished(socketID: socketID, activityTimeout: 120))
    }

    /// Drops the connection with all frames in flight.
    mutating func lost() {
        isConnected = false
        subscribed = []
        frames = []
    }

    /// Handles a message of the gateway.
    mutating func received(_ message: ClientMessage) {
        guard isConnected else { return }
        switch message {
        case .subscribe(let channel, _, _):
            guard refusals == 0 else {
                refusals -= 1
                send(
                    .subscriptionError(channel: channel, status: 403, message: "not now"))
                return
            }
            subscribed.insert(channel)
            send(snapshot(of: channel))
        case .unsubscribe(let channel): subscribed.remove(channel)
        case .ping: send(.pong)
        default: break
        }
    }

    mutating func refuseNext() { refusals += 1 }

    /// Repeats the answer to a subscription.
    mutating func duplicate(_ channel: String) {
        if subscribed.contains(channel) { send(snapshot(of: channel)) }
    }

    /// Publishes an event of the application, unless the channel is not subscribed.
    mutating func published(
        _ name: String, _ json: String, on channel: String, userID: String? = nil
    ) {
        guard subscribed.contains(channel) else { return }
        send(
            .event(channel: channel, name: name, data: Array(json.utf8), userID: userID))
    }

    mutating func joined(_ user: String, _ channel: String) {
        guard !members[channel, default: []].contains(user) else { return }
        members[channel, default: []].append(user)
        guard subscribed.contains(channel) else { return }
        send(.memberAdded(channel: channel, ChannelMember(userID: user)))
    }

    mutating func left(_ user: String, _ channel: String) {
        guard members[channel, default: []].contains(user) else { return }
        members[channel, default: []].removeAll { $0 == user }
        guard subscribed.contains(channel) else { return }
        send(.memberRemoved(channel: channel, userID: user))
    }

    /// Returns the next frame that reaches the gateway.
    mutating func takeFrame() -> Frame? {
        frames.isEmpty ? nil : frames.removeFirst()
    }

    /// Returns the members of a channel.
    func present(on channel: String) -> Set<String> { Set(members[channel, default: []]) }

    private mutating func send(_ message: ServerMessage) {
        frames.append(Frame(message: message, newest: newest))
    }

    private func snapshot(of channel: String) -> ServerMessage {
        let list = members[channel, default: []].map { ChannelMember(userID: $0) }
        return .subscriptionSucceeded(channel: channel, members: list)
    }
}
