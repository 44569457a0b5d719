// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

struct HubTests {
    @Test func `the first reader subscribes a channel, and the snapshot comes first`() {
        let fixture = HubFixture()
        let reader = fixture.attach("c")
        #expect(fixture.hub.takeDemands() == [.subscribe("c")])
        #expect(reader.take() == [])
        fixture.subscribe("c", "ana", "passerelle")
        fixture.publish("c", "hello")
        #expect(reader.take() == ["snapshot(c: ana)", "c: hello"])
    }

    @Test func `a second reader of a subscribed channel gets its snapshot when it attaches`() {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c", "ana")
        fixture.join("c", "ben")
        #expect(fixture.attach("c").take() == ["snapshot(c: ana ben)"])
        #expect(fixture.hub.takeDemands() == [.subscribe("c")])
    }

    @Test func `a reader resumes without the member changes that its snapshot includes`() {
        let fixture = HubFixture()
        let first = fixture.attach("c")
        fixture.subscribe("c", "ana")
        fixture.publish("c", "one")
        let position = fixture.hub.position
        fixture.join("c", "ben")
        fixture.publish("c", "two")
        let resumed = fixture.attach("c", from: .after(position))
        #expect(resumed.take() == ["snapshot(c: ana ben)", "c: two"])
        let poll = fixture.attach("c", from: .after(position), wantsSnapshot: false)
        #expect(poll.take() == ["c: +ben", "c: two"])
        fixture.leave("c", "ben")
        #expect(resumed.take() == ["c: -ben"] && poll.take() == ["c: -ben"])
        #expect(first.take() == ["snapshot(c: ana)", "c: one", "c: +ben", "c: two", "c: -ben"])
    }

