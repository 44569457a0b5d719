// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import Testing

@testable import PasserelleDownstream

struct OccupancyTests {
    private let anne = PeerAddress(pid: 0, uid: 1, gid: 0)
    private let bob = PeerAddress(pid: 0, uid: 2, gid: 0)

    private func occupancy(_ change: (inout ClientLimits) -> Void) -> Occupancy {
        var limits = ClientLimits()
        change(&limits)
        return Occupancy(limits)
    }

    @Test(arguments: [1, 2, 5]) func `the limit is exact, and an end makes room`(
        limit: Int
    ) {
        var places = occupancy {
            $0.connections = limit
            $0.streams = limit
        }
        for _ in 0..<limit {
            #expect(places.connected(from: anne) == nil)
            #expect(places.opened(for: anne, user: nil) == nil)
        }
        #expect(places.connected(from: bob) == .connections)
        #expect(places.opened(for: bob, user: nil) == .streams)
        places.disconnected(from: anne)
        places.closed(for: anne, user: nil)
        #expect(places.connected(from: bob) == nil)
        #expect(places.opened(for: bob, user: nil) == nil)
        #expect(places.connected(from: nil) == .connections)
    }

    @Test(arguments: [1, 2, 5]) func `an address and a user have separate limits`(limit: Int) {
        var places = occupancy {
            $0.addressConnections = limit
            $0.addressStreams = limit
            $0.userStreams = 2 * limit
        }
        for _ in 0..<limit {
            #expect(places.connected(from: anne) == nil)
            #expect(places.opened(for: anne, user: "u") == nil)
            #expect(places.connected(from: nil) == nil)
            #expect(places.opened(for: nil, user: "u") == nil)
        }
        #expect(places.connected(from: anne) == .addressConnections)
        #expect(places.opened(for: anne, user: "v") == .addressStreams)
        #expect(places.opened(for: bob, user: "u") == .userStreams)
        #expect(places.connected(from: bob) == nil && places.connected(from: nil) == nil)
        #expect(places.opened(for: bob, user: "v") == nil)
        places.closed(for: nil, user: "u")
        #expect(places.opened(for: nil, user: "u") == nil)
    }

    @Test(arguments: [1, 2, 5]) func `waiting tests have a limit in total and per address`(
        limit: Int
    ) {
        var places = occupancy {
            $0.diagnoses = 2 * limit
            $0.addressDiagnoses = limit
        }
        for _ in 0..<limit { #expect(places.beganDiagnosis(of: anne) == nil) }
        #expect(places.beganDiagnosis(of: anne) == .addressDiagnoses)
        for _ in 0..<limit { #expect(places.beganDiagnosis(of: nil) == nil) }
        #expect(places.beganDiagnosis(of: bob) == .diagnoses)
        #expect(places.beganDiagnosis(of: nil) == .diagnoses)
        places.endedDiagnosis(of: anne)
        #expect(places.beganDiagnosis(of: bob) == nil)
        places.endedDiagnosis(of: bob)
        for _ in 1..<limit { places.endedDiagnosis(of: anne) }
        for _ in 0..<limit { places.endedDiagnosis(of: nil) }
        #expect(places.remembered == 0 && places.diagnoses == 0)
    }

    @Test func `refused connections are not counted, clients without any are forgotten`() {
        var random = SeededRandom(seed: 5)
        var places = occupancy {
            $0.connections = 6
            $0.addressConnections = 3
            $0.streams = 5
            $0.addressStreams = 2
            $0.userStreams = 2
        }
        var connections: [PeerAddress?] = []
        var streams: [(PeerAddress?, String?)] = []
        for _ in 0..<5_000 {
            let address = [anne, bob, nil].randomElement(using: &random) ?? nil
            let user = ["u", "v", nil].randomElement(using: &random) ?? nil
            if Bool.random(using: &random) {
                if places.connected(from: address) == nil { connections.append(address) }
                if places.opened(for: address, user: user) == nil {
                    streams.append((address, user))
                }
            } else {
                if let index = connections.indices.randomElement(using: &random) {
                    places.disconnected(from: connections.remove(at: index))
                }
                if let index = streams.indices.randomElement(using: &random) {
                    let (address, user) = streams.remove(at: index)
                    places.closed(for: address, user: user)
                }
            }
            #expect(places.connections == connections.count && connections.count <= 6)
            #expect(places.streams == streams.count && streams.count <= 5)
            #expect(connections.count { $0 == anne } <= 3)
            #expect(streams.count { $0.0 == bob } <= 2 && streams.count { $0.1 == "u" } <= 2)
        }
        for address in connections { places.disconnected(from: address) }
        for (address, user) in streams { places.closed(for: address, user: user) }
        #expect(places.connections == 0 && places.streams == 0 && places.remembered == 0)
    }

    @Test(arguments: [(64, 32), (1024, 896), (65_536, 50_000), (16, 1)])
    func `connections leave descriptors for other uses`(descriptors: Int, connections: Int) {
        var limits = ClientLimits()
        #expect(limits.fit(descriptors: descriptors) == (connections != 50_000))
        #expect(limits.connections == connections)
    }
}
