// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleUpstream

/// Every action, event by event; `a1` is user 1 on channel a.
struct DelegatePoolTests {
    private let a1 = Attendee("presence-a", "1")
    private let a2 = Attendee("presence-a", "2")
    private let a3 = Attendee("presence-a", "3")
    private let b1 = Attendee("presence-b", "1")
    private let b2 = Attendee("presence-b", "2")
    private let a = "presence-a"
    private let b = "presence-b"

    @Test func `users of different channels share a connection, those of one channel do not`() {
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

    @Test func `a user is live once Channels says so, and not while the connection is away`() {
        var pool = pool(with: a1)
        #expect(pool.liveConnection(of: a1) == 1)
        #expect(pool.lost(1, now: .zero) == [])
        #expect(pool.liveConnection(of: a1) == nil)
        pool.established(1)
        #expect(pool.subscribed(1, channel: a, now: .zero) == [])
        #expect(pool.liveConnection(of: a1) == 1)
    }

    @Test func `when fewer will do, users move down: there first, then away, then the close`() {
        var pool = pool(with: a1, a2, b1, b2)
        #expect(pool.unwanted(a1, now: .zero) == [.unsubscribe(1, channel: a), .release(a1)])
        // Channel b still needs two.
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

    @Test(.timeLimit(.minutes(5)))
    func `ten thousand users move down in linear time`() {
        var pool = DelegatePool()
        let channels = (0..<10_000).map { "presence-bail-\($0)" }
        for user in ["notary", "client"] {
            for channel in channels { _ = pool.wanted(Attendee(channel, user), now: .zero) }
        }
        for id in [1, 2] {
            pool.established(id)
            for channel in channels { _ = pool.subscribed(id, channel: channel, now: .zero) }
        }
        var actions: [DelegatePool.Action] = []
        for channel in channels {
            actions += pool.unwanted(Attendee(channel, "notary"), now: .zero)
        }
        let moves = actions.filter { if case .subscribe(1, _) = $0 { true } else { false } }
        #expect(moves.count == channels.count)
        for channel in channels {
            #expect(pool.connectionCount == 2)
            actions = pool.subscribed(1, channel: channel, now: .zero)
        }
        #expect(actions.last == .close(2) && pool.connectionCount == 1)
    }

    @Test(.timeLimit(.minutes(5)))
    func `ten thousand users wait for their places in linear time`() {
        var pool = DelegatePool()
        let channels = (0..<10_000).map { "presence-bail-\($0)" }
        for channel in channels { _ = pool.wanted(Attendee(channel, "1"), now: .zero) }
        pool.established(1)
        for channel in channels { _ = pool.unwanted(Attendee(channel, "1"), now: .zero) }
        for channel in channels {
            #expect(pool.wanted(Attendee(channel, "2"), now: .zero).count == 1)
        }
        for channel in channels {
            let actions = pool.subscribed(1, channel: channel, now: .zero)
            #expect(actions.last == .subscribe(1, Attendee(channel, "2")))
        }
        #expect(pool.connectionCount == 1)
    }

    @Test func `one who leaves before the answer is unsubscribed behind it, and their place waits`()
    {
        var pool = DelegatePool()
        _ = pool.wanted(a1, now: .zero)
        pool.established(1)
        #expect(pool.unwanted(a1, now: .zero) == [.release(a1)])
        // Nobody else may take the place before: the answer would be taken for theirs.
        #expect(pool.wanted(a2, now: .zero) == [.expect(a2)])
        #expect(
            pool.subscribed(1, channel: a, now: .zero) == [
                .unsubscribe(1, channel: a), .subscribe(1, a2),
            ])
    }

    @Test func `one who leaves and comes back before the answer keeps their place`() {
        var pool = DelegatePool()
        _ = pool.wanted(a1, now: .zero)
        pool.established(1)
        _ = pool.unwanted(a1, now: .zero)
        #expect(pool.wanted(a1, now: .zero) == [.expect(a1)])
        #expect(pool.subscribed(1, channel: a, now: .zero) == [])
        #expect(pool.liveConnection(of: a1) == 1)
    }

    @Test func `the last one who leaves takes the last connection along`() {
        var pool = pool(with: a1)
        #expect(
            pool.unwanted(a1, now: .zero) == [
                .unsubscribe(1, channel: a), .release(a1), .close(1),
            ])
        #expect(pool.connectionCount == 0)
        #expect(pool.need == 0)
    }

    @Test func `a move whose source is lost ends at once, one whose target is lost goes on`() {
        var pool = pool(with: a1, a2)
        _ = pool.unwanted(a1, now: .zero)
        #expect(pool.lost(1, now: .zero) == [])
        #expect(pool.liveConnection(of: a2) == 2)
        #expect(pool.lost(2, now: .zero) == [.unsubscribe(2, channel: a), .close(2)])
        pool.established(1)
        #expect(pool.subscribed(1, channel: a, now: .zero) == [])
        #expect(pool.liveConnection(of: a2) == 1)
    }

