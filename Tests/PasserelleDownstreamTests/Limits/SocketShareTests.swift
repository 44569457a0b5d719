// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream
@testable import PasserelleNet

/// Shares of the Unix socket by user, and of the admin listener: no client shuts others out.
struct SocketShareTests {
    private func fixture(_ change: (inout ClientLimits) -> Void) throws -> DownstreamFixture {
        try DownstreamFixture { configuration, _ in
            change(&configuration.limits)
            configuration.lineRights = [1: .read, 2: .publish, 3: .read, 4: .publish]
        }
    }

    private func line(_ fixture: DownstreamFixture, user: UInt32) throws -> Client {
        let pair = try SocketPair(loop: fixture.loop)
        pair.link.peer = PeerAddress(pid: 1, uid: user, gid: 0)
        fixture.downstream.lines.accepted(pair.link)
        return Client(pair, fixture)
    }

    private func isServed(_ client: Client) throws -> Bool {
        client.send("PING\n")
        return try client.lines() == ["OK PING"]
    }

    @Test(arguments: [(2, true), (3, true), (4, false)])
    func `the connections of a user are limited`(count: Int, isServed: Bool) throws {
        let fixture = try fixture { $0.userLineConnections = 3 }
        let lines = try (0..<count).map { _ in try line(fixture, user: 1) }
        let last = try #require(lines.last)
        if isServed {
            #expect(try self.isServed(last))
        } else {
            #expect(
                try last.lines() == [
                    "ERR rate-limited This user has too many connections; retry later."
                ])
        }
        #expect(fixture.downstream.refusalCounts[.userLineConnections] == (isServed ? 0 : 1))
        #expect(try self.isServed(try line(fixture, user: 2)))
        lines[0].pair.close()
        try fixture.settle()
        #expect(try self.isServed(try line(fixture, user: 1)))
    }

    /// A quarter of eight is reserved for users who may publish.
    @Test(arguments: [(5, true), (6, true), (7, false)])
    func `users with read rights leave room for users who may publish`(
        count: Int, isServed: Bool
    ) throws {
        let fixture = try fixture { $0.lineConnections = 8 }
        let readers = try (0..<count).map { try line(fixture, user: $0 % 2 == 0 ? 1 : 3) }
        if isServed {
            #expect(try self.isServed(try #require(readers.last)))
        } else {
            #expect(
                try readers.last?.lines() == [
                    "ERR rate-limited The socket has too many connections; retry later."
                ])
        }
        #expect(fixture.downstream.refusalCounts[.lineConnections] == (isServed ? 0 : 1))
        let publishers = try (0..<2).map { try line(fixture, user: $0 == 0 ? 2 : 4) }
        for publisher in publishers { #expect(try self.isServed(publisher)) }
    }

    @Test func `a user who is not on the list takes no place`() throws {
        let fixture = try fixture { $0.lineConnections = 1 }
        for _ in 0..<3 { #expect(try line(fixture, user: 9).text().hasPrefix("ERR forbidden")) }
        #expect(try isServed(try line(fixture, user: 2)))
        #expect(fixture.downstream.refusalCounts[.lineConnections] == 0)
    }

    @Test(arguments: [(2, 0), (3, 0), (4, 1)])
    func `the operators' connections are limited, and the longest idle one is closed`(
        count: Int, closed: Int
    ) throws {
        let fixture = try fixture { $0.operatorConnections = 3 }
        let idle = try (0..<count).map { _ in
            let client = try fixture.admin()
            try fixture.settle()
            return client
        }
        for (number, client) in idle.enumerated() {
            #expect(try client.read().isEnded == (number < closed), "\(number)")
        }
        #expect(fixture.downstream.refusalCounts[.operatorConnections] == UInt64(closed))
        #expect(try #require(idle.last).get("/healthz").status == 200)
    }

    @Test func `an operator is served however many connections are idle`() throws {
        let fixture = try fixture { _ in }
        let idle = try (0..<64).map { _ in try fixture.admin() }
        #expect(fixture.downstream.admin.connectionCount == 64)
        let operators = try (0..<9).map { _ in try fixture.admin() }
        for one in operators { #expect(try one.get("/metrics").status == 200) }
        #expect(idle.count == 64 && fixture.downstream.admin.connectionCount == 64)
        #expect(fixture.downstream.refusalCounts[.operatorConnections] == 9)
    }
}
