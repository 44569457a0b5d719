// SPDX-License-Identifier: MIT

@testable import PasserelleDownstream
import PasserelleNet
@testable import PasserelleWire
import Testing

/// How client addresses share the calls to the application's auth route, and the queues for them.
struct AuthQueueTests {
    private let fields: HTTPFields = ["Cookie": "s=1"]

    private func key(_ name: String) -> AuthRouteCache.Key {
        AuthRouteCache.Key(credentials: Array(name.utf8), channel: "presence-a")
    }

    private func client(_ host: String) throws -> PeerAddress {
        try #require(PeerAddress(numericHost: host, port: 0)).network
    }

    private func checks(_ change: (inout AuthRouteCache.Limits) -> Void) -> AuthRouteCache {
        var limits = AuthRouteCache.Limits()
        change(&limits)
        return AuthRouteCache(limits: limits)
    }

    private func names(_ actions: [AuthRouteCache.Action]) -> [String] {
        actions.compactMap {
            guard case .ask(let key, _) = $0 else { return nil }
            return String(decoding: key.credentials, as: UTF8.self)
        }
    }

    /// Answers the calls in progress one after the other; returns the names in the order of calls.
    private func answerAll(
        _ checks: inout AuthRouteCache, _ actions: [AuthRouteCache.Action], first count: Int,
        at now: Duration = .seconds(1)
    ) -> [String] {
        var (out, order) = (names(actions), names(actions))
        while order.count < count, !out.isEmpty {
            let next = names(
                checks.answered(key(out.removeFirst()), .admitted(nil), at: now))
            out += next
            order += next
        }
        return order
    }

