// SPDX-License-Identifier: MIT

import PasserelleNet

/// Counts who holds connections and streams, and decides who may hold one more.
///
/// It remembers nobody who holds none.
struct Occupancy: Sendable {
    private let limits: ClientLimits
    private(set) var connections = 0
    private(set) var streams = 0
    private var connectionsOf: [PeerAddress: Int] = [:]
    private var streamsOf: [PeerAddress: Int] = [:]
    private var streamsOfUser: [String: Int] = [:]

    init(_ limits: ClientLimits) {
        self.limits = limits
    }

    /// A connection came: counts it, or gives the limit that stands against it.
    ///
    /// `address` is `nil` where none is counted.
    mutating func connected(from address: PeerAddress?) -> Limit? {
        if connections >= limits.connections { return .connections }
        if let address {
            let count = connectionsOf[address] ?? 0
            if count >= limits.addressConnections { return .addressConnections }
            connectionsOf[address] = count + 1
        }
        connections += 1
        return nil
    }

    /// One that was counted has ended.
    mutating func disconnected(from address: PeerAddress?) {
        connections -= 1
        if let address { Self.takeOne(from: &connectionsOf, address) }
    }

    /// A stream is to begin: counts it, or gives the limit that stands against it.
    mutating func opened(for address: PeerAddress?, user: String?) -> Limit? {
        if streams >= limits.streams { return .streams }
        if let user, streamsOfUser[user] ?? 0 >= limits.userStreams { return .userStreams }
        if let address {
            let count = streamsOf[address] ?? 0
            if count >= limits.addressStreams { return .addressStreams }
            streamsOf[address] = count + 1
        }
        if let user { streamsOfUser[user, default: 0] += 1 }
        streams += 1
        return nil
    }

    /// One that was counted has ended.
    mutating func closed(for address: PeerAddress?, user: String?) {
        streams -= 1
        if let address { Self.takeOne(from: &streamsOf, address) }
        if let user { Self.takeOne(from: &streamsOfUser, user) }
    }

    /// How many addresses and users are remembered.
    var remembered: Int { connectionsOf.count + streamsOf.count + streamsOfUser.count }

    private static func takeOne<Key>(from counts: inout [Key: Int], _ key: Key) {
        let count = counts[key] ?? 0
        counts[key] = count > 1 ? count - 1 : nil
    }
}
