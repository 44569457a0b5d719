// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleUpstream

/// What becomes of each event, decision by decision.
struct ClientEventPlannerTests {
    private typealias Planner = ClientEventPlanner
    private let anne = Attendee("presence-a", "anne")
    private let bob = Attendee("presence-b", "bob")

    private func typing(_ text: String = "{}", by attendee: Attendee) -> ClientEventPlanner.Saying {
        ClientEventPlanner.Saying(Planner.typing, data: Array(text.utf8), by: attendee)
    }

    /// Says something at once, with a ticket of no interest.
    private func say(
        _ planner: inout ClientEventPlanner, _ saying: ClientEventPlanner.Saying,
        _ standing: DelegatePool.Standing, at milliseconds: Int = 0
    ) -> ClientEventPlanner.Decision {
        planner.said(
            saying, ticket: 0, standing: standing, isHeard: true,
            now: .milliseconds(milliseconds))
    }

    @Test func `a member's event goes out on their own connection, another's on the observer's`() {
        var planner = ClientEventPlanner()
        #expect(say(&planner, typing(by: anne), .member(on: 3)) == .send(.own(3)))
        planner.went(.own(3))
        #expect(say(&planner, typing(by: bob), .apart) == .send(.observer))
        planner.went(.observer)
        #expect(planner.counters == .init(delegated: 1, observed: 1))
    }

    @Test func `on a channel that is not heard nothing is sent, whoever says it`() {
        var planner = ClientEventPlanner()
        for standing in [DelegatePool.Standing.member(on: 1), .coming, .apart] {
            let decision = planner.said(
                typing(by: anne), ticket: 1, standing: standing, isHeard: false, now: .zero)
            #expect(decision == .answer(.unavailable))
        }
        #expect(planner.waitingCount == 0)
        #expect(say(&planner, typing(by: anne), .member(on: 1)) == .send(.own(1)))
    }

    @Test func `a state that is said again within a second is sent once, and answered each time`() {
        var planner = ClientEventPlanner()
        let (on, off) = (typing("true", by: anne), typing("false", by: anne))
        #expect(say(&planner, on, .member(on: 1), at: 0) == .send(.own(1)))
        #expect(say(&planner, on, .member(on: 1), at: 999) == .answer(.sent))
        #expect(say(&planner, on, .member(on: 1), at: 1000) == .send(.own(1)))
        #expect(say(&planner, off, .member(on: 1), at: 1001) == .send(.own(1)))
        #expect(say(&planner, on, .member(on: 1), at: 1002) == .send(.own(1)))
        #expect(planner.counters.merged == 1)
        let other = ClientEventPlanner.Saying("client-ping", data: [], by: anne)
        #expect(say(&planner, other, .member(on: 1), at: 1002) == .send(.own(1)))
        #expect(say(&planner, other, .member(on: 1), at: 1002) == .send(.own(1)))
    }

    @Test func `the tenth event within a second goes out, the eleventh comes too early`() {
        var planner = ClientEventPlanner()
        for index in 0..<11 {
            let saying = typing("\(index)", by: anne)
            let decision = say(&planner, saying, .member(on: 1), at: index * 10)
            #expect(decision == (index < 10 ? .send(.own(1)) : .answer(.excess(.seconds(1)))))
        }
        #expect(planner.counters.excess == 1)
        #expect(say(&planner, typing("x", by: anne), .apart, at: 100) == .send(.observer))
        // What did not go out was not said: the same goes out as soon as there is room.
        let eleventh = typing("10", by: anne)
        #expect(
            say(&planner, eleventh, .member(on: 1), at: 1099)
                == .answer(.excess(.milliseconds(1))))
        #expect(say(&planner, eleventh, .member(on: 1), at: 1100) == .send(.own(1)))
    }

    @Test func `what could not be sent, or was on its way on a lost connection, is said again`() {
        var planner = ClientEventPlanner()
        #expect(say(&planner, typing(by: anne), .member(on: 1)) == .send(.own(1)))
        planner.failed(typing(by: anne))
        #expect(say(&planner, typing(by: anne), .member(on: 1)) == .send(.own(1)))
        planner.lost(1)
        #expect(say(&planner, typing(by: anne), .member(on: 2)) == .send(.own(2)))
        #expect(say(&planner, typing(by: anne), .member(on: 2)) == .answer(.sent))
    }

    @Test func `who is becoming a member is waited for, and their event goes out as theirs`() {
        var planner = ClientEventPlanner()
        let saying = typing(by: anne)
        #expect(
            planner.said(saying, ticket: 7, standing: .coming, isHeard: true, now: .zero) == .wait)
        #expect(planner.deadline == .seconds(2))
        let early = planner.settled(
            standing: { _ in .coming }, isHeard: { _ in true }, now: .milliseconds(1999))
        #expect(early.isEmpty)
        let settled = planner.settled(
            standing: { _ in .member(on: 4) }, isHeard: { _ in true }, now: .milliseconds(1999))
        #expect(settled.map(\.ticket) == [7])
        #expect(settled.map(\.saying) == [saying])
        #expect(settled.map(\.decision) == [.send(.own(4))])
        #expect(planner.waitingCount == 0)
        #expect(planner.deadline == nil)
        #expect(say(&planner, saying, .member(on: 4), at: 2000) == .answer(.sent))
    }

    @Test(arguments: [
        (DelegatePool.Standing.coming, true, ClientEventPlanner.Decision.answer(.notYet)),
        (.coming, false, .answer(.unavailable)), (.member(on: 1), false, .answer(.unavailable)),
        (.apart, true, .send(.observer)),
    ])
    func `an event that waited in vain is answered`(
        standing: DelegatePool.Standing, isHeard: Bool, decision: ClientEventPlanner.Decision
    ) {
        var planner = ClientEventPlanner()
        #expect(say(&planner, typing(by: anne), .coming) == .wait)
        let settled = planner.settled(
            standing: { _ in standing }, isHeard: { _ in isHeard }, now: .seconds(2))
        #expect(settled.map(\.decision) == [decision])
        #expect(planner.counters.late == (decision == .answer(.notYet) ? 1 : 0))
    }

    @Test func `one event of a user waits, and so many in all`() {
        var planner = ClientEventPlanner()
        #expect(say(&planner, typing("1", by: anne), .coming) == .wait)
        #expect(say(&planner, typing("2", by: anne), .coming) == .answer(.notYet))
        for index in 2...Planner.waitingLimit {
            let user = Attendee("presence-a", "\(index)")
            #expect(say(&planner, typing(by: user), .coming) == .wait)
        }
        #expect(planner.waitingCount == Planner.waitingLimit)
        #expect(say(&planner, typing(by: bob), .coming) == .answer(.notYet))
        let settled = planner.settled(
            standing: { .member(on: $0 == anne ? 1 : 2) }, isHeard: { _ in true }, now: .zero)
        #expect(settled.count == Planner.waitingLimit)
        // Those of one connection share its ten; nobody is forgotten.
        #expect(settled.count { $0.decision == .send(.own(1)) } == 1)
        #expect(settled.count { $0.decision == .send(.own(2)) } == ClientEventPace.limit)
        #expect(say(&planner, typing(by: bob), .coming) == .wait)
    }
}
