// SPDX-License-Identifier: MIT

@testable import PasserelleDownstream
@testable import PasserelleWire
import Testing

/// How long readers remain authorized while the application's auth route fails.
struct AuthGraceTests {
    private let anne = ReaderIdentity(userID: "anne")
    private let fields: HTTPFields = ["Cookie": "s=1"]
    private let key = AuthRouteCache.Key(credentials: [1], channel: "presence-a")

    /// Returns checks with a recheck and a grace period of 20 s; the route authorized at zero, and
    /// fails at 5 s.
    private func failing(since second: Int = 5) -> AuthRouteCache {
        var limits = AuthRouteCache.Limits()
        (limits.recheck, limits.grace, limits.fresh) = (.seconds(20), .seconds(20), .seconds(4))
        var checks = AuthRouteCache(limits: limits)
        for ticket: UInt64 in 1...2 {
            _ = checks.asked(key, showing: fields, by: ticket, at: .zero)
            _ = checks.answered(key, .admitted(anne), at: .zero)
        }
        _ = checks.asked(key, showing: fields, by: 3, at: .seconds(second))
        #expect(
            checks.answered(key, .failed("down"), at: .seconds(second)) == [
                .reply(3, .admitted(anne))
            ])
        return checks
    }

    /// Returns the seconds at which streams end if each call fails after `latency` seconds.
    private func ends(
        _ checks: inout AuthRouteCache, _ seconds: Range<Int>, latency: Int = 0
    ) -> [Int] {
        var (ends, answersAt): ([Int], Int?) = ([], nil)
        for second in seconds {
            var actions = checks.timePassed(to: .seconds(second))
            if answersAt == second {
                answersAt = nil
                actions += checks.answered(key, .failed("down"), at: .seconds(second))
            }
            while !actions.isEmpty {
                switch actions.removeFirst() {
                case .ask where latency > 0: answersAt = second + latency
                case .ask(let key, _):
                    actions += checks.answered(key, .failed("down"), at: .seconds(second))
                case .end(_, let reason):
                    #expect(reason == .unavailable)
                    ends.append(second)
                case .reply, .reportDifferentUsers: break
                }
            }
        }
        return ends
    }

    @Test(arguments: [5, 6, 10, 23, 24], [0, 5])
    func `a stream opened in the grace period ends with it`(second: Int, latency: Int) {
        var checks = failing()
        if second > 5 { #expect(ends(&checks, 6..<second + 1) == []) }
        let actions = checks.asked(key, showing: fields, by: 9, at: .seconds(second))
        if actions != [.reply(9, .admitted(anne))] {
            #expect(actions == [.ask(key, fields)])
            #expect(
                checks.answered(key, .failed("down"), at: .seconds(second)) == [
                    .reply(9, .admitted(anne))
                ])
        }
        #expect(checks.addLease(9, on: key, showing: fields, at: .seconds(second)) == [])
        #expect(ends(&checks, second + 1..<25, latency: latency) == [])
        #expect(ends(&checks, 25..<26, latency: latency) == [25])
        #expect(ends(&checks, 26..<400, latency: latency) == [])
    }

    @Test(arguments: [(24, true), (25, false), (26, false)])
    func `the grace period authorizes a request until its end`(second: Int, isAdmitted: Bool) {
        var checks = failing()
        _ = ends(&checks, 6..<second + 1)
        var actions = checks.asked(key, showing: fields, by: 9, at: .seconds(second))
        if actions == [.ask(key, fields)] {
            actions = checks.answered(key, .failed("down"), at: .seconds(second))
        }
        if isAdmitted {
            #expect(actions == [.reply(9, .admitted(anne))])
        } else if case .reply(9, .unavailable) = actions.first {
            #expect(actions.count == 1)
        } else {
            Issue.record("\(actions)")
        }
    }

    /// Returns 120 readers with one stream each, authorized at zero; a recheck is due at 16 s, and
    /// the grace period is 20 s.
    private func group() -> (checks: AuthRouteCache, keys: [AuthRouteCache.Key]) {
        var limits = AuthRouteCache.Limits()
        (limits.recheck, limits.grace, limits.fresh) = (.seconds(20), .seconds(20), .seconds(4))
        var checks = AuthRouteCache(limits: limits)
        let keys = (0..<120).map {
            AuthRouteCache.Key(credentials: [2, $0], channel: "presence-a")
        }
        for (number, key) in keys.enumerated() {
            let id = UInt64(number)
            _ = checks.asked(key, showing: fields, by: id, at: .zero)
            _ = checks.answered(key, .admitted(anne), at: .zero)
            #expect(checks.addLease(id, on: key, showing: fields, at: .zero) == [])
        }
        return (checks, keys)
    }

    /// Returns the number of ended streams by second if calls fail after `latency` seconds or, if
    /// it is `nil`, are never answered.
    private func endsByTime(
        _ checks: inout AuthRouteCache, latency: Int?, through last: Int
    ) -> [Int: Int] {
        var (ends, open): ([Int: Int], [(key: AuthRouteCache.Key, at: Int)]) = ([:], [])
        for second in 1...last {
            var actions: [AuthRouteCache.Action] = []
            for call in open where call.at <= second {
                actions += checks.answered(call.key, .failed("down"), at: .seconds(second))
            }
            open.removeAll { $0.at <= second }
            actions += checks.timePassed(to: .seconds(second))
            for action in actions {
                switch action {
                case .ask(let key, _): open.append((key, latency.map { second + $0 } ?? .max))
                case .end(_, let reason):
                    #expect(reason == .unavailable)
                    ends[second, default: 0] += 1
                case .reply, .reportDifferentUsers: break
                }
            }
        }
        return ends
    }

    @Test(arguments: [nil, 1, 5, 19, 20, 21, 60], [35, 36, 37])
    func `every stream ends after recheck plus grace, however long calls take`(
        latency: Int?, second: Int
    ) {
        var (checks, _) = group()
        let ends = endsByTime(&checks, latency: latency, through: second)
        // 16 s and 20 s.
        #expect(ends == (second < 36 ? [:] : [36: 120]))
        #expect(checks.tally.ended == (second < 36 ? 0 : 120))
    }

    @Test func `a queued recheck is due nevertheless, and its answer counts`() {
        var (checks, keys) = group()
        var out: [AuthRouteCache.Key] = []
        for case .ask(let key, _) in checks.timePassed(to: .seconds(16)) { out.append(key) }
        #expect(out.count == 16)
        var next: [AuthRouteCache.Action] = []
        for key in out {
            next += checks.answered(key, .admitted(anne), at: .seconds(35))
        }
        #expect(next.count == 16)
        let ended = checks.timePassed(to: .seconds(36)).filter {
            if case .end = $0 { true } else { false }
        }
        #expect(ended.count == keys.count - 16)
    }

    @Test(arguments: [0, 1, 4])
    func `with a short grace period a call still has its timeout`(grace: Int) {
        var limits = AuthRouteCache.Limits()
        (limits.recheck, limits.grace, limits.fresh) = (.seconds(20), .seconds(grace), .seconds(4))
        var checks = AuthRouteCache(limits: limits)
        _ = checks.asked(key, showing: fields, by: 1, at: .zero)
        _ = checks.answered(key, .admitted(anne), at: .zero)
        _ = checks.addLease(1, on: key, showing: fields, at: .zero)
        #expect(checks.timePassed(to: .seconds(16)) == [.ask(key, fields)])
        #expect(checks.timePassed(to: .seconds(20)) == [])
        #expect(checks.timePassed(to: .seconds(21)) == [.end(1, .unavailable)])
    }

    @Test func `answered rechecks leave no state behind, however long the grace period is`() {
        var limits = AuthRouteCache.Limits()
        (limits.recheck, limits.grace) = (.seconds(1), .seconds(86_400))
        limits.fresh = .milliseconds(200)
        var checks = AuthRouteCache(limits: limits)
        _ = checks.asked(key, showing: fields, by: 1, at: .zero)
        _ = checks.answered(key, .admitted(anne), at: .zero)
        _ = checks.addLease(1, on: key, showing: fields, at: .zero)
        for second in 1...1000 {
            for case .ask(let key, _) in checks.timePassed(to: .seconds(second)) {
                _ = checks.answered(key, .admitted(anne), at: .seconds(second))
            }
        }
        #expect(checks.tally.calls >= 1000 && checks.overdueEnds.count <= 65)
    }

    @Test func `an answer of the route ends the grace period`() {
        var checks = failing()
        _ = checks.asked(key, showing: fields, by: 9, at: .seconds(12))
        _ = checks.answered(key, .admitted(anne), at: .seconds(12))
        _ = checks.addLease(9, on: key, showing: fields, at: .seconds(12))
        #expect(ends(&checks, 13..<28) == [])
        // The next failure, at 28 s, begins another one.
        #expect(ends(&checks, 28..<48) == [])
        #expect(ends(&checks, 48..<49) == [48])
    }

    @Test
    func `a stream with an authorization that ended during its opening is rechecked immediately`() {
        var checks = failing()
        #expect(ends(&checks, 6..<26) == [])
        let actions = checks.addLease(9, on: key, showing: fields, at: .seconds(25))
        #expect(actions == [.ask(key, fields)])
        #expect(checks.answered(key, .failed("down"), at: .seconds(26)) == [.end(9, .unavailable)])
        let fresh = AuthRouteCache.Key(credentials: [2], channel: "presence-a")
        #expect(
            checks.addLease(10, on: fresh, showing: fields, at: .seconds(26))
                == [.ask(fresh, fields)])
        #expect(
            checks.answered(fresh, .refused(status: 403), at: .seconds(27))
                == [.end(10, .revoked(status: 403))])
    }
}
