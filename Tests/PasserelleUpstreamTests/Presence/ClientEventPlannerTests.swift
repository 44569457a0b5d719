// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

@testable import PasserelleUpstream

/// Tests each decision of `ClientEventPlanner`.
struct ClientEventPlannerTests {
    private typealias Planner = ClientEventPlanner
    private let anne = ChannelUser("presence-a", "anne")
    private let bob = ChannelUser("presence-b", "bob")

    private func typing(_ text: String = "{}", by user: ChannelUser)
        -> ClientEventPlanner.OutgoingEvent
    {
        ClientEventPlanner.OutgoingEvent(name: Planner.typing, data: Array(text.utf8), user: user)
    }

    /// Submits an event with an unused ticket.
    private func send(
        _ planner: inout ClientEventPlanner, _ outgoing: ClientEventPlanner.OutgoingEvent,
        _ membership: DelegatePool.Membership, at milliseconds: Int = 0
    ) -> ClientEventPlanner.Decision {
        planner.submit(
            outgoing, ticket: 0, membership: membership, isSubscribed: true,
            now: .milliseconds(milliseconds))
    }

    @Test func `a member's event is sent on its own connection, any other on the observer's`() {
        var planner = ClientEventPlanner()
        #expect(send(&planner, typing(by: anne), .member(on: 3)) == .send(.own(3)))
        planner.recordSent(.own(3))
        #expect(send(&planner, typing(by: bob), .notDelegated) == .send(.observer))
        planner.recordSent(.observer)
        #expect(planner.counters == .init(delegated: 1, observed: 1))
    }

    @Test func `the waiting events of a revoked user are dropped`() {
        var planner = ClientEventPlanner()
        for (ticket, user) in [(1, anne), (2, bob), (3, ChannelUser("presence-b", "anne"))] {
            let decision = planner.submit(
                typing(by: user), ticket: ticket, membership: .pending, isSubscribed: true,
                now: .zero)
            #expect(decision == .wait)
        }
        #expect(planner.revoked("anne", on: "presence-c") == [])
        #expect(planner.revoked("anne", on: "presence-b") == [3])
        #expect(planner.revoked("anne", on: nil) == [1])
        let settled = planner.decideWaiting(
            membership: { _ in .notDelegated }, isSubscribed: { _ in true }, now: .zero)
        #expect(settled.map(\.ticket) == [2])
    }

    @Test func `no event is sent on a channel that is not subscribed`() {
        var planner = ClientEventPlanner()
        for membership in [DelegatePool.Membership.member(on: 1), .pending, .notDelegated] {
            let decision = planner.submit(
                typing(by: anne), ticket: 1, membership: membership, isSubscribed: false, now: .zero
            )
            #expect(decision == .answer(.unavailable))
        }
        #expect(planner.waitingCount == 0)
        #expect(send(&planner, typing(by: anne), .member(on: 1)) == .send(.own(1)))
    }

    @Test func `a state repeated within a second is sent once, and each time answered as sent`() {
        var planner = ClientEventPlanner()
        let (on, off) = (typing("true", by: anne), typing("false", by: anne))
        #expect(send(&planner, on, .member(on: 1), at: 0) == .send(.own(1)))
        #expect(send(&planner, on, .member(on: 1), at: 999) == .answer(.sent))
        #expect(send(&planner, on, .member(on: 1), at: 1000) == .send(.own(1)))
        #expect(send(&planner, off, .member(on: 1), at: 1001) == .send(.own(1)))
        #expect(send(&planner, on, .member(on: 1), at: 1002) == .send(.own(1)))
        #expect(planner.counters.merged == 1)
        let other = ClientEventPlanner.OutgoingEvent(name: "client-ping", data: [], user: anne)
        #expect(send(&planner, other, .member(on: 1), at: 1002) == .send(.own(1)))
        #expect(send(&planner, other, .member(on: 1), at: 1002) == .send(.own(1)))
    }