    @Test(arguments: [(2, true), (3, true), (4, false)])
    func `one address has a limited number of places in the queue`(
        count: Int, isTaken: Bool
    ) throws {
        var checks = checks {
            $0.concurrency = 2
            $0.queuePerClient = 3
        }
        let group = try client("203.0.113.9")
        var last: [AuthRouteCache.Action] = []
        // The first causes a call immediately, since one address has half of the calls.
        for number in 0...count {
            last = checks.asked(
                key("\(number)"), showing: fields, by: UInt64(number), from: group, at: .zero)
        }
        if isTaken {
            #expect(last == [] && checks.load == (1, count))
        } else if case .reply(4, .tooManyFromClient(let seconds)) = last.first {
            #expect((1...15).contains(seconds) && last.count == 1)
        } else {
            Issue.record("\(last)")
        }
        #expect(checks.tally.tooManyFromClient == (isTaken ? 0 : 1) && checks.tally.overloaded == 0)
        // A withdrawn place is free again, and other addresses have their own.
        checks.cancel(1)
        #expect(
            checks.asked(key("a"), showing: fields, by: 50, from: group, at: .zero) == [])
        #expect(
            checks.asked(
                key("b"), showing: fields, by: 51, from: try client("203.0.113.8"), at: .zero)
                == [.ask(key("b"), fields)])
    }

    @Test(arguments: [5, 6, 7])
    func `in a full queue the address with the most requests makes room`(limit: Int) throws {
        var checks = checks {
            $0.concurrency = 2
            $0.queue = limit
        }
        var ticket: UInt64 = 0
        func ask(_ host: String) throws -> [AuthRouteCache.Action] {
            ticket += 1
            return checks.asked(
                key("\(ticket)"), showing: fields, by: ticket, from: try client(host), at: .zero)
        }
        // Each address has one call and then three waiting requests.
        for host in ["203.0.113.1", "203.0.113.2"] {
            for _ in 0..<4 { _ = try ask(host) }
        }
        // With room for five, the sixth has no better claim to a place than those that wait.
        #expect(checks.load == (2, min(limit, 6)))
        #expect(checks.tally.overloaded == (limit == 5 ? 1 : 0))
        let last = try ask("203.0.113.3")
        if limit == 7 {
            #expect(last == [])
        } else if case .reply(let displaced, .tooManyFromClient) = last.first {
            #expect([4, 8].contains(displaced) && last.count == 1)
        } else {
            Issue.record("\(last)")
        }
        #expect(checks.load == (2, limit) && checks.tally.tooManyFromClient == (limit == 7 ? 0 : 1))
    }

    @Test(arguments: [2, 3, 4])
    func `requests count for their address if each needs its own call`(
        count: Int
    ) throws {
        var checks = checks { $0.queuePerClient = 3 }
        let group = try client("203.0.113.9")
        for ticket: UInt64 in 200..<300 {
            _ = checks.asked(key("b"), showing: fields, by: ticket, from: group, at: .zero)
        }
        for ticket: UInt64 in 90...91 {
            _ = checks.asked(key("a"), showing: fields, by: ticket, from: group, at: .zero)
            let user = ReaderIdentity(userID: "guest-\(ticket)")
            _ = checks.answered(key("a"), .admitted(user), at: .zero)
        }
        var last = checks.asked(key("a"), showing: fields, by: 0, from: group, at: .zero)
        #expect(last == [.ask(key("a"), fields)])
        for ticket in 1...UInt64(count) {
            last = checks.asked(key("a"), showing: fields, by: ticket, from: group, at: .zero)
        }
        // One over the limit has no call. The earlier answer authorizes it without a user.
        #expect(last == (count <= 3 ? [] : [.reply(4, .admitted(nil, users: ["guest-91"]))]))
        // Another address may wait, and the same one after a withdrawal.
        #expect(
            checks.asked(
                key("a"), showing: fields, by: 50, from: try client("203.0.113.8"), at: .zero)
                == [])
        checks.cancel(1)
        #expect(
            checks.asked(key("a"), showing: fields, by: 60, from: group, at: .zero) == [])
        #expect(checks.tally.tooManyFromClient == 0)
    }

    @Test func `a request that joins another address's waits no longer than one of its own`()
        throws
    {
        var checks = checks { $0.concurrency = 2 }
        let (group, single) = (try client("203.0.113.9"), try client("198.51.100.1"))
        var actions: [AuthRouteCache.Action] = []
        for number in 0..<200 {
            actions += checks.asked(
                key("busy \(number)"), showing: fields, by: UInt64(number), from: group,
                at: .zero)
        }
        _ = checks.asked(key("same"), showing: fields, by: 300, from: group, at: .zero)
        let joined = checks.asked(
            key("same"), showing: fields, by: 301, from: single, at: .zero)
        // The busy address has one of the two calls; the other one is available immediately.
        #expect(joined == [.ask(key("same"), fields)])
        // The place in the busy address's line is gone.
        #expect(checks.load == (2, 199))
        #expect(
            checks.answered(key("same"), .admitted(nil), at: .seconds(1))
                == [.reply(300, .admitted(nil)), .reply(301, .admitted(nil))])
    }

    @Test func `a place is removed with the last request of its address`() throws {
        var checks = checks { $0.concurrency = 1 }
        let (one, two) = (try client("203.0.113.9"), try client("198.51.100.1"))
        _ = checks.asked(key("out"), showing: fields, by: 1, at: .zero)
        for (ticket, client) in [(2, one), (3, one), (4, two)] as [(UInt64, PeerAddress)] {
            _ = checks.asked(key("a"), showing: fields, by: ticket, from: client, at: .zero)
        }
        #expect(checks.load.queued == 2)
        checks.cancel(2)
        #expect(checks.load.queued == 2)
        checks.cancel(3)
        #expect(checks.load.queued == 1)
        checks.cancel(4)
        #expect(checks.load.queued == 0 && checks.count == 1)
    }

    @Test func `addresses take turns for the calls of one key if each call names another user`()
        throws
    {
        var checks = checks { _ in }
        let (group, single) = (try client("203.0.113.9"), try client("198.51.100.1"))
        for ticket: UInt64 in 0..<60 {
            _ = checks.asked(key("none"), showing: fields, by: ticket, from: group, at: .zero)
        }
        for ticket: UInt64 in 100...101 {
            _ = checks.asked(key("none"), showing: fields, by: ticket, from: single, at: .zero)
        }
        var served: [UInt64] = []
        for call in 0..<62 {
            let user = ReaderIdentity(userID: "guest-\(call)")
            for case .reply(let ticket, let verdict) in checks.answered(
                key("none"), .admitted(user), at: .seconds(1))
            {
                served.append(ticket)
                #expect(verdict == .admitted(user))
            }
        }
        #expect(served.prefix(5) == [0, 100, 1, 101, 2])
        #expect(served.count == 62 && checks.load == (0, 0))
    }

    @Test func `addresses take turns, however many requests one of them sends`() throws {
        var checks = checks { $0.concurrency = 4 }
        let group = try client("203.0.113.9")
        var actions: [AuthRouteCache.Action] = []
        for number in 0..<250 {
            actions += checks.asked(
                key("busy \(number)"), showing: fields, by: UInt64(number), from: group,
                at: .zero)
        }
        for number in 0..<10 {
            actions += checks.asked(
                key("other \(number)"), showing: fields, by: UInt64(1000 + number),
                from: try client("198.51.100.\(number)"), at: .zero)
        }
        let order = answerAll(&checks, actions, first: 24)
        #expect(order.filter { $0.hasPrefix("other") }.count == 10, "\(order)")
    }

    @Test func `one address has at most half of the calls, and this host may have all`() throws {
        var checks = checks { $0.concurrency = 6 }
        let group = try client("2001:db8::1")
        var called = 0
        for number in 0..<20 {
            let address = number % 2 == 0 ? group : try client("2001:db8::\(number)")
            #expect(address == group)
            called +=
                names(
                    checks.asked(
                        key("\(number)"), showing: fields, by: UInt64(number), from: address,
                        at: .zero)
                ).count
        }
        #expect(called == 3 && checks.load == (3, 17))
        for number in 20..<30 {
            called +=
                names(
                    checks.asked(key("\(number)"), showing: fields, by: UInt64(number), at: .zero)
                ).count
        }
        #expect(called == 6)
    }

    @Test func `readers that were authorized before do not wait behind new readers`() throws {
        var checks = checks {
            $0.concurrency = 1
            $0.queue = 100
        }
        let known = try client("198.51.100.1")
        _ = checks.asked(key("known"), showing: fields, by: 1, from: known, at: .zero)
        _ = checks.answered(key("known"), .admitted(nil), at: .zero)
        var actions: [AuthRouteCache.Action] = []
        // As many addresses as there are places.
        for number in 0..<300 {
            actions += checks.asked(
                key("new \(number)"), showing: fields, by: UInt64(10 + number),
                from: try client("203.0.\(number / 100).\(number % 100)"), at: .seconds(61))
        }
        #expect(checks.load == (1, 100) && checks.tally.overloaded == 199)
        let back = checks.asked(
            key("known"), showing: fields, by: 2, from: known, at: .seconds(61))
        #expect(back == [])
        let order = answerAll(&checks, actions, first: 3, at: .seconds(61))
        #expect(order.contains("known"), "\(order)")
    }

    @Test func `refusals and the answers of one address evict no other authorizations`() throws {
        var checks = checks {
            $0.entries = 40
            $0.entriesPerClient = 8
        }
        let (reader, group) = (try client("198.51.100.1"), try client("203.0.113.9"))
        _ = checks.asked(key("known"), showing: fields, by: 1, from: reader, at: .zero)
        _ = checks.answered(key("known"), .admitted(nil), at: .zero)
        for number in 0..<200 {
            let name = "busy \(number)"
            // Requests of an address, and of this host, which are not limited in number.
            _ = checks.asked(
                key(name), showing: fields, by: UInt64(10 + number),
                from: number < 100 ? group : nil, at: .seconds(1))
            let answer: AuthRouteAnswer =
                number < 100 ? .admitted(nil) : .refused(status: 403)
            _ = checks.answered(key(name), answer, at: .seconds(1))
        }
        #expect(checks.count <= 40 && checks.tally.evicted >= 92)
        #expect(
            checks.asked(key("known"), showing: fields, by: 2, from: reader, at: .seconds(2))
                == [.reply(2, .admitted(nil))])
        let kept = (0..<100).filter { number in
            checks.asked(
                key("busy \(number)"), showing: fields, by: UInt64(1000 + number), from: group,
                at: .seconds(2)) == [.reply(UInt64(1000 + number), .admitted(nil))]
        }
        #expect(kept == Array(92..<100))
        for second in 3...7 { _ = checks.timePassed(to: .seconds(second)) }
        #expect(checks.count <= 9 + 92, "refusals are not forgotten: \(checks.count)")
    }
}
