// SPDX-License-Identifier: MIT
import PasserelleWire

/// One occupied channel: who listens and, on a presence channel, which users they are.
struct AppChannel: Equatable {
    /// A distinct user of a presence channel, with every connection that carries them.
    struct Member: Equatable {
        /// The user as the first of the connections named it.
        let member: ChannelMember
        /// Never empty.
        var connections: [Int]
    }

    /// Which channel it is.
    let name: ChannelName
    /// Ascending, so that every broadcast has one order.
    private(set) var connections: [Int] = []
    /// In the order of their arrival.
    private(set) var members: [Member] = []
    /// When the number of subscriptions was last told to the subscribers.
    var countTold: Duration?
    /// A change of that number has not been told yet.
    var countPending = false

    /// Begins without anybody on it.
    init(name: ChannelName) {
        self.name = name
    }

    /// Lets a connection listen.
    mutating func join(_ connection: Int) {
        connections.insert(connection, at: index(of: connection))
    }

    /// Gives the user who is on the channel through that connection.
    func member(through connection: Int) -> ChannelMember? {
        members.first { $0.connections.contains(connection) }?.member
    }

    /// Knows whether the user is there through any connection.
    func holds(userID: String) -> Bool {
        members.contains { $0.member.userID == userID }
    }

    /// Counts a connection towards a user, and tells whether the user is new to the channel.
    mutating func join(_ connection: Int, as member: ChannelMember) -> Bool {
        join(connection)
        if let known = members.firstIndex(where: { $0.member.userID == member.userID }) {
            members[known].connections.append(connection)
            return false
        }
        members.append(Member(member: member, connections: [connection]))
        return true
    }

    /// Takes a connection off the channel, and gives the user who left with it, if one did.
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

    /// The first place at which the connection could stand without breaking the order.
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
