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

/// The reason why a client cannot become a member of a presence channel.
struct MembershipError: Error, Equatable {
    /// The message sent to the client; it names the channel because the error frame does not.
    let message: String

    private init(_ message: String) { self.message = message }

    static func noUser(_ channel: String) -> Self {
        Self("Presence channel \(channel) needs channel_data or a signed-in user")
    }
    static func badData(_ channel: String, _ fault: String) -> Self {
        Self("Invalid channel_data for channel \(channel): \(fault)")
    }
    static func badInfo(_ channel: String) -> Self {
        badData(channel, "user_info must be an object")
    }
    static func full(_ channel: String, limit: Int) -> Self {
        Self("Presence channel \(channel) has reached its limit of \(limit) members")
    }
}

/// The state of a client after the WebSocket handshake.
struct AppConnection: Equatable {
    /// The caller's number for the connection.
    let id: Int
    /// The socket id, which identifies the connection to clients and in REST requests.
    let socketID: String
    /// From 5 to 7.
    let protocolVersion: Int
    /// The `client` and `version` sent by the client; used for the state page only.
    let client: String
    /// The subscribed channels.
    var channels: Set<String> = []
    /// The user that is signed in.
    var user: UserData?
    /// The time of the last received message or pong.
    var lastActivity: Duration
    /// The time of the server's ping, while it is unanswered.
    var pingedAt: Duration?
    /// The rate limiter of the client's events.
    var clientEvents = EventRate()
}

/// Determines the user of a presence subscription.
enum PresenceMembership {
    /// The longest `user_id`, in characters.
    static let userIDLimit = 128
    /// The largest `channel_data`, in bytes.
    static let memberLimit = 1024

    /// Returns the member named by `channel_data` or, if that is absent, the signed-in user.
    static func member(
        of channel: String, channelData: String?, user: UserData?
    ) throws(MembershipError) -> ChannelMember {
        guard let channelData else {
            guard let user else { throw .noUser(channel) }
            guard user.hasObjectInfo else { throw .badInfo(channel) }
            return ChannelMember(userID: user.id, userInfo: user.userInfo)
        }
        let bytes = Array(channelData.utf8)
        guard bytes.count <= memberLimit else {
            throw .badData(channel, "it is over \(memberLimit) bytes")
        }
        guard let fields = JSONObject(bytes), let userID = fields.identifier("user_id"),
            !userID.isEmpty
        else { throw .badData(channel, "expected an object with a user_id") }
        guard userID.count <= userIDLimit else {
            throw .badData(channel, "user_id is over \(userIDLimit) characters")
        }
        guard [nil, .null, .object].contains(fields["user_info"]?.kind) else {
            throw .badInfo(channel)
        }
        return ChannelMember(userID: userID, userInfo: fields.raw("user_info"))
    }
}
