// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleWire
import Testing

/// The machine that decides when the application's auth route is asked, by a clock of its own.
struct AuthChecksTests {
    private let anne = ReaderIdentity(userID: "anne")
    private let bob = ReaderIdentity(userID: "bob")
    private let fields: HTTPFields = ["Cookie": "s=1"]

    private func key(_ name: String, _ channel: String = "presence-a") -> AuthChecks.Key {
        AuthChecks.Key(credentials: Array(name.utf8), channel: channel)
    }

    private func limits(
        _ change: (inout AuthChecks.Limits) -> Void = { _ in }
    ) -> AuthChecks.Limits {
        var limits = AuthChecks.Limits()
        change(&limits)
        return limits
    }

    @Test func `who asks first is asked for, and is told`() {
        var checks = AuthChecks()
        let asked = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        #expect(asked == [.ask(key("x"), fields)])
        let told = checks.answered(key("x"), .admitted(anne), at: .seconds(1))
        #expect(told == [.tell(1, .admitted(anne))])
    }

    @Test func `identical checks are one call`() {
        var checks = AuthChecks()
        #expect(checks.asked(key("x"), showing: fields, by: 1, at: .zero).count == 1)
        for ticket: UInt64 in 2...100 {
            #expect(checks.asked(key("x"), showing: fields, by: ticket, at: .zero) == [])
        }
        let told = checks.answered(key("x"), .refused(status: 401), at: .zero)
        #expect(told == (1...100).map { .tell($0, .refused(status: 401)) })
        #expect(checks.tally.calls == 1 && checks.tally.joined == 99)
    }

