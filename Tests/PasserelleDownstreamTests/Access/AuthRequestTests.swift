// SPDX-License-Identifier: MIT

@testable import PasserelleDownstream
import PasserelleNet
@testable import PasserelleWire
import Testing

/// Requests for several channels: the order of their checks, and their decisions.
struct AuthRequestTests {
    private let fields: HTTPFields = ["Cookie": "s=1"]
    private let anne = ReaderIdentity(userID: "anne")
    private let bob = ReaderIdentity(userID: "bob")

    private func key(_ channel: String) -> AuthRouteCache.Key {
        AuthRouteCache.Key(credentials: [1], channel: channel)
    }

    private func request(
        _ channels: String..., from client: PeerAddress? = nil, isBrief: Bool = false
    ) -> AuthRouteCache.Request {
        AuthRouteCache.Request(
            channels: channels, credentials: [1], fields: fields, client: client,
            isBrief: isBrief)
    }

    private func asks(_ channels: String...) -> [AuthRouteCache.Action] {
        channels.map { .ask(key($0), fields) }
    }

    private func revoke(
        _ userID: String, _ channel: String?, in cache: inout AuthRouteCache, at now: Duration
    ) {
        let mark = Revocations.Mark(order: cache.nextID(), steady: now, wall: 0)
        let isRemembered = cache.revocations.revoke(userID, channel: channel, at: mark)
        #expect(isRemembered)
    }

