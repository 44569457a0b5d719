// SPDX-License-Identifier: MIT

@testable import PasserelleDownstream
@testable import PasserelleWire
import Testing

/// `AuthRouteCache` with a clock of its own.
struct AuthRouteCacheTests {
    private let anne = ReaderIdentity(userID: "anne")
    private let bob = ReaderIdentity(userID: "bob")
    private let fields: HTTPFields = ["Cookie": "s=1"]

    private func key(_ name: String, _ channel: String = "presence-a") -> AuthRouteCache.Key {
        AuthRouteCache.Key(credentials: Array(name.utf8), channel: channel)
    }

    private func limits(
        _ change: (inout AuthRouteCache.Limits) -> Void = { _ in }
    ) -> AuthRouteCache.Limits {
        var limits = AuthRouteCache.Limits()
        change(&limits)
        return limits
    }

    @Test func `the first request causes a call and receives its verdict`() {
        var checks = AuthRouteCache()
        let asked = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        #expect(asked == [.ask(key("x"), fields)])
        let verdicts = checks.answered(key("x"), .admitted(anne), at: .seconds(1))
        #expect(verdicts == [.reply(1, .admitted(anne))])
    }

    @Test func `identical checks share one call`() {
        var checks = AuthRouteCache()
        #expect(checks.asked(key("x"), showing: fields, by: 1, at: .zero).count == 1)
        for ticket: UInt64 in 2...100 {
            #expect(checks.asked(key("x"), showing: fields, by: ticket, at: .zero) == [])
        }
        let verdicts = checks.answered(key("x"), .refused(status: 401), at: .zero)
        #expect(verdicts == (1...100).map { .reply($0, .refused(status: 401)) })
        #expect(checks.tally.calls == 1 && checks.tally.joined == 99)
    }