    @Test func `who is refused is only observed, and tried again later and later`() {
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

    @Test func `over the limit of connections, those who have a place keep it`() {
        var pool = pool(with: a1)
        _ = pool.wanted(a2, now: .zero)
        let refusal = DelegatePool.Refusal.connection(code: 4004, message: "quota")
        #expect(
            pool.refusedForGood(2, code: 4004, message: "quota", now: .zero) == [
                .close(2), .release(a2), .fellBack(a2, refusal, retryIn: .seconds(15)),
            ])
        // A third is not even tried, and waits for the same time.
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

    @Test func `the newest connection gives way to the gateway's own, and comes back later`() {
        var pool = pool(with: a1)
        _ = pool.wanted(a2, now: .zero)
        let actions = pool.gaveWay(now: .zero)
        #expect(actions.first == .close(2) && actions.contains(.release(a2)))
        #expect(pool.liveConnection(of: a1) == 1 && pool.observedCount == 1)
        #expect(pool.gaveWay(now: .seconds(1)).first == .close(1))
        #expect(pool.gaveWay(now: .seconds(2)) == [] && pool.connectionCount == 0)
        #expect(pool.deadline == .seconds(15))
    }

    @Test func `connections that are refused together are one refusal, and tried again together`() {
        var pool = DelegatePool()
        for attendee in [a1, a2, a3] { _ = pool.wanted(attendee, now: .zero) }
        for id in 1...3 {
            _ = pool.refusedForGood(id, code: 4004, message: "quota", now: .seconds(id))
        }
        #expect(pool.observedCount == 3)
        #expect(pool.deadline == .seconds(16))
        #expect(pool.timePassed(now: .milliseconds(15_999)) == [])
        let again = pool.timePassed(now: .seconds(16))
        #expect(again.count { if case .open = $0 { true } else { false } } == 3)
        // The second round waits for twice as long.
        for id in 4...6 {
            _ = pool.refusedForGood(id, code: 4004, message: "quota", now: .seconds(20))
        }
        #expect(pool.deadline == .seconds(50))
    }

    @Test func `what is refused is tried again after 15 s, then twice that, up to ten minutes`() {
        #expect(DelegatePool.firstRetry == .seconds(15))
        #expect(DelegatePool.longestRetry == .seconds(600))
        let delays = [0, 1, 2, 5, 6, 7, Int.max].map(DelegatePool.delay(after:))
        #expect(delays == [15, 30, 60, 480, 600, 600, 600].map { .seconds($0) })
        var pool = DelegatePool()
        _ = pool.wanted(a1, now: .zero)
        pool.established(1)
        _ = pool.refused(1, channel: a, status: 4100, message: "full", now: .seconds(1))
        #expect(pool.timePassed(now: .milliseconds(15_999)) == [])
        #expect(pool.standing(of: a1) == .apart)
        #expect(pool.timePassed(now: .seconds(16)).first == .expect(a1))
        #expect(pool.standing(of: a1) == .coming)
        pool.established(2)
        _ = pool.subscribed(2, channel: a, now: .seconds(17))
        #expect(pool.standing(of: a1) == .member(on: 2))
        // One who was taken begins anew: the next refusal is a first one.
        _ = pool.lost(2, now: .seconds(18))
        _ = pool.refused(2, channel: a, status: 4100, message: "full", now: .seconds(20))
        #expect(pool.deadline == .seconds(35))
    }

    @Test func `a user is coming while a place is asked for or waited for, else apart`() {
        var pool = DelegatePool()
        #expect(pool.standing(of: a1) == .apart)
        _ = pool.wanted(a1, now: .zero)
        #expect(pool.standing(of: a1) == .coming)
        pool.established(1)
        _ = pool.unwanted(a1, now: .zero)
        #expect(pool.standing(of: a1) == .apart)
        // Their place waits for its answer, so the next one waits for the place.
        _ = pool.wanted(a2, now: .zero)
        #expect(pool.standing(of: a2) == .coming)
        _ = pool.subscribed(1, channel: a, now: .zero)
        #expect(pool.standing(of: a2) == .coming)
        _ = pool.subscribed(1, channel: a, now: .zero)
        #expect(pool.standing(of: a2) == .member(on: 1))
        _ = pool.lost(1, now: .zero)
        #expect(pool.standing(of: a2) == .coming)
    }

    @Test func `to be turned away once may be a restart, twice is a limit`() {
        var pool = DelegatePool()
        _ = pool.wanted(a1, now: .zero)
        #expect(pool.turnedAway(1, code: 4100, message: "busy", now: .zero) == [])
        pool.established(1)
        #expect(pool.turnedAway(1, code: 4100, message: "busy", now: .zero) == [])
        let refusal = DelegatePool.Refusal.connection(code: 4100, message: "busy")
        #expect(
            pool.turnedAway(1, code: 4100, message: "busy", now: .zero) == [
                .close(1), .release(a1), .fellBack(a1, refusal, retryIn: .seconds(15)),
            ])
    }

    @Test func `a place whose subscription was never answered is nobody's for a while`() {
        var pool = pool(with: b1, b2)
        _ = pool.wanted(a1, now: .zero)
        let silence = pool.refused(1, channel: a, status: 408, message: "-", now: .zero)
        #expect(silence.first == .unsubscribe(1, channel: a))
        #expect(pool.wanted(a2, now: .zero) == [.expect(a2), .subscribe(2, a2)])
        #expect(pool.occupant(of: a, on: 1) == nil)
        #expect(pool.wanted(a3, now: .zero) == [.expect(a3)])
        #expect(pool.timePassed(now: .seconds(30)).contains(.subscribe(1, a3)))
    }

    @Test func `a refused move leaves its user where they were, and nobody is moved for a while`() {
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

    /// A pool in which these have places that are live.
    private func pool(with attendees: Attendee...) -> DelegatePool {
        var pool = DelegatePool()
        for attendee in attendees { _ = pool.wanted(attendee, now: .zero) }
        for id in pool.connections.map(\.id) {
            pool.established(id)
            for attendee in attendees where pool.occupant(of: attendee.channel, on: id) != nil {
                _ = pool.subscribed(id, channel: attendee.channel, now: .zero)
            }
        }
        return pool
    }
}
