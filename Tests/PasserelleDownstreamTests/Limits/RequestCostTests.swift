// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream
@testable import PasserelleNet

/// The cost of requests, besides the one that each request costs.
struct RequestCostTests {
    private let anne = PeerAddress(ipv4: 0xC000_0201, port: 9)

    @Test func `the cost follows the formula`() {
        let costs = [0, 9, 10, 19, 20].map { RequestCost.of(channels: $0, new: 0) }
        #expect(costs == [0, 0, 1, 1, 2])
        #expect(RequestCost.of(channels: 100, new: 40) == 50)
        #expect([0, 16_383, 16_384, 32_768].map(RequestCost.of(bytes:)) == [0, 0, 1, 2])
    }

    @Test(arguments: [(6, nil), (7, nil), (8, Duration.milliseconds(100))])
    func `a charge counts like as many requests`(cost: Int, wait: Duration?) {
        var pace = RateLimiter(rate: 10, burst: 9)
        #expect(pace.acquire(for: anne, at: .zero) == nil)
        pace.charge(cost, to: anne, at: .zero)
        #expect(pace.acquire(for: anne, at: .zero) == (cost == 8 ? wait : nil))
    }

    @Test func `a charge beyond the burst causes a wait of at most a minute`() {
        var pace = RateLimiter(rate: 10, burst: 5)
        pace.charge(15, to: anne, at: .zero)
        #expect(pace.acquire(for: anne, at: .zero) == .milliseconds(1_100))
        pace.charge(1_000_000, to: anne, at: .zero)
        #expect(pace.acquire(for: anne, at: .zero) == .seconds(60) + .milliseconds(100))
        #expect(pace.acquire(for: anne, at: .milliseconds(60_100)) == nil)
    }

    private func fixture(
        burst: Int, _ change: (inout DownstreamConfiguration) -> Void = { _ in }
    ) throws -> (fixture: DownstreamFixture, client: Client) {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.limits.requestRate = 1
            configuration.limits.requestBurst = burst
            change(&configuration)
        }
        return (fixture, try client(fixture))
    }

    private func client(_ fixture: DownstreamFixture) throws -> Client {
        let pair = try SocketPair(loop: fixture.loop)
        pair.link.peer = try #require(PeerAddress(numericHost: "192.0.2.1", port: 9))
        fixture.downstream.http.accepted(pair.link)
        return Client(pair, fixture)
    }

    private let many = (0..<20).map { "channel=presence-\($0)" }.joined(separator: "&")

    /// The first poll costs one, twenty for new channels, and two for their number.
    @Test(arguments: [(23, 429), (24, 200), (25, 200)])
    func `a poll costs more the more channels it names`(burst: Int, status: Int) throws {
        let (_, client) = try fixture(burst: burst)
        #expect(try client.get("/poll?\(many)").status == 200)
        #expect(try client.get("/healthz").status == status)
    }

    @Test func `held channels cost less`() throws {
        let (fixture, client) = try fixture(burst: 7)
        #expect(try fixture.http().get("/poll?\(many)").status == 200)
        #expect(try client.get("/poll?\(many)").status == 200)
        #expect(try client.get("/poll?\(many)").status == 200)
        #expect(try client.get("/poll?\(many)").status == 200)
        #expect(try client.get("/healthz").status == 429)
    }

    @Test(arguments: [
        "/poll?channel=presence-x", "/channels/presence-x/members", "/events?channel=presence-x",
    ])
    func `a large answer costs more`(target: String) throws {
        let (fixture, client) = try fixture(burst: 4)
        fixture.members = (0..<100).map {
            Member(userID: "user-\($0)", userInfo: [UInt8](repeating: 0x31, count: 500))
        }
        #expect(try fixture.http().get("/poll?channel=presence-x").status == 200)
        client.send("GET \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(try client.text().hasPrefix("HTTP/1.1 200"))
        // One for the request and three for 52 kB. A fourth would not fit into the burst.
        #expect(try self.client(fixture).get("/healthz").status == 429)
    }

    @Test func `clients that do not count for an address are not charged`() throws {
        let (fixture, _) = try fixture(burst: 2)
        let local = try fixture.http()
        for _ in 0..<5 { #expect(try local.get("/poll?\(many)").status == 200) }
    }

    // MARK: - Encoding

    @Test func `a member list is encoded once per change`() throws {
        let fixture = try DownstreamFixture()
        fixture.members = ["anne", "bob"].map { Member(userID: $0, userInfo: nil) }
        func address(_ bytes: [UInt8]?) -> UnsafeRawPointer? {
            bytes.flatMap { $0.withUnsafeBytes { $0.baseAddress } }
        }
        let client = try fixture.http()
        let first = try client.get("/poll?channel=presence-x").body
        let list = try client.get("/channels/presence-x/members").body
        let channel = try #require(fixture.hub.channel("presence-x"))
        let (presence, members) = (channel.memberForms.presence, channel.memberForms.list)
        #expect(presence != nil && members != nil)
        let again = try client.get("/poll?channel=presence-x").body
        _ = try fixture.stream("channel=presence-x").messages()
        #expect(address(channel.memberForms.presence) == address(presence))
        #expect(member(first, "members") == member(again, "members"))
        fixture.join("presence-x", "eve")
        #expect(channel.memberForms.presence == nil && channel.memberForms.list == nil)
        #expect(
            member(try client.get("/poll?channel=presence-x").body, "members", "presence-x", "ids")
                == #"["anne","bob","eve"]"#)
        #expect(try client.get("/channels/presence-x/members").body != list)
        fixture.hub.beginDelegation("presence-x", userID: "eve", at: fixture.now)
        #expect(channel.memberForms.presence != nil && channel.memberForms.list == nil)
        let ways = member(try client.get("/channels/presence-x/members").body, "members") ?? ""
        #expect(ways.contains(#""user_id":"eve","user_info":null,"via":["channels","gateway"]"#))
        fixture.hub.memberRemoved("presence-x", userID: "bob", at: fixture.now)
        #expect(
            member(try client.get("/poll?channel=presence-x").body, "members", "presence-x", "ids")
                == #"["anne","eve"]"#)
    }
}