    @Test func `an application's event with the gateway's prefix is renamed and counted`() {
        let fixture = HubFixture()
        let reader = fixture.attach("c")
        fixture.subscribe("c")
        _ = reader.take()
        let names = [
            "passerelle:gap", "passerelle:", "passerelle:\u{301}x", "passerelle:denied\n",
            "passerelle", "Passerelle:gap", "my-passerelle:gap", "client-passerelle:gap",
        ]
        for name in names { fixture.publish("c", name) }
        #expect(
            reader.take()
                == names.prefix(4).map { "c: application:\($0)" }
                + names.dropFirst(4).map { "c: \($0)" })
        #expect(fixture.hub.counters.renamed == 4)
        #expect(fixture.hub.counters.gaps.total == 0)
    }

    @Test func `an outage is one gap entry, followed by the member changes`() {
        var fixture = HubFixture()
        let reader = fixture.attach("c")
        fixture.subscribe("c", "ana", "ben")
        _ = reader.take()
        fixture.now = moment(5)
        fixture.hub.lost(at: fixture.now)
        fixture.hub.lost(at: fixture.now)
        fixture.now = moment(9)
        fixture.subscribe("c", "ana", "eva")
        #expect(reader.take() == ["c: gap upstream", "c: -ben", "c: +eva"])
        guard case .gap(let gap) = fixture.hub.channel("c")?.log[0].content else {
            Issue.record("the log does not begin with a gap")
            return
        }
        #expect(gap.since == moment(5).wall && gap.until == moment(9).wall)
    }

    @Test func `a reader that attaches during an outage starts with its snapshot`() {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c", "ana")
        fixture.hub.lost(at: fixture.now)
        let fresh = fixture.attach("c")
        let resumed = fixture.attach("c", from: .after(fixture.hub.position))
        fixture.subscribe("c", "ana")
        #expect(fresh.take() == ["snapshot(c: ana)"])
        #expect(resumed.take() == ["snapshot(c: ana)", "c: gap upstream"])
    }

    @Test func `a reader that accepts held members gets them during an outage`() {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c", "ana")
        fixture.publish("c", "one")
        fixture.join("c", "ben")
        fixture.hub.lost(at: fixture.now)
        let reader = Listener(fixture.hub)
        for (start, past) in [(Start.now, []), (.last(5), ["c: one"]), (.earliest, ["c: one"])] {
            fixture.hub.attach(
                reader, to: ["c"], from: start, wantsSnapshot: true, acceptsHeld: true,
                at: fixture.now)
            reader.read()
            #expect(reader.take() == ["snapshot(c: ana ben)"] + past)
            if start != .earliest { fixture.hub.detach(reader, at: fixture.now) }
        }
        fixture.subscribe("c", "ana")
        #expect(reader.take() == ["c: gap upstream", "c: -ben"])
    }

    @Test func `a reader that accepts held members gets a refusal after them`() {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.subscribe("c", "ana")
        fixture.hub.refused("c", status: 403, message: "no", at: fixture.now)
        fixture.hub.deliverUpdates()
        let reader = Listener(fixture.hub)
        fixture.hub.attach(
            reader, to: ["c"], from: .now, wantsSnapshot: true, acceptsHeld: true, at: fixture.now)
        reader.read()
        #expect(reader.take() == ["snapshot(c: ana)", "refused(c: 403)"])
        fixture.subscribe("c", "ana")
        #expect(reader.take() == ["c: gap upstream"])
    }

    @Test func `a channel without readers lingers, is given up, and returns with an idle gap`() {
        var fixture = HubFixture { $0.linger = .seconds(60) }
        let reader = fixture.attach("c")
        fixture.subscribe("c")
        fixture.publish("c", "one")
        _ = fixture.hub.takeDemands()
        fixture.hub.detach(reader, at: fixture.now)
        for (second, demands) in [(59, []), (60, [Demand.unsubscribe("c")]), (61, [])] {
            fixture.hub.expire(at: moment(second))
            #expect(fixture.hub.takeDemands() == demands)
        }
        fixture.now = moment(100)
        let back = fixture.attach("c", from: .earliest)
        #expect(fixture.hub.takeDemands() == [.subscribe("c")])
        fixture.subscribe("c")
        #expect(back.take() == ["c: one", "snapshot(c: )", "c: gap idle"])
    }

    @Test func `reading again within the linger time keeps the subscription`() {
        let fixture = HubFixture { $0.linger = .seconds(60) }
        let reader = fixture.attach("c")
        fixture.subscribe("c")
        fixture.hub.detach(reader, at: moment(0))
        _ = fixture.hub.takeDemands()
        _ = fixture.hub.requestChannel(named: "c", at: moment(30))
        fixture.hub.expire(at: moment(89))
        #expect(fixture.hub.takeDemands() == [])
        fixture.hub.expire(at: moment(90))
        #expect(fixture.hub.takeDemands() == [.unsubscribe("c")])
    }

    @Test func `a pinned channel is wanted from the start and never given up`() {
        let fixture = HubFixture {
            $0.pinned = ["c"]
            $0.linger = .seconds(1)
        }
        #expect(fixture.hub.takeDemands() == [.subscribe("c")])
        let reader = fixture.attach("c")
        fixture.hub.detach(reader, at: moment(0))
        fixture.hub.expire(at: moment(1000))
        #expect(fixture.hub.takeDemands() == [] && fixture.hub.wanted == ["c"])
    }

    @Test func `a refusal is delivered once to each current and each new reader`() {
        let fixture = HubFixture()
        let reader = fixture.attach("c")
        fixture.hub.refused("c", status: 403, message: "no", at: fixture.now)
        fixture.hub.refused("c", status: 403, message: "no", at: fixture.now)
        fixture.hub.deliverUpdates()
        #expect(reader.take() == ["c: refused 403"])
        let late = fixture.attach("c")
        #expect(late.take() == ["refused(c: 403)"])
        fixture.subscribe("c", "ana")
        #expect(reader.take() == ["snapshot(c: ana)"] && late.take() == ["snapshot(c: ana)"])
    }

    @Test func `an expired refusal does not move the horizon before the subscription`() {
        var fixture = HubFixture { $0.log.age = .seconds(10) }
        _ = fixture.attach("c")
        fixture.hub.refused("c", status: 403, message: "no", at: fixture.now)
        fixture.subscribe("c")
        let horizon = fixture.hub.channel("c")?.horizon
        fixture.now = moment(11)
        fixture.hub.expire(at: fixture.now)
        #expect(fixture.hub.channel("c")?.log.count == 0)
        #expect(fixture.hub.channel("c")?.horizon == horizon)
    }

    @Test func `events for a channel that is not wanted are counted and dropped`() {
        let fixture = HubFixture()
        fixture.publish("ghost", "boo")
        #expect(fixture.hub.counters.unrequested == 1 && fixture.hub.channel("ghost") == nil)
    }

    @Test func `a repeated arrival adds one entry, and an unknown departure adds no entry`() {
        let fixture = HubFixture()
        let reader = fixture.attach("c")
        fixture.subscribe("c")
        _ = reader.take()
        fixture.join("c", "ana")
        fixture.join("c", "ana")
        fixture.leave("c", "ben")
        fixture.join("c", "passerelle")
        fixture.leave("c", "passerelle")
        fixture.leave("c", "ana")
        #expect(reader.take() == ["c: +ana", "c: -ana"])
    }

    @Test(arguments: [9, 10, 11])
    func `the number of a channel's members is limited`(count: Int) {
        var configuration = HubConfiguration()
        configuration.membersPerChannel = 10
        let hub = Hub(epoch: 7, configuration: configuration, at: moment(0))
        _ = hub.requestChannel(named: "presence-a", at: moment(0))
        let members = (0..<count).map { Member(userID: "\($0)", userInfo: nil) }
        let own = Member(userID: configuration.hiddenMember, userInfo: nil)
        hub.subscribed("presence-a", members: [own] + members, at: moment(0))
        #expect(hub.channel("presence-a")?.members.count == min(count, 10))
        hub.subscribed("presence-a", members: [], at: moment(1))
        for member in members { hub.memberAdded("presence-a", member, at: moment(2)) }
        let renewed = Member(userID: "0", userInfo: Array("{}".utf8))
        hub.memberAdded("presence-a", renewed, at: moment(3))
        #expect(hub.channel("presence-a")?.members.count == min(count, 10))
        #expect(hub.channel("presence-a")?.members["0"] == renewed)
    }
}
