// SPDX-License-Identifier: MIT

@testable import PasserelleDownstream
import PasserelleHub
import PasserelleNet
@testable import PasserelleWire
import Testing

/// Which requests receive the user named by an answer.
struct AuthNamingTests {
    private let fields: HTTPFields = ["Cookie": "theme=dark"]
    private let key = AuthRouteCache.Key(credentials: [1], channel: "presence-a")

    private func user(_ id: String) -> ReaderIdentity { ReaderIdentity(userID: id) }

    /// Makes requests, answers the calls with these users in order, and returns the verdicts.
    private func verdicts(
        _ checks: inout AuthRouteCache, _ key: AuthRouteCache.Key,
        _ actions: [AuthRouteCache.Action],
        _ users: [String]
    ) -> [AuthRouteCache.RequestID: AuthRouteCache.Verdict] {
        var (actions, users, verdicts) = (
            actions, users[...], [:] as [UInt64: AuthRouteCache.Verdict]
        )
        while !actions.isEmpty {
            switch actions.removeFirst() {
            case .ask:
                guard let id = users.popFirst() else { return verdicts }
                actions += checks.answered(key, .admitted(user(id)), at: .seconds(1))
            case .reply(let ticket, let verdict): verdicts[ticket] = verdict
            case .end, .reportDifferentUsers: Issue.record("a stream is ended")
            }
        }
        #expect(users.isEmpty)
        return verdicts
    }

