// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

/// Answers to a subscription that was given up in the same turn.
struct LateAnswerTests {
    /// A fixture with a channel that was just given up, with the demand for that taken.
    private func givenUp() -> HubFixture {
        var fixture = HubFixture { $0.linger = .seconds(10) }
        let reader = fixture.attach("c")
        fixture.subscribe("c", "ana")
        fixture.hub.detach(reader, at: fixture.now)
        fixture.now = moment(10)
        fixture.hub.expire(at: fixture.now)
        #expect(fixture.hub.takeDemands() == [.subscribe("c"), .unsubscribe("c")])
        return fixture
    }

    @Test func `a late refusal does not make a channel wanted again`() {
        let fixture = givenUp()
        fixture.hub.refused("c", status: 408, message: "no answer", at: fixture.now)
        #expect(fixture.hub.wanted == [])
        _ = fixture.attach("c")
        #expect(fixture.hub.takeDemands() == [.subscribe("c")])
    }

    @Test func `a late confirmation does not make a channel wanted again`() {
        let fixture = givenUp()
        fixture.subscribe("c", "ana", "ben")
        #expect(fixture.hub.wanted == [] && fixture.hub.channel("c")?.isLive == false)
        let reader = fixture.attach("c")
        #expect(fixture.hub.takeDemands() == [.subscribe("c")])
        fixture.subscribe("c", "ana")
        #expect(reader.take() == ["snapshot(c: ana)"])
    }

    @Test func `a repeated confirmation without a list changes no member`() {
        let fixture = HubFixture()
        let reader = fixture.attach("c")
        fixture.subscribe("c", "ana", "ben")
        _ = reader.take()
        fixture.hub.subscribed("c", members: nil, at: fixture.now)
        #expect(reader.take() == [])
        #expect(fixture.hub.channel("c")?.members.list.map(\.userID) == ["ana", "ben"])
        fixture.subscribe("c", "ana")
        #expect(reader.take().count == 1)
    }
}