    @Test func `another user and another channel are other checks`() {
        var checks = AuthChecks()
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        #expect(
            checks.asked(key("y"), showing: fields, by: 2, at: .zero) == [.ask(key("y"), fields)])
        #expect(
            checks.asked(key("x", "presence-b"), showing: fields, by: 3, at: .zero)
                == [.ask(key("x", "presence-b"), fields)])
    }

    @Test(arguments: [(59_999, true), (60_000, false)])
    func `an admission is believed for a minute`(milliseconds: Int, isKnown: Bool) {
        var checks = AuthChecks()
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .seconds(9))
        _ = checks.answered(key("x"), .admitted(anne), at: .seconds(10))
        let actions = checks.asked(
            key("x"), showing: fields, by: 2, at: .seconds(10) + .milliseconds(milliseconds))
        #expect(actions == (isKnown ? [.tell(2, .admitted(anne))] : [.ask(key("x"), fields)]))
    }

    @Test(arguments: [(4_999, true), (5_000, false)])
    func `a refusal is believed for five seconds`(milliseconds: Int, isKnown: Bool) {
        var checks = AuthChecks()
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        _ = checks.answered(key("x"), .refused(status: 403), at: .zero)
        let actions = checks.asked(
            key("x"), showing: fields, by: 2, at: .milliseconds(milliseconds))
        #expect(
            actions == (isKnown ? [.tell(2, .refused(status: 403))] : [.ask(key("x"), fields)]))
    }

    @Test func `a failure admits nobody, and is not remembered against whoever comes next`() {
        var checks = AuthChecks()
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        let told = checks.answered(key("x"), .failed, at: .zero)
        guard case .tell(1, .unavailable(let seconds)) = told.first, told.count == 1 else {
            Issue.record("\(told)")
            return
        }
        #expect((1...15).contains(seconds))
        #expect(
            checks.asked(key("x"), showing: fields, by: 2, at: .zero) == [.ask(key("x"), fields)])
    }

    @Test func `calls and waiting checks are bounded, and the rest is spread`() {
        var checks = AuthChecks(
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
                guard case .tell(ticket, .overloaded(let seconds)) = actions.first else {
                    Issue.record("\(actions)")
                    return
                }
                delays.append(seconds)
            }
        }
        #expect(delays == [2, 3, 4, 1, 2, 3, 4, 1])
        #expect(checks.load == (2, 3))
        let next = checks.answered(key("1"), .admitted(anne), at: .seconds(1))
        #expect(next == [.tell(1, .admitted(anne)), .ask(key("3"), fields)])
        #expect(checks.load == (2, 2))
    }

    @Test(arguments: [(9_999, 0), (10_000, 2)])
    func `nobody waits for a call longer than ten seconds`(milliseconds: Int, count: Int) {
        var checks = AuthChecks(limits: limits { $0.concurrency = 1 })
        _ = checks.asked(key("slow"), showing: fields, by: 1, at: .zero)
        _ = checks.asked(key("x"), showing: fields, by: 2, at: .zero)
        _ = checks.asked(key("x"), showing: fields, by: 3, at: .seconds(5))
        let actions = checks.timePassed(to: .milliseconds(milliseconds))
        #expect(actions.count == count)
        for case .tell(_, let verdict) in actions {
            if case .overloaded = verdict {} else { Issue.record("\(verdict)") }
        }
        #expect(checks.load.queued == (count > 0 ? 0 : 1))
    }

    @Test func `who left is not asked for`() {
        var checks = AuthChecks(limits: limits { $0.concurrency = 1 })
        _ = checks.asked(key("slow"), showing: fields, by: 1, at: .zero)
        _ = checks.asked(key("x"), showing: fields, by: 2, at: .zero)
        _ = checks.asked(key("y"), showing: fields, by: 3, at: .zero)
        checks.withdrew(2, from: key("x"))
        #expect(checks.load == (1, 1))
        let actions = checks.answered(key("slow"), .admitted(nil), at: .zero)
        #expect(actions == [.tell(1, .admitted(nil)), .ask(key("y"), fields)])
        // An answer for one who left is kept all the same.
        checks.withdrew(3, from: key("y"))
        #expect(checks.answered(key("y"), .admitted(bob), at: .zero) == [])
        #expect(
            checks.asked(key("y"), showing: fields, by: 4, at: .zero)
                == [.tell(4, .admitted(bob))])
    }

    // MARK: - Streams

    /// Checks in which a stream of Anne's stays since zero.
    private func withStream(
        _ change: (inout AuthChecks.Limits) -> Void = { _ in }
    ) -> AuthChecks {
        var checks = AuthChecks(limits: limits(change))
        _ = checks.asked(key("x"), showing: fields, by: 1, at: .zero)
        _ = checks.answered(key("x"), .admitted(anne), at: .zero)
        checks.stays(7, on: key("x"), showing: fields, as: anne, at: .zero)
        return checks
    }

    /// The seconds at which the route is asked, where it always answers the same.
    private func calls(
        _ checks: inout AuthChecks, _ seconds: ClosedRange<Int>, _ answer: AuthChecks.Answer
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
                case .tell: break
                }
            }
        }
        return (asked, ended)
    }

    @Test func `a stream is checked again within five minutes, again and again`() {
        var checks = withStream()
        let (asked, ended) = calls(&checks, 1...1000, .admitted(anne))
        #expect(asked == [240, 480, 720, 960] && ended.isEmpty)
    }

    @Test func `streams of the same reader are one check, and none once all have ended`() {
        var checks = withStream()
        for stay: UInt64 in 8...20 {
            checks.stays(stay, on: key("x"), showing: fields, as: anne, at: .seconds(30))
        }
        #expect(calls(&checks, 1...300, .admitted(anne)).asked.count == 1)
        for stay: UInt64 in 7...20 { checks.left(stay, on: key("x"), at: .seconds(300)) }
        #expect(calls(&checks, 300...2000, .admitted(anne)).asked == [])
    }

    @Test func `a revoked stream is ended, and its reader is a stranger`() {
        var checks = withStream()
        checks.stays(8, on: key("x"), showing: fields, as: anne, at: .zero)
        let (asked, ended) = calls(&checks, 1...600, .refused(status: 403))
        #expect(asked == [240])
        #expect(ended.map(\.0) == [240, 240] && ended.allSatisfy { $0.1 == .revoked(status: 403) })
        #expect(checks.tally.ended == 2)
        #expect(
            checks.asked(key("x"), showing: fields, by: 9, at: .seconds(600))
                == [.ask(key("x"), fields)])
    }

    @Test func `a reader who has become another one is ended`() {
        var checks = withStream()
        let (_, ended) = calls(&checks, 1...300, .admitted(bob))
        #expect(ended.map(\.1) == [.revoked(status: 403)])
    }

    @Test func `a route that fails keeps who was admitted for the grace, and no longer`() {
        var checks = withStream()
        let (asked, ended) = calls(&checks, 1...2000, .failed)
        #expect(asked.first == 240 && asked.dropFirst().first == 255)
        #expect(ended.map(\.0) == [540] && ended.map(\.1) == [.unavailable])
        #expect(asked.last == 540)
    }

    @Test func `a route that answers again in time ends nobody`() {
        var checks = withStream()
        #expect(calls(&checks, 1...500, .failed).ended.isEmpty)
        #expect(calls(&checks, 501...520, .admitted(anne)).asked == [510])
        #expect(calls(&checks, 521...1000, .failed).ended.isEmpty)
        #expect(calls(&checks, 1001...1100, .failed).ended.map(\.0) == [1050])
    }

    @Test func `without a grace the first failure ends a stream`() {
        var checks = withStream { $0.grace = .zero }
        #expect(calls(&checks, 1...500, .failed).ended.map(\.0) == [240])
    }

    @Test func `a poller who was admitted polls on for the grace while the route fails`() {
        var checks = withStream()
        checks.left(7, on: key("x"), at: .zero)
        var (admitted, calls): ([Int], Int) = ([], 0)
        for second in stride(from: 0, through: 600, by: 2) {
            _ = checks.timePassed(to: .seconds(second))
            var actions = checks.asked(
                key("x"), showing: fields, by: UInt64(second), at: .seconds(second))
            if actions.first == .ask(key("x"), fields) {
                calls += 1
                actions = checks.answered(key("x"), .failed, at: .seconds(second))
            }
            if actions.contains(.tell(UInt64(second), .admitted(anne))) { admitted.append(second) }
        }
        #expect(admitted.last == 358)
        // Not each of its polls waits for a route that is down.
        #expect(admitted.count == 180 && calls < 60 + 121)
    }

    @Test func `a stranger is not admitted while the route fails`() {
        var checks = withStream()
        _ = calls(&checks, 1...300, .failed)
        let asked = checks.asked(key("new"), showing: fields, by: 50, at: .seconds(300))
        #expect(asked == [.ask(key("new"), fields)])
        let told = checks.answered(key("new"), .failed, at: .seconds(300))
        guard case .tell(50, .unavailable) = told.first else {
            Issue.record("\(told)")
            return
        }
    }

    @Test func `checks of streams do not wait behind those of newcomers, nor these behind them`() {
        var checks = AuthChecks(limits: limits { $0.concurrency = 1 })
        for id: UInt64 in 1...50 {
            let key = key("old\(id)")
            _ = checks.asked(key, showing: fields, by: id, at: .zero)
            _ = checks.answered(key, .admitted(anne), at: .zero)
            checks.stays(id, on: key, showing: fields, as: anne, at: .zero)
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

    @Test func `answers that nobody lives on are bounded in number`() {
        var checks = AuthChecks(limits: limits { $0.entries = 10 })
        for id: UInt64 in 1...100 {
            _ = checks.asked(key("\(id)"), showing: fields, by: id, at: .seconds(1))
            _ = checks.answered(key("\(id)"), .admitted(nil), at: .seconds(1))
            if id == 3 { checks.stays(3, on: key("3"), showing: fields, as: nil, at: .seconds(1)) }
        }
        #expect(checks.count <= 10)
        let known = (UInt64(1)...100).filter { id in
            checks.asked(key("\(id)"), showing: fields, by: 1000 + id, at: .seconds(2))
                == [.tell(1000 + id, .admitted(nil))]
        }
        #expect(known.contains(3) && known.contains(100) && !known.contains(1))
    }

    @Test func `what is over leaves nothing behind`() {
        var checks = withStream()
        for id: UInt64 in 100...200 {
            _ = checks.asked(key("\(id)"), showing: fields, by: id, at: .seconds(1))
            if id.isMultiple(of: 2) { checks.withdrew(id, from: key("\(id)")) }
        }
        for id: UInt64 in 100...200 where checks.isAsking(key("\(id)")) {
            _ = checks.answered(key("\(id)"), .refused(status: 403), at: .seconds(1))
        }
        checks.left(7, on: key("x"), at: .seconds(2))
        var second = 3
        while checks.load.calls > 0, second < 100 {
            for id: UInt64 in 100...200 where checks.isAsking(key("\(id)")) {
                _ = checks.answered(key("\(id)"), .failed, at: .seconds(second))
            }
            second += 1
        }
        for second in 100...1000 { _ = checks.timePassed(to: .seconds(second)) }
        #expect(checks.count == 0 && checks.load == (0, 0))
    }

    @Test func `a herd of five thousand is admitted at the pace of the route`() {
        var checks = AuthChecks()
        var open: [(key: AuthChecks.Key, until: Duration)] = []
        var back: [Duration: [UInt64]] = [.zero: Array(1...5000)]
        var (admitted, most, perSecond): (Set<UInt64>, Int, [Int]) = ([], 0, [])
        var now: Duration = .zero
        func perform(_ actions: [AuthChecks.Action]) {
            for action in actions {
                switch action {
                // The route takes 50 ms.
                case .ask(let key, _): open.append((key, now + .milliseconds(50)))
                case .tell(let ticket, .admitted): admitted.insert(ticket)
                case .tell(let ticket, .overloaded(let seconds)):
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
