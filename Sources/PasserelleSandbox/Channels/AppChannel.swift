// SPDX-License-Identifier: MIT

import PasserelleWire

/// An occupied channel: its connections and, on a presence channel, its users.
struct AppChannel: Equatable {
    /// A distinct user of a presence channel, with all connections of that user.
    struct Member: Equatable {
        /// The user as described by the first connection.
        let member: ChannelMember
        /// Never empty.
        var connections: [Int]
    }

    /// The channel's name.
    let name: ChannelName
    /// Ascending, so that broadcasts have a fixed order.
    private(set) var connections: [Int] = []
    /// In the order of arrival.
    private(set) var members: [Member] = []
    /// The time at which the subscription count was last sent to the subscribers.
    var countSent: Duration?
    /// True if a change of the subscription count has not been sent yet.
    var countPending = false

    /// Adds a connection.
    mutating func join(_ connection: Int) {
        connections.insert(connection, at: index(of: connection))
    }

    /// The user that the connection represents on the channel.
    func member(through connection: Int) -> ChannelMember? {
        members.first { $0.connections.contains(connection) }?.member
    }

    /// True if the user is present through any connection.
    func holds(userID: String) -> Bool {
        place(of: userID) != nil
    }

    /// Adds a connection of a user; returns true if the user is new to the channel.
    mutating func join(_ connection: Int, as member: ChannelMember) -> Bool {
        join(connection)
        if let known = place(of: member.userID) {
            members[known].connections.append(connection)
            return false
        }
        members.append(Member(member: member, connections: [connection]))
        return true
    }

    /// Removes a connection; returns the user if this was the user's last connection.
    mutating func leave(_ connection: Int) -> ChannelMember? {
        let place = index(of: connection)
        if place < connections.count, connections[place] == connection {
            connections.remove(at: place)
        }
        guard let known = members.firstIndex(where: { $0.connections.contains(connection) })
        else { return nil }
        members[known].connections.removeAll { $0 == connection }
        guard members[known].connections.isEmpty else { return nil }
        return members.remove(at: known).member
    }

    /// Channels compares user ids byte by byte.
    private func place(of userID: String) -> Int? {
        members.firstIndex { $0.member.userID.utf8.elementsEqual(userID.utf8) }
    }

    /// The first index at which the connection can be inserted in order.
    private func index(of connection: Int) -> Int {
        var low = 0
        var high = connections.count
        while low < high {
            let middle = (low + high) / 2
            if connections[middle] < connection { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Limits the client events of one connection per second.
struct EventRate: Equatable {
    /// The number of events a connection may send within any second.
    static let limit = 10

    private var recent: [Duration] = []

    /// Returns true and counts the event if one more event at `now` is within the limit.
    mutating func admits(at now: Duration) -> Bool {
        recent.removeAll { now - $0 >= .seconds(1) }
        guard recent.count < Self.limit else { return false }
        recent.append(now)
        return true
    }
}
