// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import Testing

@testable import PasserelleUpstream

/// Tests the actions after each event; `a1` is user 1 on channel a.
struct DelegatePoolTests {
    private let a1 = ChannelUser("presence-a", "1")
    private let a2 = ChannelUser("presence-a", "2")
    private let a3 = ChannelUser("presence-a", "3")
    private let b1 = ChannelUser("presence-b", "1")
    private let b2 = ChannelUser("presence-b", "2")
    private let a = "presence-a"
    private let b = "presence-b"

    @Test func `users of different channels share a connection, users of one channel do not`() {
        var pool = DelegatePool()
        #expect(
            pool.wanted(a1, now: .zero) == [.expect(a1), .open(1), .subscribe(1, a1)])
        #expect(pool.wanted(b1, now: .zero) == [.expect(b1), .subscribe(1, b1)])
        #expect(
            pool.wanted(a2, now: .zero) == [.expect(a2), .open(2), .subscribe(2, a2)])
        #expect(pool.wanted(b2, now: .zero) == [.expect(b2), .subscribe(2, b2)])
        #expect(pool.connectionCount == 2)
        #expect(pool.need == 2)
        #expect(pool.wanted(a1, now: .zero) == [])
    }

    @Test func `a user is live after Channels' answer, and not while the connection is lost`() {
        var pool = pool(with: a1)
        #expect(pool.liveConnection(of: a1) == 1)
        #expect(pool.lost(1, now: .zero) == [])
        #expect(pool.liveConnection(of: a1) == nil)
        pool.established(1)
        #expect(pool.subscribed(1, channel: a, now: .zero) == [])
        #expect(pool.liveConnection(of: a1) == 1)
    }

    @Test func `users of a surplus connection are subscribed below before it is closed`() {
        var pool = pool(with: a1, a2, b1, b2)
        #expect(pool.unwanted(a1, now: .zero) == [.unsubscribe(1, channel: a), .release(a1)])
        // Channel b still needs two connections.
        #expect(pool.connectionCount == 2)
        #expect(
            pool.unwanted(b1, now: .zero) == [
                .unsubscribe(1, channel: b), .release(b1), .subscribe(1, a2), .subscribe(1, b2),
            ])
        #expect(pool.liveConnection(of: a2) == 2)
        #expect(pool.subscribed(1, channel: a, now: .zero) == [.unsubscribe(2, channel: a)])
        #expect(pool.liveConnection(of: a2) == 1)
        #expect(
            pool.subscribed(1, channel: b, now: .zero) == [
                .unsubscribe(2, channel: b), .close(2),
            ])
        #expect(pool.connectionCount == 1)
    }

    @Test func `users move down in linear time`() {
        let factor = growth { count in
            var pool = DelegatePool()
            let channels = (0..<count).map { "presence-bail-\($0)" }
            for user in ["notary", "client"] {
                for channel in channels { _ = pool.wanted(ChannelUser(channel, user), now: .zero) }
            }
            for id in [1, 2] {
                pool.established(id)
                for channel in channels { _ = pool.subscribed(id, channel: channel, now: .zero) }
            }
            var actions: [DelegatePool.Action] = []
            for channel in channels {
                actions += pool.unwanted(ChannelUser(channel, "notary"), now: .zero)
            }
            let moves = actions.filter { if case .subscribe(1, _) = $0 { true } else { false } }
            #expect(moves.count == channels.count)
            for channel in channels {
                #expect(pool.connectionCount == 2)
                actions = pool.subscribed(1, channel: channel, now: .zero)
            }
            #expect(actions.last == .close(2) && pool.connectionCount == 1)
        }
        #expect(factor < 24)
    }

    @Test func `waiting users are placed in linear time`() {
        let factor = growth { count in
            var pool = DelegatePool()
            let channels = (0..<count).map { "presence-bail-\($0)" }
            for channel in channels { _ = pool.wanted(ChannelUser(channel, "1"), now: .zero) }
            pool.established(1)
            for channel in channels { _ = pool.unwanted(ChannelUser(channel, "1"), now: .zero) }
            for channel in channels {
                #expect(pool.wanted(ChannelUser(channel, "2"), now: .zero).count == 1)
            }
            for channel in channels {
                let actions = pool.subscribed(1, channel: channel, now: .zero)
                #expect(actions.last == .subscribe(1, ChannelUser(channel, "2")))
            }
            #expect(pool.connectionCount == 1)
        }
        #expect(factor < 24)
    }

    @Test func `a user that leaves before the answer is unsubscribed after it`() {
        var pool = DelegatePool()
        _ = pool.wanted(a1, now: .zero)
        pool.established(1)
        #expect(pool.unwanted(a1, now: .zero) == [.release(a1)])
        // Another user must not take the slot yet: it would receive the first user's answer.
        #expect(pool.wanted(a2, now: .zero) == [.expect(a2)])
        #expect(
            pool.subscribed(1, channel: a, now: .zero) == [
                .unsubscribe(1, channel: a), .subscribe(1, a2),
            ])
    }

    @Test func `a user that returns before the answer keeps the slot`() {
        var pool = DelegatePool()
        _ = pool.wanted(a1, now: .zero)
        pool.established(1)
        _ = pool.unwanted(a1, now: .zero)
        #expect(pool.wanted(a1, now: .zero) == [.expect(a1)])
        #expect(pool.subscribed(1, channel: a, now: .zero) == [])
        #expect(pool.liveConnection(of: a1) == 1)
    }

    @Test func `when the last user leaves, the last connection is closed`() {
        var pool = pool(with: a1)
        #expect(
            pool.unwanted(a1, now: .zero) == [
                .unsubscribe(1, channel: a), .release(a1), .close(1),
            ])
        #expect(pool.connectionCount == 0)
        #expect(pool.need == 0)
    }

    @Test func `a move ends at once if its source is lost, and continues if its target is lost`() {
        var pool = pool(with: a1, a2)
        _ = pool.unwanted(a1, now: .zero)
        #expect(pool.lost(1, now: .zero) == [])
        #expect(pool.liveConnection(of: a2) == 2)
        #expect(pool.lost(2, now: .zero) == [.unsubscribe(2, channel: a), .close(2)])
        pool.established(1)
        #expect(pool.subscribed(1, channel: a, now: .zero) == [])
        #expect(pool.liveConnection(of: a2) == 1)
    }

    @Test func `a refused user is only observed, and retried after growing delays`() {
        var pool = DelegatePool()
        _ = pool.wanted(a1, now: .zero)
        pool.established(1)
        let refusal = DelegatePool.Refusal.subscription(status: 4100, message: "full")
        #expect(
            pool.refused(1, channel: a, status: 4100, message: "full", now: .zero) == [
                .unsubscribe(1, channel: a), .release(a1),
                .fellBack(a1, refusal, retryIn: .seconds(15)), .close(1),
            ])
        #expect(pool.observedCount == 1)
        #expect(pool.deadline == .seconds(15))
        #expect(
            pool.timePassed(now: .seconds(15)) == [.expect(a1), .open(2), .subscribe(2, a1)])
        let again = pool.refused(2, channel: a, status: 4100, message: "full", now: .seconds(16))
        #expect(again.contains(.fellBack(a1, refusal, retryIn: .seconds(30))))
        #expect(pool.unwanted(a1, now: .seconds(17)) == [])
        #expect(pool.timePassed(now: .seconds(1000)) == [])
    }

    @Test func `over the connection limit, members keep their slots`() {
        var pool = pool(with: a1)
        _ = pool.wanted(a2, now: .zero)
        let refusal = DelegatePool.Refusal.connection(code: 4004, message: "quota")
        #expect(
            pool.rejectedPermanently(2, code: 4004, message: "quota", now: .zero) == [
                .close(2), .release(a2), .fellBack(a2, refusal, retryIn: .seconds(15)),
            ])
        // A third connection is not attempted; its user waits for the same time.
        #expect(
            pool.wanted(a3, now: .seconds(5)) == [
                .expect(a3), .release(a3), .fellBack(a3, refusal, retryIn: .seconds(10)),
            ])
        #expect(pool.liveConnection(of: a1) == 1)
        #expect(pool.connectionCount == 1)
        #expect(
            pool.timePassed(now: .seconds(15)) == [
                .expect(a2), .expect(a3), .open(3), .subscribe(3, a2), .open(4),
                .subscribe(4, a3),
            ])
    }

    @Test func `the newest connection is given up for the gateway's own, and reopened later`() {
        var pool = pool(with: a1)
        _ = pool.wanted(a2, now: .zero)
        let actions = pool.gaveUpConnection(now: .zero)
        #expect(actions.first == .close(2) && actions.contains(.release(a2)))
        #expect(pool.liveConnection(of: a1) == 1 && pool.observedCount == 1)
        #expect(pool.gaveUpConnection(now: .seconds(1)).first == .close(1))
        #expect(pool.gaveUpConnection(now: .seconds(2)) == [] && pool.connectionCount == 0)
        #expect(pool.deadline == .seconds(15))
    }

    @Test func `connections refused together count as one refusal, and are retried together`() {
        var pool = DelegatePool()
        for user in [a1, a2, a3] { _ = pool.wanted(user, now: .zero) }
        for id in 1...3 {
            _ = pool.rejectedPermanently(id, code: 4004, message: "quota", now: .seconds(id))
        }
        #expect(pool.observedCount == 3)
        #expect(pool.deadline == .seconds(16))
        #expect(pool.timePassed(now: .milliseconds(15_999)) == [])
        let again = pool.timePassed(now: .seconds(16))
        #expect(again.count { if case .open = $0 { true } else { false } } == 3)
        // The second delay is twice as long.
        for id in 4...6 {
            _ = pool.rejectedPermanently(id, code: 4004, message: "quota", now: .seconds(20))
        }
        #expect(pool.deadline == .seconds(50))
    }

    @Test func `a refusal is retried after 15 s, then twice that, up to ten minutes`() {
        let delays = [1, 2, 3, 6, 7, 8, Int.max].map(DelegatePool.backoff.delay(failures:))
        #expect(delays == [15, 30, 60, 480, 600, 600, 600].map { .seconds($0) })
        var pool = DelegatePool()
        _ = pool.wanted(a1, now: .zero)
        pool.established(1)
        _ = pool.refused(1, channel: a, status: 4100, message: "full", now: .seconds(1))
        #expect(pool.timePassed(now: .milliseconds(15_999)) == [])
        #expect(pool.membership(of: a1) == .notDelegated)
        #expect(pool.timePassed(now: .seconds(16)).first == .expect(a1))
        #expect(pool.membership(of: a1) == .pending)
        pool.established(2)
        _ = pool.subscribed(2, channel: a, now: .seconds(17))
        #expect(pool.membership(of: a1) == .member(on: 2))
        // A successful subscription resets the delay.
        _ = pool.lost(2, now: .seconds(18))
        _ = pool.refused(2, channel: a, status: 4100, message: "full", now: .seconds(20))
        #expect(pool.deadline == .seconds(35))
    }

    @Test func `a user is pending while a slot is requested or awaited`() {
        var pool = DelegatePool()
        #expect(pool.membership(of: a1) == .notDelegated)
        _ = pool.wanted(a1, now: .zero)
        #expect(pool.membership(of: a1) == .pending)
        pool.established(1)
        _ = pool.unwanted(a1, now: .zero)
        #expect(pool.membership(of: a1) == .notDelegated)
        // The slot is blocked until its answer, so the next user waits for the slot.
        _ = pool.wanted(a2, now: .zero)
        #expect(pool.membership(of: a2) == .pending)
        _ = pool.subscribed(1, channel: a, now: .zero)
        #expect(pool.membership(of: a2) == .pending)
        _ = pool.subscribed(1, channel: a, now: .zero)
        #expect(pool.membership(of: a2) == .member(on: 1))
        _ = pool.lost(1, now: .zero)
        #expect(pool.membership(of: a2) == .pending)
    }

    @Test func `one temporary refusal of a connection may be a restart, two are a limit`() {
        var pool = DelegatePool()
        _ = pool.wanted(a1, now: .zero)
        #expect(pool.refusedTemporarily(1, code: 4100, message: "busy", now: .zero) == [])
        pool.established(1)
        #expect(pool.refusedTemporarily(1, code: 4100, message: "busy", now: .zero) == [])
        let refusal = DelegatePool.Refusal.connection(code: 4100, message: "busy")
        #expect(
            pool.refusedTemporarily(1, code: 4100, message: "busy", now: .zero) == [
                .close(1), .release(a1), .fellBack(a1, refusal, retryIn: .seconds(15)),
            ])
    }

    @Test func `a slot is blocked for a while after an unanswered subscription`() {
        var pool = pool(with: b1, b2)
        _ = pool.wanted(a1, now: .zero)
        let silence = pool.refused(1, channel: a, status: 408, message: "-", now: .zero)
        #expect(silence.first == .unsubscribe(1, channel: a))
        #expect(pool.wanted(a2, now: .zero) == [.expect(a2), .subscribe(2, a2)])
        #expect(pool.occupant(of: a, on: 1) == nil)
        #expect(pool.wanted(a3, now: .zero) == [.expect(a3)])
        #expect(pool.timePassed(now: .seconds(30)).contains(.subscribe(1, a3)))
    }

    @Test func `a user stays in place after a refused move, and moves pause for a while`() {
        var pool = pool(with: a1, a2)
        _ = pool.unwanted(a1, now: .zero)
        #expect(
            pool.refused(1, channel: a, status: 403, message: "no", now: .zero) == [
                .unsubscribe(1, channel: a)
            ])
        #expect(pool.liveConnection(of: a2) == 2)
        #expect(pool.deadline == .seconds(60))
        #expect(pool.timePassed(now: .seconds(60)) == [.subscribe(1, a2)])
    }

    /// Returns a pool in which these users have live slots.
    private func pool(with users: ChannelUser...) -> DelegatePool {
        var pool = DelegatePool()
        for user in users { _ = pool.wanted(user, now: .zero) }
        for id in pool.connections.map(\.id) {
            pool.established(id)
            for user in users where pool.occupant(of: user.channel, on: id) != nil {
                _ = pool.subscribed(id, channel: user.channel, now: .zero)
            }
        }
        return pool
    }
}
