// SPDX-License-Identifier: MIT

@testable import PasserelleUpstream
import Testing

struct ClientEventQuotaTests {
    private let anne = ChannelUser("presence-a", "anne")
    private let on = Array(#"{"isTyping":true}"#.utf8)
    private let off = Array(#"{"isTyping":false}"#.utf8)

    @Test func `a connection sends ten events a window, the eleventh gets a delay`() {
        var quota = ClientEventQuota()
        for index in 0..<9 {
            #expect(quota.acquire(on: 1, by: "anne", now: .milliseconds(100 * index)) == nil)
        }
        #expect(quota.acquire(on: 1, by: "anne", now: .milliseconds(900)) == nil)
        #expect(quota.acquire(on: 1, by: "anne", now: .milliseconds(950)) == .milliseconds(150))
        #expect(quota.acquire(on: 1, by: "anne", now: .milliseconds(1099)) == .milliseconds(1))
        #expect(quota.acquire(on: 1, by: "anne", now: .milliseconds(1100)) == nil)
        #expect(quota.acquire(on: 1, by: "anne", now: .milliseconds(1100)) == .milliseconds(100))
    }

    @Test func `each connection has its own quota`() {
        var quota = ClientEventQuota()
        for _ in 0..<10 { #expect(quota.acquire(on: 1, by: "anne", now: .zero) == nil) }
        #expect(quota.acquire(on: 1, by: "anne", now: .zero) != nil)
        #expect(quota.acquire(on: 2, by: "anne", now: .zero) == nil)
        for id in 3..<1000 { #expect(quota.acquire(on: id, by: "anne", now: .zero) == nil) }
        #expect(quota.acquire(on: 1, by: "anne", now: .zero) != nil)
    }

    @Test func `a state counts as repeated for a second after it was last sent`() {
        var quota = ClientEventQuota()
        #expect(!quota.isRepeated(on, by: anne, now: .zero))
        quota.recordState(on, by: anne, on: 1, now: .zero)
        #expect(quota.isRepeated(on, by: anne, now: .milliseconds(999)))
        #expect(!quota.isRepeated(on, by: anne, now: .milliseconds(1000)))
        #expect(!quota.isRepeated(off, by: anne, now: .milliseconds(500)))
        quota.recordState(off, by: anne, on: 1, now: .milliseconds(500))
        #expect(!quota.isRepeated(on, by: anne, now: .milliseconds(600)))
        #expect(
            !quota.isRepeated(off, by: ChannelUser("presence-b", "anne"), now: .milliseconds(600)))
    }

    @Test func `states are retained only within the repeat window`() {
        var quota = ClientEventQuota()
        for user in 0..<3000 {
            quota.recordState(
                on, by: ChannelUser("presence-a", "\(user)"), on: 1, now: .seconds(user / 1000 * 2))
        }
        #expect(quota.isRepeated(on, by: ChannelUser("presence-a", "2999"), now: .seconds(4)))
        #expect(!quota.isRepeated(on, by: ChannelUser("presence-a", "1"), now: .seconds(4)))
    }

    @Test func `a continuous sender does not block another user of the connection`() {
        var quota = ClientEventQuota()
        var went = ["anne": 0, "bob": 0]
        var bobAsksAt = 500
        var refusals = 0
        for time in stride(from: 0, to: 20_000, by: 10) {
            let now = Duration.milliseconds(time)
            if quota.acquire(on: 1, by: "anne", now: now) == nil { went["anne", default: 0] += 1 }
            guard time >= bobAsksAt else { continue }
            if let delay = quota.acquire(on: 1, by: "bob", now: now) {
                refusals += 1
                // As in HTTP's Retry-After, in whole seconds.
                bobAsksAt = time + Int((delay / .seconds(1)).rounded(.up)) * 1000
            } else {
                went["bob", default: 0] += 1
                bobAsksAt = time + 250
            }
        }
        // Each may send five a window if both want to; before bob's first event anne had all ten.
        #expect(refusals == 1)
        #expect(went["bob", default: 0] >= 70)
        #expect(went["anne", default: 0] >= 85)
    }

    @Test(arguments: [(1, 10), (2, 5), (3, 3), (9, 1), (10, 1), (11, 1), (200, 1)])
    func `users that send at the same time have equal shares`(users: Int, part: Int) {
        var quota = ClientEventQuota()
        // Counts each user before the window begins.
        for user in 0..<users { _ = quota.acquire(on: 1, by: "\(user)", now: .zero) }
        var went: [Int: Int] = [:]
        for _ in 0..<20 {
            for user in 0..<users
            where quota.acquire(on: 1, by: "\(user)", now: ClientEventQuota.window) == nil {
                went[user, default: 0] += 1
            }
        }
        #expect(went.values.allSatisfy { $0 == part })
        #expect(went.values.reduce(0, +) == min(10, users * part))
    }

    @Test func `a user keeps a share for three seconds after a request`() {
        for (rest, part) in [(2999, 5), (3000, 10)] {
            var quota = ClientEventQuota()
            _ = quota.acquire(on: 1, by: "bob", now: .zero)
            let now = Duration.milliseconds(rest)
            let went = (0..<20).count { _ in quota.acquire(on: 1, by: "anne", now: now) == nil }
            #expect(went == part)
        }
    }

    @Test func `a state sent on a lost connection is not a repetition afterwards`() {
        var quota = ClientEventQuota()
        let bob = ChannelUser("presence-a", "bob")
        quota.recordState(on, by: anne, on: 1, now: .zero)
        quota.recordState(on, by: bob, on: 2, now: .zero)
        quota.lost(1)
        #expect(!quota.isRepeated(on, by: anne, now: .zero))
        #expect(quota.isRepeated(on, by: bob, now: .zero))
        quota.forgetState(by: bob)
        #expect(!quota.isRepeated(on, by: bob, now: .zero))
    }
}