    @Test func `the tenth event within a second is sent, the eleventh is over the limit`() {
        var planner = ClientEventPlanner()
        for index in 0..<11 {
            let outgoing = typing("\(index)", by: anne)
            let decision = send(&planner, outgoing, .member(on: 1), at: index * 10)
            #expect(decision == (index < 10 ? .send(.own(1)) : .answer(.excess(.seconds(1)))))
        }
        #expect(planner.counters.excess == 1)
        #expect(send(&planner, typing("x", by: anne), .notDelegated, at: 100) == .send(.observer))
        // An unsent state is not a repetition: it is sent as soon as the limit allows.
        let eleventh = typing("10", by: anne)
        #expect(
            send(&planner, eleventh, .member(on: 1), at: 1099)
                == .answer(.excess(.milliseconds(1))))
        #expect(send(&planner, eleventh, .member(on: 1), at: 1100) == .send(.own(1)))
    }

    @Test func `a state is sent again if it was not sent, or if its connection was lost`() {
        var planner = ClientEventPlanner()
        #expect(send(&planner, typing(by: anne), .member(on: 1)) == .send(.own(1)))
        planner.failed(typing(by: anne))
        #expect(send(&planner, typing(by: anne), .member(on: 1)) == .send(.own(1)))
        planner.lost(1)
        #expect(send(&planner, typing(by: anne), .member(on: 2)) == .send(.own(2)))
        #expect(send(&planner, typing(by: anne), .member(on: 2)) == .answer(.sent))
    }

    @Test func `an event of a pending member waits, and is sent on the user's own connection`() {
        var planner = ClientEventPlanner()
        let outgoing = typing(by: anne)
        #expect(
            planner.submit(
                outgoing, ticket: 7, membership: .pending, isSubscribed: true, now: .zero)
                == .wait)
        #expect(planner.deadline == .seconds(2))
        let early = planner.decideWaiting(
            membership: { _ in .pending }, isSubscribed: { _ in true }, now: .milliseconds(1999))
        #expect(early.isEmpty)
        let settled = planner.decideWaiting(
            membership: { _ in .member(on: 4) }, isSubscribed: { _ in true },
            now: .milliseconds(1999)
        )
        #expect(settled.map(\.ticket) == [7])
        #expect(settled.map(\.outgoing) == [outgoing])
        #expect(settled.map(\.decision) == [.send(.own(4))])
        #expect(planner.waitingCount == 0)
        #expect(planner.deadline == nil)
        #expect(send(&planner, outgoing, .member(on: 4), at: 2000) == .answer(.sent))
    }

    @Test(arguments: [
        (DelegatePool.Membership.pending, true, ClientEventPlanner.Decision.answer(.notYet)),
        (.pending, false, .answer(.unavailable)), (.member(on: 1), false, .answer(.unavailable)),
        (.notDelegated, true, .send(.observer)),
    ])
    func `an event is answered when its wait ends`(
        membership: DelegatePool.Membership, isSubscribed: Bool,
        decision: ClientEventPlanner.Decision
    ) {
        var planner = ClientEventPlanner()
        #expect(send(&planner, typing(by: anne), .pending) == .wait)
        let settled = planner.decideWaiting(
            membership: { _ in membership }, isSubscribed: { _ in isSubscribed }, now: .seconds(2))
        #expect(settled.map(\.decision) == [decision])
        #expect(planner.counters.late == (decision == .answer(.notYet) ? 1 : 0))
    }

    @Test func `one event per user can wait, up to a total limit`() {
        var planner = ClientEventPlanner()
        #expect(send(&planner, typing("1", by: anne), .pending) == .wait)
        #expect(send(&planner, typing("2", by: anne), .pending) == .answer(.notYet))
        for index in 2...Planner.waitingLimit {
            let user = ChannelUser("presence-a", "\(index)")
            #expect(send(&planner, typing(by: user), .pending) == .wait)
        }
        #expect(planner.waitingCount == Planner.waitingLimit)
        #expect(send(&planner, typing(by: bob), .pending) == .answer(.notYet))
        let settled = planner.decideWaiting(
            membership: { .member(on: $0 == anne ? 1 : 2) }, isSubscribed: { _ in true }, now: .zero
        )
        #expect(settled.count == Planner.waitingLimit)
        // The users of one connection share its ten events; every waiting event is answered.
        #expect(settled.count { $0.decision == .send(.own(1)) } == 1)
        #expect(settled.count { $0.decision == .send(.own(2)) } == ClientEventQuota.limit)
        #expect(send(&planner, typing(by: bob), .pending) == .wait)
    }
}