    @Test func `the first channel is checked alone, and the others once it is authorized`() {
        var cache = AuthRouteCache()
        let request = request("presence-a", "c", "presence-b", "private-c")
        #expect(cache.requested(1, request, at: .zero) == asks("presence-a"))
        #expect(
            cache.answered(key("presence-a"), .admitted(anne), at: .zero)
                == asks("presence-b", "private-c"))
        #expect(cache.answered(key("private-c"), .admitted(nil), at: .zero) == [])
        #expect(
            cache.answered(key("presence-b"), .admitted(anne), at: .zero)
                == [.reply(1, .admitted(anne))])
        #expect(cache.tally.calls == 3 && cache.load == (0, 0))
    }

    @Test func `a request for public channels only causes no call`() {
        var cache = AuthRouteCache()
        #expect(cache.requested(1, request("a", "b"), at: .zero) == [.reply(1, .admitted(nil))])
        #expect(cache.count == 0)
    }

    @Test func `a request for known channels is decided immediately`() {
        var cache = AuthRouteCache()
        for (id, channel) in [(1, "private-a"), (2, "private-b")] as [(UInt64, String)] {
            _ = cache.requested(id, request(channel), at: .zero)
            _ = cache.answered(key(channel), .admitted(nil), at: .zero)
        }
        #expect(
            cache.requested(3, request("private-a", "private-b"), at: .seconds(1))
                == [.reply(3, .admitted(nil))])
        #expect(
            cache.requested(4, request("private-a", "private-c"), at: .seconds(1))
                == asks("private-c"))
        #expect(cache.tally.remembered == 3)
    }

    @Test(arguments: ["presence-a", "presence-b", "presence-c"])
    func `one refused channel refuses the request, and its other checks are withdrawn`(
        channel: String
    ) {
        var limits = AuthRouteCache.Limits()
        limits.concurrency = 1
        var cache = AuthRouteCache(limits: limits)
        let request = request("presence-a", "presence-b", "presence-c")
        var actions = cache.requested(1, request, at: .zero)
        var asked: [String] = []
        while case .ask(let key, _)? = actions.first {
            asked.append(key.channel)
            let answer: AuthRouteAnswer =
                key.channel == channel ? .refused(status: 403) : .admitted(anne)
            actions = cache.answered(key, answer, at: .zero)
        }
        #expect(actions.first == .reply(1, .refused(status: 403)) && asked.last == channel)
        #expect(cache.load.queued == 0)
        // The call in the freed place is answered nevertheless.
        for case .ask(let key, _) in actions {
            #expect(cache.answered(key, .admitted(anne), at: .zero) == [])
        }
        #expect(cache.load == (0, 0))
    }

    @Test func `a request that is refused a place asks about no further channel`() throws {
        let client = try #require(PeerAddress(numericHost: "203.0.113.9", port: 0)).network
        var limits = AuthRouteCache.Limits()
        (limits.concurrency, limits.queuePerClient) = (2, 1)
        var cache = AuthRouteCache(limits: limits)
        let request = request("private-a", "private-b", "private-c", "private-d", from: client)
        #expect(cache.requested(1, request, at: .zero) == asks("private-a"))
        // One call, one waiting check, and the third channel is over the limit.
        let actions = cache.answered(key("private-a"), .admitted(nil), at: .zero)
        #expect(actions.count == 2 && actions.first == .ask(key("private-b"), fields))
        guard case .reply(1, .tooManyFromClient) = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(cache.tally.tooManyFromClient == 1 && cache.load == (1, 0))
        #expect(cache.answered(key("private-b"), .admitted(nil), at: .zero) == [])
        #expect(cache.load == (0, 0))
    }

    @Test func `a cancelled request leaves no check behind`() {
        var limits = AuthRouteCache.Limits()
        limits.concurrency = 1
        var cache = AuthRouteCache(limits: limits)
        _ = cache.requested(1, request("private-a", "private-b", "private-c"), at: .zero)
        #expect(
            cache.answered(key("private-a"), .admitted(nil), at: .zero) == asks("private-b"))
        #expect(cache.load == (1, 1))
        cache.cancel(1)
        #expect(cache.load == (1, 0))
        #expect(cache.answered(key("private-b"), .admitted(nil), at: .zero) == [])
        #expect(cache.load == (0, 0))
    }

    @Test func `different users on different channels mean no user, and are reported once`() {
        var cache = AuthRouteCache()
        let request = request("presence-a", "presence-b", "presence-c")
        _ = cache.requested(1, request, at: .zero)
        _ = cache.answered(key("presence-a"), .admitted(anne), at: .zero)
        #expect(
            cache.answered(key("presence-b"), .admitted(bob), at: .zero) == [.reportDifferentUsers])
        #expect(
            cache.answered(key("presence-c"), .admitted(anne), at: .zero)
                == [.reply(1, .admitted(nil, users: ["anne", "bob"]))])
    }

    @Test func `a request displaced on one channel gives up its others`() throws {
        let (group, single) = (
            try #require(PeerAddress(numericHost: "203.0.113.9", port: 0)).network,
            try #require(PeerAddress(numericHost: "198.51.100.1", port: 0)).network
        )
        var limits = AuthRouteCache.Limits()
        (limits.concurrency, limits.queue) = (1, 3)
        var cache = AuthRouteCache(limits: limits)
        let request = request("private-a", "private-b", "private-c", "private-d", from: group)
        _ = cache.requested(1, request, at: .zero)
        let next = cache.answered(key("private-a"), .admitted(nil), at: .zero)
        #expect(next == asks("private-b") && cache.load == (1, 2))
        // The queue is full with a check of this host.
        #expect(cache.requested(2, self.request("private-x"), at: .zero) == [])
        let actions = cache.requested(3, self.request("private-y", from: single), at: .zero)
        guard case .reply(1, .tooManyFromClient)? = actions.first, actions.count == 1 else {
            Issue.record("\(actions)")
            return
        }
        #expect(cache.load == (1, 2), "the checks of the displaced request are withdrawn")
    }

    // MARK: - Revocations

    @Test(arguments: [
        ("presence-a", true), (nil, true), ("presence-b", false), ("c", true), ("d", false),
    ])
    func `a revocation between two answers refuses the request if it covers the earlier one`(
        channel: String?, isRevoked: Bool
    ) {
        var cache = AuthRouteCache(revocations: Revocations(limit: 10))
        let id = cache.nextID()
        _ = cache.requested(id, request("presence-a", "presence-b", "c"), at: .zero)
        _ = cache.answered(key("presence-a"), .admitted(anne), at: .zero)
        revoke("anne", channel, in: &cache, at: .seconds(1))
        var actions = cache.answered(key("presence-b"), .admitted(anne), at: .seconds(2))
        if actions == asks("presence-b") {
            // The call began before the revocation. The route is asked again.
            actions = cache.answered(key("presence-b"), .admitted(anne), at: .seconds(2))
        }
        #expect(actions == [.reply(id, isRevoked ? .revoked : .admitted(anne))])
    }

    @Test func `a call that began before a revocation is repeated within its place`() {
        var cache = AuthRouteCache(revocations: Revocations(limit: 10))
        let id = cache.nextID()
        _ = cache.requested(id, request("presence-a"), at: .zero)
        revoke("anne", nil, in: &cache, at: .seconds(1))
        #expect(
            cache.answered(key("presence-a"), .admitted(anne), at: .seconds(2))
                == asks("presence-a"))
        #expect(cache.load == (1, 0) && cache.tally.calls == 1 && cache.tally.admitted == 0)
        #expect(
            cache.answered(key("presence-a"), .admitted(anne), at: .seconds(3))
                == [.reply(id, .admitted(anne))])
    }

    @Test func `a remembered answer from before a revocation does not authorize`() {
        var cache = AuthRouteCache(revocations: Revocations(limit: 10))
        for _ in 1...2 {
            _ = cache.requested(cache.nextID(), request("presence-a"), at: .zero)
            _ = cache.answered(key("presence-a"), .admitted(anne), at: .zero)
        }
        #expect(
            cache.requested(100, request("presence-a"), at: .seconds(1))
                == [.reply(100, .admitted(anne))])
        revoke("anne", nil, in: &cache, at: .seconds(2))
        #expect(
            cache.requested(101, request("presence-a"), at: .seconds(3)) == asks("presence-a"))
    }
}