    @Test func `different credentials and different channels are separate checks`() {
        var checks = AuthRouteCache()
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        #expect(
            checks.asked(key("y"), showing: fields, by: 2, at: .zero) == [.ask(key("y"), fields)])
        #expect(
            checks.asked(key("x", "presence-b"), showing: fields, by: 3, at: .zero)
                == [.ask(key("x", "presence-b"), fields)])
    }

    @Test(arguments: [(59_999, true), (60_000, false)])
    func `an authorization is valid for a minute`(milliseconds: Int, isKnown: Bool) {
        var checks = AuthRouteCache()
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .seconds(9))
        _ = checks.answered(key("x"), .admitted(nil), at: .seconds(10))
        let actions = checks.asked(
            key("x"), showing: fields, by: 2, at: .seconds(10) + .milliseconds(milliseconds))
        #expect(actions == (isKnown ? [.reply(2, .admitted(nil))] : [.ask(key("x"), fields)]))
    }

    @Test(arguments: [(4_999, true), (5_000, false)])
    func `a refusal is remembered for five seconds`(milliseconds: Int, isKnown: Bool) {
        var checks = AuthRouteCache()
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        _ = checks.answered(key("x"), .refused(status: 403), at: .zero)
        let actions = checks.asked(
            key("x"), showing: fields, by: 2, at: .milliseconds(milliseconds))
        #expect(
            actions == (isKnown ? [.reply(2, .refused(status: 403))] : [.ask(key("x"), fields)]))
    }

    @Test func `a failure authorizes no request and is not remembered for the next one`() {
        var checks = AuthRouteCache()
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        let verdicts = checks.answered(key("x"), .failed("down"), at: .zero)
        guard case .reply(1, .unavailable(let seconds)) = verdicts.first, verdicts.count == 1 else {
            Issue.record("\(verdicts)")
            return
        }
        #expect((1...15).contains(seconds))
        #expect(
            checks.asked(key("x"), showing: fields, by: 2, at: .zero) == [.ask(key("x"), fields)])
    }

    @Test func `calls and waiting checks are limited, and retries are spread`() {
        var checks = AuthRouteCache(
            limits: limits {
                $0.concurrency = 2
                $0.queue = 3
                $0.spread = 4
            })
        var delays: [Int] = []
        for ticket: UInt64 in 1...13 {
            let actions = checks.asked(key("\(ticket)"), showing: fields, by: ticket, at: .zero)
            switch ticket {
            case 1, 2: #expect(actions == [.ask(key("\(ticket)"), fields)])
            case 3...5: #expect(actions == [])
            default:
                guard case .reply(ticket, .overloaded(let seconds)) = actions.first else {
                    Issue.record("\(actions)")
                    return
                }
                delays.append(seconds)
            }
        }
        #expect(delays == [2, 3, 4, 1, 2, 3, 4, 1])
        #expect(checks.load == (2, 3))
        let next = checks.answered(key("1"), .admitted(anne), at: .seconds(1))
        #expect(next == [.reply(1, .admitted(anne)), .ask(key("3"), fields)])
        #expect(checks.load == (2, 2))
    }

    @Test(arguments: [(9_999, 0), (10_000, 1), (14_999, 1), (15_000, 2)])
    func `no request waits for a call longer than ten seconds`(milliseconds: Int, count: Int) {
        var checks = AuthRouteCache(limits: limits { $0.concurrency = 1 })
        _ = checks.asked(key("slow"), showing: fields, by: 1, at: .zero)
        _ = checks.asked(key("x"), showing: fields, by: 2, at: .zero)
        _ = checks.asked(key("x"), showing: fields, by: 3, at: .seconds(5))
        let actions = checks.timePassed(to: .milliseconds(milliseconds))
        #expect(actions.count == count)
        for case .reply(_, let verdict) in actions {
            if case .overloaded = verdict {} else { Issue.record("\(verdict)") }
        }
        #expect(checks.load.queued == (count > 1 ? 0 : 1))
    }

    @Test func `a request that needs its own call does not wait longer`() {
        var checks = AuthRouteCache(limits: limits { $0.concurrency = 1 })
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        for ticket: UInt64 in 2...6 {
            _ = checks.asked(key("x"), showing: fields, by: ticket, at: .zero)
        }
        // Each call takes 4 s and names another user.
        for second in [4, 8] {
            let actions = checks.answered(
                key("x"), .admitted(ReaderIdentity(userID: "\(second)")), at: .seconds(second))
            #expect(actions.count == 2 && actions.last == .ask(key("x"), fields))
        }
        #expect(checks.timePassed(to: .seconds(10)) == [])
        let last = checks.answered(
            key("x"), .admitted(ReaderIdentity(userID: "12")), at: .seconds(12))
        #expect(
            last == [.reply(3, .admitted(ReaderIdentity(userID: "12")))]
                + (4...6).map { .reply($0, .admitted(nil, users: ["12"])) })
        #expect(checks.load == (0, 0))
    }

    @Test func `a withdrawn request causes no call`() {
        var checks = AuthRouteCache(limits: limits { $0.concurrency = 1 })
        _ = checks.asked(key("slow"), showing: fields, by: 1, at: .zero)
        _ = checks.asked(key("x"), showing: fields, by: 2, at: .zero)
        _ = checks.asked(key("y"), showing: fields, by: 3, at: .zero)
        checks.cancel(2)
        #expect(checks.load == (1, 1))
        let actions = checks.answered(key("slow"), .admitted(nil), at: .zero)
        #expect(actions == [.reply(1, .admitted(nil)), .ask(key("y"), fields)])
        // The answer to a withdrawn request is kept nevertheless.
        checks.cancel(3)
        #expect(checks.answered(key("y"), .admitted(nil), at: .zero) == [])
        #expect(
            checks.asked(key("y"), showing: fields, by: 4, at: .zero)
                == [.reply(4, .admitted(nil))])
    }

    // MARK: - Streams

    /// Returns checks with a stream of Anne's since zero; two calls have named her.
    private func withStream(
        _ change: (inout AuthRouteCache.Limits) -> Void = { _ in }
    ) -> AuthRouteCache {
        var checks = AuthRouteCache(limits: limits(change))
        for ticket: UInt64 in 1...2 {
            _ = checks.asked(key("x"), showing: fields, by: ticket, at: .zero)
            _ = checks.answered(key("x"), .admitted(anne), at: .zero)
        }
        _ = checks.addLease(7, on: key("x"), showing: fields, at: .zero)
        return checks
    }

    /// Returns the seconds of the calls if the route always answers the same.
    private func calls(
        _ checks: inout AuthRouteCache, _ seconds: ClosedRange<Int>, _ answer: AuthRouteAnswer
    ) -> (asked: [Int], ended: [(Int, Denial)]) {
        var (asked, ended): ([Int], [(Int, Denial)]) = ([], [])
        for second in seconds {
            var actions = checks.timePassed(to: .seconds(second))
            while !actions.isEmpty {
                switch actions.removeFirst() {
                case .ask(let key, _):
                    asked.append(second)
                    actions += checks.answered(key, answer, at: .seconds(second))
                case .end(_, let reason): ended.append((second, reason))
                case .reply, .reportDifferentUsers: break
                }
            }
        }
        return (asked, ended)
    }

    @Test func `a stream is rechecked at least every five minutes`() {
        var checks = withStream()
        let (asked, ended) = calls(&checks, 1...1000, .admitted(anne))
        #expect(asked == [240, 480, 720, 960] && ended.isEmpty)
    }

    @Test func `streams with the same credentials share one recheck until all have ended`() {
        var checks = withStream()
        for lease: UInt64 in 8...20 {
            _ = checks.addLease(lease, on: key("x"), showing: fields, at: .seconds(30))
        }
        #expect(calls(&checks, 1...300, .admitted(anne)).asked.count == 1)
        for lease: UInt64 in 7...20 { checks.removeLease(lease, of: [key("x")], at: .seconds(300)) }
        #expect(calls(&checks, 300...2000, .admitted(anne)).asked == [])
    }

    @Test func `a refused recheck ends the stream, and its reader counts as new`() {
        var checks = withStream()
        _ = checks.addLease(8, on: key("x"), showing: fields, at: .zero)
        let (asked, ended) = calls(&checks, 1...600, .refused(status: 403))
        #expect(asked == [240])
        #expect(ended.map(\.0) == [240, 240] && ended.allSatisfy { $0.1 == .revoked(status: 403) })
        #expect(checks.tally.ended == 2)
        #expect(
            checks.asked(key("x"), showing: fields, by: 9, at: .seconds(600))
                == [.ask(key("x"), fields)])
    }

    @Test func `a successful recheck ends no stream, whichever user the route names`() {
        var checks = withStream()
        for (end, identity) in [(300, bob), (600, nil), (900, anne)] {
            let (asked, ended) = calls(&checks, (end - 299)...end, .admitted(identity))
            #expect(asked.count == 1 && ended.isEmpty)
        }
        #expect(checks.tally.ended == 0)
    }

    @Test func `if the route fails, authorized readers remain for the grace period only`() {
        var checks = withStream()
        let (asked, ended) = calls(&checks, 1...2000, .failed("down"))
        #expect(asked.first == 240 && asked.dropFirst().first == 255)
        #expect(ended.map(\.0) == [540] && ended.map(\.1) == [.unavailable])
        #expect(asked.last == 525)
    }

    @Test func `if the route answers again in time, no stream ends`() {
        var checks = withStream()
        #expect(calls(&checks, 1...500, .failed("down")).ended.isEmpty)
        #expect(calls(&checks, 501...520, .admitted(anne)).asked == [510])
        #expect(calls(&checks, 521...1000, .failed("down")).ended.isEmpty)
        #expect(calls(&checks, 1001...1100, .failed("down")).ended.map(\.0) == [1050])
    }

    @Test func `without a grace period the first failure ends a stream`() {
        var checks = withStream { $0.grace = .zero }
        #expect(calls(&checks, 1...500, .failed("down")).ended.map(\.0) == [240])
    }

    @Test func `an authorized poller keeps polling during the grace period`() {
        var checks = withStream()
        checks.removeLease(7, of: [key("x")], at: .zero)
        var (admitted, calls): ([Int], Int) = ([], 0)
        for second in stride(from: 0, through: 600, by: 2) {
            _ = checks.timePassed(to: .seconds(second))
            var actions = checks.asked(
                key("x"), showing: fields, by: UInt64(second), at: .seconds(second))
            if actions.first == .ask(key("x"), fields) {
                calls += 1
                actions = checks.answered(key("x"), .failed("down"), at: .seconds(second))
            }
            if actions.contains(.reply(UInt64(second), .admitted(anne))) { admitted.append(second) }
        }
        #expect(admitted.last == 358)
        // While the route is down, most polls do not wait for it.
        #expect(admitted.count == 180 && calls < 60 + 121)
    }

    @Test func `a new reader is not authorized while the route fails`() {
        var checks = withStream()
        _ = calls(&checks, 1...300, .failed("down"))
        let asked = checks.asked(key("new"), showing: fields, by: 50, at: .seconds(300))
        #expect(asked == [.ask(key("new"), fields)])
        let verdicts = checks.answered(key("new"), .failed("down"), at: .seconds(300))
        guard case .reply(50, .unavailable) = verdicts.first else {
            Issue.record("\(verdicts)")
            return
        }
    }

    @Test func `rechecks of streams and checks of new readers do not wait for each other`() {
        var checks = AuthRouteCache(limits: limits { $0.concurrency = 1 })
        for id: UInt64 in 1...50 {
            let key = key("old\(id)")
            _ = checks.asked(key, showing: fields, by: id, at: .zero)
            _ = checks.answered(key, .admitted(anne), at: .zero)
            _ = checks.addLease(id, on: key, showing: fields, at: .zero)
        }
        _ = checks.timePassed(to: .seconds(240))
        for id: UInt64 in 100...150 {
            _ = checks.asked(key("new\(id)"), showing: fields, by: id, at: .seconds(240))
        }
        var order: [String] = []
        var current = key("old1")
        for _ in 0..<8 {
            let next = checks.answered(current, .admitted(anne), at: .seconds(241))
            for case .ask(let key, _) in next {
                current = key
                order.append(String(decoding: key.credentials.prefix(3), as: UTF8.self))
            }
        }
        #expect(order.count { $0 == "new" } == 4 && order.count { $0 == "old" } == 4)
    }

    // MARK: - Bounds

    @Test func `answers without streams are limited in number`() {
        var checks = AuthRouteCache(limits: limits { $0.entries = 10 })
        for id: UInt64 in 1...100 {
            _ = checks.asked(key("\(id)"), showing: fields, by: id, at: .seconds(1))
            _ = checks.answered(key("\(id)"), .admitted(nil), at: .seconds(1))
            if id == 3 { _ = checks.addLease(3, on: key("3"), showing: fields, at: .seconds(1)) }
        }
        #expect(checks.count == 10 + 1 && checks.leasedEntries == 1)
        let known = (UInt64(1)...100).filter { id in
            checks.asked(key("\(id)"), showing: fields, by: 1000 + id, at: .seconds(2))
                == [.reply(1000 + id, .admitted(nil))]
        }
        #expect(known.contains(3) && known.contains(100) && !known.contains(1))
    }

    @Test(arguments: [9, 10, 11])
    func `answers with streams do not count against the limit`(count: Int) {
        var checks = AuthRouteCache(limits: limits { $0.entries = 10 })
        func admit(_ name: String, _ ticket: UInt64) {
            _ = checks.asked(key(name), showing: fields, by: ticket, at: .seconds(1))
            _ = checks.answered(key(name), .admitted(nil), at: .seconds(1))
        }
        for id: UInt64 in 1...30 {
            admit("stream \(id)", id)
            _ = checks.addLease(id, on: key("stream \(id)"), showing: fields, at: .seconds(1))
        }
        for id in 1...count { admit("\(id)", UInt64(100 + id)) }
        #expect(checks.count == 30 + min(count, 10))
        #expect(checks.tally.evicted == (count > 10 ? 1 : 0))
        // A stream that ends, or is ended, leaves one more answer without a stream, or none.
        checks.removeLease(1, of: [key("stream 1")], at: .seconds(2))
        let call = checks.asked(key("new"), showing: fields, by: 200, at: .seconds(2))
        #expect(call == [.ask(key("new"), fields)])
        _ = checks.answered(key("new"), .admitted(nil), at: .seconds(2))
        #expect(checks.count == 29 + min(10, count + 2))
        #expect(calls(&checks, 3...1000, .refused(status: 403)).ended.count == 29)
        for id in 1...count { admit("again \(id)", UInt64(300 + id)) }
        let kept = checks.count - checks.leasedEntries
        #expect(kept <= 10 && checks.leasedEntries == 0)
    }

    @Test func `finished checks leave no state behind`() {
        var checks = withStream()
        for id: UInt64 in 100...200 {
            _ = checks.asked(key("\(id)"), showing: fields, by: id, at: .seconds(1))
            if id.isMultiple(of: 2) { checks.cancel(id) }
        }
        for id: UInt64 in 100...200 where checks.entries[key("\(id)")]?.phase == .asking {
            _ = checks.answered(key("\(id)"), .refused(status: 403), at: .seconds(1))
        }
        checks.removeLease(7, of: [key("x")], at: .seconds(2))
        var second = 3
        while checks.load.calls > 0, second < 100 {
            for id: UInt64 in 100...200 where checks.entries[key("\(id)")]?.phase == .asking {
                _ = checks.answered(key("\(id)"), .failed("down"), at: .seconds(second))
            }
            second += 1
        }
        for second in 100...1000 { _ = checks.timePassed(to: .seconds(second)) }
        #expect(checks.count == 0 && checks.load == (0, 0))
    }

    @Test func `five thousand simultaneous readers are authorized at the pace of the route`() {
        var checks = AuthRouteCache()
        var open: [(key: AuthRouteCache.Key, until: Duration)] = []
        var back: [Duration: [UInt64]] = [.zero: Array(1...5000)]
        var (admitted, most, perSecond): (Set<UInt64>, Int, [Int]) = ([], 0, [])
        var now: Duration = .zero
        func perform(_ actions: [AuthRouteCache.Action]) {
            for action in actions {
                switch action {
                // The route takes 50 ms.
                case .ask(let key, _): open.append((key, now + .milliseconds(50)))
                case .reply(let ticket, .admitted): admitted.insert(ticket)
                case .reply(let ticket, .overloaded(let seconds)):
                    back[now + .seconds(seconds), default: []].append(ticket)
                default: Issue.record("\(action)")
                }
            }
        }
        while admitted.count < 5000, now < .seconds(120) {
            for ticket in back.removeValue(forKey: now) ?? [] {
                perform(
                    checks.asked(key("user \(ticket)"), showing: fields, by: ticket, at: now))
            }
            most = max(most, open.count)
            let due = open.filter { $0.until <= now }
            open.removeAll { $0.until <= now }
            for call in due { perform(checks.answered(call.key, .admitted(nil), at: now)) }
            if now.components.attoseconds == 0 { perform(checks.timePassed(to: now)) }
            if now.components.attoseconds == 0 { perSecond.append(Int(checks.tally.calls)) }
            now += .milliseconds(50)
        }
        #expect(admitted.count == 5000)
        #expect(most == 16)
        #expect(checks.tally.calls == 5000)
        // 16 at once, 50 ms each.
        #expect(zip(perSecond, perSecond.dropFirst()).allSatisfy { $1 - $0 <= 320 })
        #expect(now < .seconds(30), "\(now)")
    }
}
