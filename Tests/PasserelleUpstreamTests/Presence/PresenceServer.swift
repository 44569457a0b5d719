// SPDX-License-Identifier: MIT

import PasserelleWire

/// The presence part of a Channels server: connections, subscriptions, members.
struct PresenceServer {
    var memberLimit = 100
    var connectionLimit = 100
    var faults: [String] = []
    /// Lost connections that the server has not noticed, and the time at which it does.
    var ghosts: [(id: Int, until: Duration)] = []
    private var nextID = 1
    private var connections: [Int: [String: String]] = [:]
    /// The refused channels of each connection that were not unsubscribed since.
    ///
    /// The gateway must send exactly one `unsubscribe` after each refusal, because Laravel Reverb
    /// keeps the member that it refuses. Without a refusal it is a fault.
    private var refused: [Int: Set<String>] = [:]
    private var outgoing: [(id: Int, message: ServerMessage)] = []

    mutating func open() -> Int {
        nextID += 1
        connections[nextID] = [:]
        return nextID
    }

    mutating func close(_ id: Int) {
        for channel in (connections[id] ?? [:]).keys.sorted() { unsubscribe(id, channel) }
        connections[id] = nil
        refused[id] = nil
    }

    mutating func forgetGhosts(now: Duration) {
        for ghost in ghosts where ghost.until <= now { close(ghost.id) }
        ghosts.removeAll { $0.until <= now }
    }

    func users(on id: Int) -> [String: String] { connections[id] ?? [:] }

    func refusals(on id: Int) -> Set<String> { refused[id] ?? [] }

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
            outgoing.append(
                (id, .subscriptionError(channel: channel, status: 4100, message: "full")))
            if !refused[id, default: []].insert(channel).inserted {
                faults.append("\(channel) is subscribed before its refusal is unsubscribed")
            }
            return false
        }
        if refused[id]?.contains(channel) == true {
            faults.append("\(channel) is subscribed before its refusal is unsubscribed")
        }
        connections[id]?[channel] = userID
        let list = members(of: channel).sorted().map { ChannelMember(userID: $0) }
        outgoing.append((id, .subscriptionSucceeded(channel: channel, members: list)))
        guard isNew else { return true }
        broadcast(channel, but: id, .memberAdded(channel: channel, ChannelMember(userID: userID)))
        return true
    }

    mutating func unsubscribe(_ id: Int, _ channel: String) {
        guard let userID = connections[id]?.removeValue(forKey: channel) else {
            if refused[id]?.remove(channel) == nil {
                faults.append("unsubscribed without a subscription: \(channel)")
            }
            return
        }
        guard !members(of: channel).contains(userID) else { return }
        broadcast(channel, but: id, .memberRemoved(channel: channel, userID: userID))
    }

    /// Relays a client event; returns false if its sender is no longer on the channel.
    mutating func relay(_ id: Int, _ channel: String, _ number: Int) -> Bool {
        guard let userID = connections[id]?[channel] else { return false }
        broadcast(
            channel, but: id,
            .event(
                channel: channel, name: "client-typing", data: Array("\(number)".utf8),
                userID: userID))
        return true
    }

    mutating func takeOutgoing() -> [(id: Int, message: ServerMessage)] {
        defer { outgoing = [] }
        return outgoing
    }

    private mutating func broadcast(_ channel: String, but id: Int, _ message: ServerMessage) {
        for other in connections.keys.sorted()
        where other != id && connections[other]?[channel] != nil {
            outgoing.append((other, message))
        }
    }
}
