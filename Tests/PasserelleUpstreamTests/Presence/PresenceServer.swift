// SPDX-License-Identifier: MIT

import PasserelleWire

/// A Channels server as far as presence goes: connections, subscriptions, members.
struct PresenceServer {
    var memberLimit = 100
    var connectionLimit = 100
    var faults: [String] = []
    /// Connections that are gone without the server's knowing, and when it will know.
    var ghosts: [(id: Int, until: Duration)] = []
    private var nextID = 1
    private var connections: [Int: [String: String]] = [:]
    private var said: [(id: Int, message: ServerMessage)] = []

    mutating func open() -> Int {
        nextID += 1
        connections[nextID] = [:]
        return nextID
    }

    mutating func close(_ id: Int) {
        for channel in (connections[id] ?? [:]).keys.sorted() { unsubscribe(id, channel) }
        connections[id] = nil
    }

    mutating func forgetGhosts(now: Duration) {
        for ghost in ghosts where ghost.until <= now { close(ghost.id) }
        ghosts.removeAll { $0.until <= now }
    }

    func user(on id: Int, _ channel: String) -> String? { connections[id]?[channel] }

    func members(of channel: String) -> Set<String> {
        Set(connections.values.compactMap { $0[channel] })
    }

    @discardableResult
    mutating func subscribe(_ id: Int, _ channel: String, _ userID: String) -> Bool {
        guard connections[id] != nil else { return false }
        let present = members(of: channel)
        let isNew = !present.contains(userID)
        guard !isNew || userID == "passerelle" || present.count < memberLimit else {
            said.append(
                (id, .subscriptionError(channel: channel, status: 4100, message: "full")))
            return false
        }
        connections[id]?[channel] = userID
        let list = members(of: channel).sorted().map { ChannelMember(userID: $0) }
        said.append((id, .subscriptionSucceeded(channel: channel, members: list)))
        guard isNew else { return true }
        tell(channel, but: id, .memberAdded(channel: channel, ChannelMember(userID: userID)))
        return true
    }

    mutating func unsubscribe(_ id: Int, _ channel: String) {
        guard let userID = connections[id]?.removeValue(forKey: channel) else {
            faults.append("unsubscribed where there is no subscription: \(channel)")
            return
        }
        guard !members(of: channel).contains(userID) else { return }
        tell(channel, but: id, .memberRemoved(channel: channel, userID: userID))
    }

    /// Passes a client event on; answers false where its sender is on the channel no longer.
    mutating func relay(_ id: Int, _ channel: String, _ number: Int) -> Bool {
        guard let userID = connections[id]?[channel] else { return false }
        tell(
            channel, but: id,
            .event(
                channel: channel, name: "client-typing", data: Array("\(number)".utf8),
                userID: userID))
        return true
    }

    mutating func takeSaid() -> [(id: Int, message: ServerMessage)] {
        defer { said = [] }
        return said
    }

    private mutating func tell(_ channel: String, but id: Int, _ message: ServerMessage) {
        for other in connections.keys.sorted()
        where other != id && connections[other]?[channel] != nil {
            said.append((other, message))
        }
    }
}