    @Test func `a user named by two calls is given to all requests with the same credentials`() {
        var checks = AuthRouteCache()
        for (ticket, users) in [(1, ["anne"]), (2, ["anne"]), (3, []), (4, [])] {
            let ticket = UInt64(ticket)
            let asked = checks.asked(key, showing: fields, by: ticket, at: .seconds(1))
            #expect(
                verdicts(&checks, key, asked, users) == [ticket: .admitted(user("anne"))])
        }
        #expect(checks.tally.calls == 2)
    }

    @Test func `visitors with equal credentials are different users if the route names them so`() {
        var checks = AuthRouteCache()
        for ticket: UInt64 in 1...5 {
            let asked = checks.asked(key, showing: fields, by: ticket, at: .seconds(1))
            let id = "guest-\(ticket)"
            #expect(verdicts(&checks, key, asked, [id]) == [ticket: .admitted(user(id))])
            _ = checks.addLease(ticket, on: key, showing: fields, at: .seconds(1))
        }
    }

    @Test func `simultaneous visitors are different users too`() {
        var checks = AuthRouteCache()
        let first = checks.asked(key, showing: fields, by: 1, at: .seconds(1))
        for ticket: UInt64 in 2...4 {
            #expect(checks.asked(key, showing: fields, by: ticket, at: .seconds(1)) == [])
        }
        let verdicts = self.verdicts(&checks, key, first, ["a", "b", "c", "d"])
        #expect(
            verdicts == [
                1: .admitted(user("a")), 2: .admitted(user("b")), 3: .admitted(user("c")),
                4: .admitted(user("d")),
            ])
        #expect(checks.load == (0, 0))
    }

    @Test func `simultaneous requests cause two calls if the route names one user`() {
        var checks = AuthRouteCache()
        let first = checks.asked(key, showing: fields, by: 1, at: .seconds(1))
        for ticket: UInt64 in 2...100 {
            _ = checks.asked(key, showing: fields, by: ticket, at: .seconds(1))
        }
        let verdicts = self.verdicts(&checks, key, first, ["anne", "anne"])
        #expect(
            verdicts.count == 100 && verdicts.values.allSatisfy { $0 == .admitted(user("anne")) })
    }

    @Test func `polls have no user and cause no call if each call names another user`() {
        var checks = AuthRouteCache()
        for (ticket, users) in [(1, ["a"]), (2, ["b"]), (3, []), (4, [])] {
            let asked = checks.asked(
                key, showing: fields, by: UInt64(ticket), isBrief: true, at: .seconds(1))
            let verdicts = self.verdicts(&checks, key, asked, users)
            #expect(
                verdicts == [
                    UInt64(ticket): ticket == 1
                        ? .admitted(user("a")) : .admitted(nil, users: ["b"])
                ])
        }
        #expect(checks.tally.calls == 2)
    }

    @Test func `ids are compared byte by byte`() {
        var checks = AuthRouteCache()
        for (ticket, id) in [(1, "zo\u{E9}"), (2, "zoe\u{301}"), (3, "zo\u{E9}")] {
            let asked = checks.asked(key, showing: fields, by: UInt64(ticket), at: .seconds(1))
            let verdicts = self.verdicts(&checks, key, asked, [id])
            guard case .admitted(let identity?, _) = verdicts[UInt64(ticket)] else {
                Issue.record("\(verdicts)")
                return
            }
            #expect(Array(identity.userID.utf8) == Array(id.utf8))
        }
        #expect(checks.tally.calls == 3)
    }

    @Test func `while the route fails, a user named once is given to no other request`() {
        var checks = AuthRouteCache()
        let first = checks.asked(key, showing: fields, by: 1, at: .seconds(1))
        _ = verdicts(&checks, key, first, ["a"])
        _ = checks.asked(key, showing: fields, by: 2, at: .seconds(2))
        #expect(
            checks.answered(key, .failed("down"), at: .seconds(2)) == [
                .reply(2, .admitted(nil, users: ["a"]))
            ])
        // The memory of that failure gives it to none either.
        #expect(
            checks.asked(key, showing: fields, by: 3, at: .seconds(3))
                == [.reply(3, .admitted(nil, users: ["a"]))])
    }

    @Test func `while the route fails, a user named twice is given to other requests`() {
        var checks = AuthRouteCache()
        for ticket: UInt64 in 1...2 {
            let asked = checks.asked(key, showing: fields, by: ticket, at: .seconds(1))
            _ = verdicts(&checks, key, asked, ["a"])
        }
        _ = checks.asked(key, showing: fields, by: 3, at: .seconds(100))
        #expect(
            checks.answered(key, .failed("down"), at: .seconds(100))
                == [.reply(3, .admitted(user("a")))])
    }

    @Test func `if the queue is full, a user named once is given to no other request`() throws {
        let client = try #require(PeerAddress(numericHost: "203.0.113.9", port: 0)).network
        for limit in [\AuthRouteCache.Limits.queue, \.queuePerClient] {
            var limits = AuthRouteCache.Limits()
            limits.concurrency = 1
            limits[keyPath: limit] = 0
            var checks = AuthRouteCache(limits: limits)
            // A stream's check names a user once; then the queue is full.
            let first = checks.addLease(
                1, on: key, showing: fields, from: client, at: .seconds(1))
            #expect(first == [.ask(key, fields)])
            _ = checks.answered(key, .admitted(user("a")), at: .seconds(1))
            #expect(
                checks.asked(key, showing: fields, by: 2, from: client, at: .seconds(2))
                    == [.reply(2, .admitted(nil, users: ["a"]))])
        }
    }

    @Test func `after a queue timeout, a user named once is given to no other request`() {
        var limits = AuthRouteCache.Limits()
        limits.concurrency = 1
        var checks = AuthRouteCache(limits: limits)
        let first = checks.asked(key, showing: fields, by: 1, at: .seconds(1))
        _ = verdicts(&checks, key, first, ["a"])
        let slow = AuthRouteCache.Key(credentials: [2], channel: "presence-a")
        _ = checks.asked(slow, showing: fields, by: 2, at: .seconds(2))
        #expect(checks.asked(key, showing: fields, by: 3, at: .seconds(2)) == [])
        #expect(checks.timePassed(to: .seconds(11)) == [])
        #expect(
            checks.timePassed(to: .seconds(12))
                == [.reply(3, .admitted(nil, users: ["a"]))])
    }

    @Test func `readers that were authorized before have their own queue`() {
        var limits = AuthRouteCache.Limits()
        (limits.concurrency, limits.queue) = (1, 1)
        var checks = AuthRouteCache(limits: limits)
        let first = checks.asked(key, showing: fields, by: 1, at: .seconds(1))
        _ = verdicts(&checks, key, first, ["a"])
        for (number, ticket) in [(2, 2), (3, 3), (4, 4)] as [(UInt8, UInt64)] {
            let other = AuthRouteCache.Key(credentials: [number], channel: "presence-a")
            _ = checks.asked(other, showing: fields, by: ticket, at: .seconds(1))
        }
        #expect(checks.load == (1, 1))
        #expect(checks.asked(key, showing: fields, by: 5, at: .seconds(1)) == [])
        #expect(checks.load == (1, 2))
    }
}
