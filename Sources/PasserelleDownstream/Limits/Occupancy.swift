// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet

/// Counts connections, streams and tests by address and user, and enforces their limits.
///
/// Addresses and users without connections or streams are not remembered. `address` is `nil` if a
/// connection, stream or test does not count for an address. If a limit is reached, it is returned,
/// and nothing is counted.
struct Occupancy: Sendable {
    private var connectionCounts: AddressCounts
    private var streamCounts: AddressCounts
    private var diagnosisCounts: AddressCounts
    private var streamsOfUser = KeyedCounts<ByteKey>()
    private let userStreams: Int

    init(_ limits: ClientLimits) {
        connectionCounts = AddressCounts(
            .connections, limits.connections,
            perAddress: .addressConnections, limits.addressConnections)
        streamCounts = AddressCounts(
            .streams, limits.streams, perAddress: .addressStreams, limits.addressStreams)
        diagnosisCounts = AddressCounts(
            .diagnoses, limits.diagnoses, perAddress: .addressDiagnoses, limits.addressDiagnoses)
        userStreams = limits.userStreams
    }

    /// The number of connections.
    var connections: Int { connectionCounts.total }
    /// The number of streams.
    var streams: Int { streamCounts.total }
    /// The number of tests of `/diagnose` that wait.
    var diagnoses: Int { diagnosisCounts.total }

    /// Counts a new connection.
    mutating func connected(from address: PeerAddress?) -> Limit? {
        connectionCounts.add(address)
    }

    /// Stops counting a connection that was counted.
    mutating func disconnected(from address: PeerAddress?) {
        connectionCounts.remove(address)
    }

    /// Counts a new stream.
    mutating func opened(for address: PeerAddress?, user: String?) -> Limit? {
        if streamCounts.isFull { return .streams }
        let key = user.map { ByteKey($0) }
        if let key, streamsOfUser[key] >= userStreams { return .userStreams }
        if let limit = streamCounts.add(address) { return limit }
        if let key { streamsOfUser.add(key) }
        return nil
    }

    /// Stops counting a stream that was counted.
    mutating func closed(for address: PeerAddress?, user: String?) {
        streamCounts.remove(address)
        if let user { streamsOfUser.remove(ByteKey(user)) }
    }

    /// Counts a new test of `/diagnose` that waits.
    mutating func beganDiagnosis(of address: PeerAddress?) -> Limit? {
        diagnosisCounts.add(address)
    }

    /// Stops counting a test that was counted.
    mutating func endedDiagnosis(of address: PeerAddress?) {
        diagnosisCounts.remove(address)
    }

    /// The number of remembered addresses and users.
    var remembered: Int {
        connectionCounts.remembered + streamCounts.remembered + diagnosisCounts.remembered
            + streamsOfUser.count
    }
}

/// Counts things of one kind in total and by address, with a limit on each.
private struct AddressCounts: Sendable {
    private(set) var total = 0
    private var counts = KeyedCounts<PeerAddress>()
    private let limit: Limit
    private let maximum: Int
    private let addressLimit: Limit
    private let addressMaximum: Int

    init(
        _ limit: Limit, _ maximum: Int, perAddress addressLimit: Limit, _ addressMaximum: Int
    ) {
        self.limit = limit
        self.maximum = maximum
        self.addressLimit = addressLimit
        self.addressMaximum = addressMaximum
    }

    /// True if the limit on the total is reached.
    var isFull: Bool { total >= maximum }

    /// The number of remembered addresses.
    var remembered: Int { counts.count }

    /// Counts one more; returns the limit if one is reached.
    mutating func add(_ address: PeerAddress?) -> Limit? {
        if isFull { return limit }
        if let address {
            if counts[address] >= addressMaximum { return addressLimit }
            counts.add(address)
        }
        total += 1
        return nil
    }

    /// Stops counting one that was counted.
    mutating func remove(_ address: PeerAddress?) {
        total -= 1
        if let address { counts.remove(address) }
    }
}

/// Counts by key; a key whose count is zero is not remembered.
private struct KeyedCounts<Key: Hashable & Sendable>: Sendable {
    private var counts: [Key: Int] = [:]

    /// The number of remembered keys.
    var count: Int { counts.count }

    subscript(key: Key) -> Int { counts[key] ?? 0 }

    mutating func add(_ key: Key) { counts[key, default: 0] += 1 }

    mutating func remove(_ key: Key) {
        let count = self[key]
        counts[key] = count > 1 ? count - 1 : nil
    }
}
