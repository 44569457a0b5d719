// SPDX-License-Identifier: MIT

@testable import PasserelleDownstream
import Testing

struct RevocationsTests {
    private func mark(_ order: UInt64, wall: Int64 = 1000) -> Revocations.Mark {
        Revocations.Mark(order: order, steady: .seconds(Int64(order)), wall: wall)
    }

    @Test func `a revocation covers requests that began before it and none that began after it`() {
        var all = Revocations(limit: 10)
        let isKept = all.revoke("anne", channel: nil, at: mark(5))
        #expect(isKept && all.count == 1)
        #expect(all.isRevoked("anne", on: ["a"], after: 4))
        #expect(!all.isRevoked("anne", on: ["a"], after: 5))
        #expect(all.isRevoked("anne", on: [], since: .seconds(5)))
        #expect(!all.isRevoked("anne", on: ["a"], since: .seconds(6)))
        #expect(!all.isRevoked("bob", on: ["a"], after: 0))
    }

    @Test func `a revocation on one channel does not apply to another`() {
        var all = Revocations(limit: 10)
        _ = all.revoke("anne", channel: "a", at: mark(5))
        #expect(all.isRevoked("anne", on: ["b", "a"], after: 4))
        #expect(!all.isRevoked("anne", on: ["b"], after: 4))
        #expect(all.covers(tokenOf: "anne", on: ["a"], issued: 1000, at: 9000))
        #expect(!all.covers(tokenOf: "anne", on: ["b"], issued: 1000, at: 9000))
    }

    @Test(arguments: [(nil, true), (0, true), (999, true), (1000, true), (1001, false)])
    func `a token is valid again if its iat is later`(issued: Int64?, isOld: Bool) {
        var all = Revocations(limit: 10)
        _ = all.revoke("anne", channel: nil, at: mark(1, wall: 1000))
        #expect(all.covers(tokenOf: "anne", on: ["a"], issued: issued, at: 9000) == isOld)
        _ = all.revoke("bob", channel: nil, at: .init(restoredFrom: 1000))
        #expect(all.covers(tokenOf: "bob", on: ["a"], issued: issued, at: 9000) == isOld)
        #expect(!all.isRevoked("bob", on: ["a"], after: 0))
    }

    @Test func `users are compared byte by byte`() {
        var all = Revocations(limit: 10)
        _ = all.revoke("caf\u{e9}", channel: nil, at: mark(1))
        #expect(all.isRevoked("caf\u{e9}", on: [], after: 0))
        #expect(!all.isRevoked("cafe\u{301}", on: [], after: 0))
    }

    @Test(arguments: [1, 2, 3])
    func `revocations are limited in number, and remembered ones remain in effect`(limit: Int) {
        var all = Revocations(limit: limit)
        for number in 1...limit + 1 {
            let isKept = all.revoke("user\(number)", channel: "a", at: mark(UInt64(number)))
            #expect(isKept == (number <= limit))
        }
        #expect(all.count == limit)
        #expect(all.isRevoked("user1", on: ["a"], after: 0))
        // A user who is remembered already takes no further place.
        let isKept = all.revoke("user1", channel: "a", at: mark(9))
        let isKeptEverywhere = all.revoke("user1", channel: nil, at: mark(10))
        #expect(isKept && isKeptEverywhere)
        #expect(all.count == limit)
    }

    @Test func `a revocation everywhere covers each channel and counts once`() {
        var all = Revocations(limit: 3)
        for channel in ["a", "b", "c"] { _ = all.revoke("anne", channel: channel, at: mark(1)) }
        #expect(all.count == 3)
        let isKept = all.revoke("anne", channel: nil, at: mark(2))
        #expect(isKept)
        #expect(all.count == 1)
        #expect(all.isRevoked("anne", on: ["z"], after: 1))
        var remaining: [String] = []
        all.forEach { remaining.append("\($0) \($1 ?? "*") \($2)") }
        #expect(remaining == ["anne * 1000"])
    }

    @Test func `expired revocations make room`() {
        var all = Revocations(limit: 2, lifetime: .seconds(10))
        _ = all.revoke("anne", channel: nil, at: mark(1, wall: 0))
        _ = all.revoke("bob", channel: "a", at: mark(2, wall: 5000))
        var isKept = all.revoke("carl", channel: nil, at: mark(3, wall: 9999))
        #expect(!isKept && all.count == 2)
        isKept = all.revoke("carl", channel: nil, at: mark(4, wall: 10_000))
        #expect(isKept && all.count == 2)
        #expect(!all.isRevoked("anne", on: ["a"], after: 0))
        #expect(all.isRevoked("bob", on: ["a"], after: 0))
        isKept = all.revoke("dora", channel: nil, at: mark(5, wall: 14_999))
        #expect(!isKept)
    }

    @Test(arguments: [(-1, false), (0, false), (1, true)])
    func `a token issued in the future is invalid after a revocation`(
        milliseconds: Int64, isRefused: Bool
    ) {
        var all = Revocations(limit: 10)
        _ = all.revoke("anne", channel: "a", at: mark(1, wall: 1000))
        let issued = 2000 + Revocations.leeway + milliseconds
        #expect(all.covers(tokenOf: "anne", on: ["a"], issued: issued, at: 2000) == isRefused)
        #expect(!all.covers(tokenOf: "anne", on: ["b"], issued: issued, at: 2000))
        #expect(!all.covers(tokenOf: "bob", on: ["a"], issued: issued, at: 2000))
        #expect(!all.covers(tokenOf: "anne", on: ["a"], issued: issued, at: 3000))
    }

    @Test func `an older revocation everywhere keeps a newer one on a channel`() {
        var all = Revocations(limit: 10)
        _ = all.revoke("anne", channel: "a", at: .init(restoredFrom: 2000))
        _ = all.revoke("anne", channel: nil, at: .init(restoredFrom: 1000))
        #expect(all.count == 2)
        #expect(all.covers(tokenOf: "anne", on: ["a"], issued: 1500, at: 9000))
        #expect(!all.covers(tokenOf: "anne", on: ["b"], issued: 1500, at: 9000))
    }
}
