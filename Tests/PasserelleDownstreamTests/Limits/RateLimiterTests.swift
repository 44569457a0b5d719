// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleDownstream
@testable import PasserelleNet

struct RateLimiterTests {
    private let anne = PeerAddress(ipv4: 0xC000_0201)
    private let bob = PeerAddress(ipv4: 0xC000_0202)

    @Test(arguments: [1, 2, 10]) func `a request beyond the burst gets a delay`(burst: Int) {
        var pace = RateLimiter(rate: 10, burst: burst)
        for _ in 0..<burst { #expect(pace.acquire(for: anne, at: .seconds(5)) == nil) }
        #expect(pace.acquire(for: anne, at: .seconds(5)) == .milliseconds(100))
        #expect(pace.acquire(for: anne, at: .milliseconds(5_099)) == .milliseconds(1))
        #expect(pace.acquire(for: bob, at: .milliseconds(5_099)) == nil)
        #expect(pace.acquire(for: anne, at: .milliseconds(5_100)) == nil)
        #expect(pace.acquire(for: anne, at: .milliseconds(5_100)) == .milliseconds(100))
    }

    @Test func `an idle address gets the whole burst again, and no more`() {
        var pace = RateLimiter(rate: 10, burst: 3)
        for second in [0, 1000] {
            for _ in 0..<3 { #expect(pace.acquire(for: anne, at: .seconds(second)) == nil) }
            #expect(pace.acquire(for: anne, at: .seconds(second)) != nil)
        }
    }

    @Test func `a steady pace at the rate is never refused`() {
        var pace = RateLimiter(rate: 1000, burst: 1)
        for tick in 0..<5_000 { #expect(pace.acquire(for: anne, at: .milliseconds(tick)) == nil) }
    }

    @Test(arguments: [(59, 60), (60, 61), (61, 61)])
    func `a client owes at most a minute beyond its burst`(seconds: Int, wait: Int) {
        var pace = RateLimiter(rate: 1, burst: 1)
        pace.charge(1 + seconds, to: anne, at: .zero)
        #expect(pace.acquire(for: anne, at: .zero) == .seconds(wait))
        #expect(pace.acquire(for: anne, at: .seconds(wait)) == nil)
    }

    @Test func `refused requests do not count, so that waiting helps`() {
        var pace = RateLimiter(rate: 1, burst: 1)
        #expect(pace.acquire(for: anne, at: .zero) == nil)
        for _ in 0..<1000 { #expect(pace.acquire(for: anne, at: .zero) == .seconds(1)) }
        #expect(pace.acquire(for: anne, at: .seconds(1)) == nil)
    }

    @Test(arguments: [7, 8, 9, 5_000])
    func `the number of held addresses is limited`(addresses: UInt32) {
        var pace = RateLimiter(rate: 1, burst: 1, addressLimit: 8)
        for index in 0..<addresses {
            _ = pace.acquire(for: PeerAddress(ipv4: index), at: .zero)
            #expect(pace.count <= 8)
        }
    }

    @Test func `an active address is remembered while others come and go`() {
        var pace = RateLimiter(rate: 1, burst: 1, addressLimit: 100)
        #expect(pace.acquire(for: anne, at: .zero) == nil)
        var time = Duration.zero
        for index in 0..<2_000 as Range<UInt32> {
            _ = pace.acquire(for: PeerAddress(ipv4: index), at: time)
            if index.isMultiple(of: 40) {
                time += .milliseconds(1_000)
                #expect(pace.acquire(for: anne, at: time) == nil)
                #expect(pace.acquire(for: anne, at: time) != nil)
            }
        }
    }

    @Test func `the largest numbers do not overflow`() {
        var pace = RateLimiter(rate: .max, burst: .max)
        for _ in 0..<1000 { #expect(pace.acquire(for: anne, at: .seconds(1 << 40)) == nil) }
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", false), ("::ffff:192.0.2.1", "192.0.2.1", true),
    ])
    func `an IPv4 address counts alone, an IPv6 address for its /64 network`(
        one: String, other: String, isSame: Bool
    ) throws {
        let first = try #require(PeerAddress(numericHost: one, port: 1)).network
        let second = try #require(PeerAddress(numericHost: other, port: 2)).network
        #expect((first == second) == isSame)
    }

    @Test func `a local user counts for all its processes`() {
        let (one, other) = (
            PeerAddress(pid: 1, uid: 7, gid: 1), PeerAddress(pid: 2, uid: 7, gid: 2)
        )
        #expect(one.network == other.network)
        #expect(one.network != PeerAddress(pid: 1, uid: 8, gid: 1).network)
    }
}

extension PeerAddress {
    /// An IPv4 address in host order.
    fileprivate init(ipv4 number: UInt32) { self.init(ipv4: number, port: 0) }
}
