// SPDX-License-Identifier: MIT

import PasserelleWire

/// Channels, as far as one gateway sees it: one connection, subscriptions, members, and frames on
/// their way in order.
struct SimulatedServer {
    /// A message on its way, and the newest thing said when it set out.
    struct Frame {
        let message: ServerMessage
        let newest: Int
    }

    private(set) var isConnected = false
    private var subscribed: Set<String> = []
    private var members: [String: [String]] = [:]
    /// Frames that have not reached the gateway, oldest first.
    private var frames: [Frame] = []
    /// The newest message that the application has said anywhere.
    var newest = 0
    private var connections = 0
    private var refusals = 0

    /// The gateway opened a connection.
    mutating func accepted() {
        lost()
        isConnected = true
        connections += 1
        let socketID = "1.\(connections)"
        frames = []
        send(.connectionEstablished(socketID: socketID, activityTimeout: 120))
    }

    /// The connection is gone, and with it all that was on its way.
    mutating func lost() {
        isConnected = false
        subscribed = []
        frames = []
    }

    /// The gateway said something.
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

    /// Says a subscription's answer again.
    mutating func duplicate(_ channel: String) {
        if subscribed.contains(channel) { send(snapshot(of: channel)) }
    }

    /// The application says something; whoever is not subscribed never hears it.
    mutating func said(_ name: String, _ json: String, on channel: String, userID: String? = nil) {
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

    /// The next frame that reaches the gateway.
    mutating func takeFrame() -> Frame? {
        frames.isEmpty ? nil : frames.removeFirst()
    }

    /// Who is on a channel now.
    func present(on channel: String) -> Set<String> { Set(members[channel, default: []]) }

    private mutating func send(_ message: ServerMessage) {
        frames.append(Frame(message: message, newest: newest))
    }

    private func snapshot(of channel: String) -> ServerMessage {
        let list = members[channel, default: []].map { ChannelMember(userID: $0) }
        return .subscriptionSucceeded(channel: channel, members: list)
    }
}
