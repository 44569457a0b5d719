// SPDX-License-Identifier: MIT

import PasserelleHub
import Testing

struct HubTests {
    @Test func `the first reader has a channel subscribed, and the snapshot comes first`() {
        let scene = Scene()
        let reader = scene.attach("c")
        #expect(scene.hub.takeDemands() == [.subscribe("c")])
        #expect(reader.take() == [])
        scene.subscribe("c", "ana", "passerelle")
        scene.say("c", "hello")
        #expect(reader.take() == ["snapshot(c: ana)", "c: hello"])
    }

    @Test func `a second reader of a live channel gets its snapshot in the turn it attaches`() {
        let scene = Scene()
        _ = scene.attach("c")
        scene.subscribe("c", "ana")
        scene.join("c", "ben")
        #expect(scene.attach("c").take() == ["snapshot(c: ana ben)"])
        #expect(scene.hub.takeDemands() == [.subscribe("c")])
    }

    @Test func `a reader resumes where it stopped, without the changes its snapshot holds`() {
        let scene = Scene()
        let first = scene.attach("c")
        scene.subscribe("c", "ana")
        scene.say("c", "one")
        let position = scene.hub.position
        scene.join("c", "ben")
        scene.say("c", "two")
        let resumed = scene.attach("c", from: .after(position))
        #expect(resumed.take() == ["snapshot(c: ana ben)", "c: two"])
        let poll = scene.attach("c", from: .after(position), wantsSnapshot: false)
        #expect(poll.take() == ["c: +ben", "c: two"])
        scene.leave("c", "ben")
        #expect(resumed.take() == ["c: -ben"] && poll.take() == ["c: -ben"])
        #expect(first.take() == ["snapshot(c: ana)", "c: one", "c: +ben", "c: two", "c: -ben"])
    }

    @Test func `an outage is one gap entry, then the members as differences`() {
        var scene = Scene()
        let reader = scene.attach("c")
        scene.subscribe("c", "ana", "ben")
        _ = reader.take()
        scene.now = moment(5)
        scene.hub.lost(at: scene.now)
        scene.hub.lost(at: scene.now)
        scene.now = moment(9)
        scene.subscribe("c", "ana", "eva")
        #expect(reader.take() == ["c: gap upstream", "c: -ben", "c: +eva"])
        guard case .gap(let gap) = scene.hub.channel("c")?.log[0].content else {
            Issue.record("the log begins with the gap")
            return
        }
        #expect(gap.since == moment(5).wall && gap.until == moment(9).wall)
    }

    @Test func `a reader that came during an outage starts with its snapshot`() {
        let scene = Scene()
        _ = scene.attach("c")
        scene.subscribe("c", "ana")
        scene.hub.lost(at: scene.now)
        let fresh = scene.attach("c")
        let resumed = scene.attach("c", from: .after(scene.hub.position))
        scene.subscribe("c", "ana")
        #expect(fresh.take() == ["snapshot(c: ana)"])
        #expect(resumed.take() == ["snapshot(c: ana)", "c: gap upstream"])
    }

    @Test func `who accepts the members as held gets them while the channel is away`() {
        let scene = Scene()
        _ = scene.attach("c")
        scene.subscribe("c", "ana")
        scene.say("c", "one")
        scene.join("c", "ben")
        scene.hub.lost(at: scene.now)
        let reader = Listener(scene.hub)
        for (start, past) in [(Start.now, []), (.last(5), ["c: one"]), (.earliest, ["c: one"])] {
            scene.hub.attach(
                reader, to: ["c"], from: start, wantsSnapshot: true, acceptsHeld: true,
                at: scene.now)
            reader.read()
            #expect(reader.take() == ["snapshot(c: ana ben)"] + past)
            if start != .earliest { scene.hub.detach(reader, at: scene.now) }
        }
        scene.subscribe("c", "ana")
        #expect(reader.take() == ["c: gap upstream", "c: -ben"])
    }

    @Test func `who accepts the members as held is told of a refusal behind them`() {
        let scene = Scene()
        _ = scene.attach("c")
        scene.subscribe("c", "ana")
        scene.hub.refused("c", status: 403, message: "no", at: scene.now)
        scene.hub.tellNews()
        let reader = Listener(scene.hub)
        scene.hub.attach(
            reader, to: ["c"], from: .now, wantsSnapshot: true, acceptsHeld: true, at: scene.now)
        reader.read()
        #expect(reader.take() == ["snapshot(c: ana)", "refused(c: 403)"])
        scene.subscribe("c", "ana")
        #expect(reader.take() == ["c: gap upstream"])
    }

    @Test func `a channel without readers lingers, is given up, and comes back with an idle gap`() {
        var scene = Scene { $0.linger = .seconds(60) }
        let reader = scene.attach("c")
        scene.subscribe("c")
        scene.say("c", "one")
        _ = scene.hub.takeDemands()
        scene.hub.detach(reader, at: scene.now)
        for (second, demands) in [(59, []), (60, [Demand.unsubscribe("c")]), (61, [])] {
            scene.hub.expire(at: moment(second))
            #expect(scene.hub.takeDemands() == demands)
        }
        scene.now = moment(100)
        let back = scene.attach("c", from: .earliest)
        #expect(scene.hub.takeDemands() == [.subscribe("c")])
        scene.subscribe("c")
        #expect(back.take() == ["c: one", "snapshot(c: )", "c: gap idle"])
    }

    @Test func `reading again within the linger time keeps the subscription`() {
        let scene = Scene { $0.linger = .seconds(60) }
        let reader = scene.attach("c")
        scene.subscribe("c")
        scene.hub.detach(reader, at: moment(0))
        _ = scene.hub.takeDemands()
        _ = scene.hub.asked(for: "c", at: moment(30))
        scene.hub.expire(at: moment(89))
        #expect(scene.hub.takeDemands() == [])
        scene.hub.expire(at: moment(90))
        #expect(scene.hub.takeDemands() == [.unsubscribe("c")])
    }

    @Test func `a pinned channel is wanted from the start and never given up`() {
        let scene = Scene {
            $0.pinned = ["c"]
            $0.linger = .seconds(1)
        }
        #expect(scene.hub.takeDemands() == [.subscribe("c")])
        let reader = scene.attach("c")
        scene.hub.detach(reader, at: moment(0))
        scene.hub.expire(at: moment(1000))
        #expect(scene.hub.takeDemands() == [] && scene.hub.wanted == ["c"])
    }

    @Test func `a refusal is told once to those who listen and to each who comes`() {
        let scene = Scene()
        let reader = scene.attach("c")
        scene.hub.refused("c", status: 403, message: "no", at: scene.now)
        scene.hub.refused("c", status: 403, message: "no", at: scene.now)
        scene.hub.tellNews()
        #expect(reader.take() == ["c: refused 403"])
        let late = scene.attach("c")
        #expect(late.take() == ["refused(c: 403)"])
        scene.subscribe("c", "ana")
        #expect(reader.take() == ["snapshot(c: ana)"] && late.take() == ["snapshot(c: ana)"])
    }

    @Test func `a refusal that ages out does not lead back to before the channel was heard`() {
        var scene = Scene { $0.log.age = .seconds(10) }
        _ = scene.attach("c")
        scene.hub.refused("c", status: 403, message: "no", at: scene.now)
        scene.subscribe("c")
        let horizon = scene.hub.channel("c")?.horizon
        scene.now = moment(11)
        scene.hub.expire(at: scene.now)
        #expect(scene.hub.channel("c")?.log.count == 0)
        #expect(scene.hub.channel("c")?.horizon == horizon)
    }

    @Test func `events for a channel that nobody asked for are counted and dropped`() {
        let scene = Scene()
        scene.say("ghost", "boo")
        #expect(scene.hub.counters.unasked == 1 && scene.hub.channel("ghost") == nil)
    }

    @Test func `a member who comes twice or goes unknown is told once or never`() {
        let scene = Scene()
        let reader = scene.attach("c")
        scene.subscribe("c")
        _ = reader.take()
        scene.join("c", "ana")
        scene.join("c", "ana")
        scene.leave("c", "ben")
        scene.join("c", "passerelle")
        scene.leave("c", "passerelle")
        scene.leave("c", "ana")
        #expect(reader.take() == ["c: +ana", "c: -ana"])
    }

    @Test(arguments: [9, 10, 11])
    func `of a channel's members only so many are known`(count: Int) {
        var configuration = HubConfiguration()
        configuration.membersPerChannel = 10
        let hub = Hub(epoch: 7, configuration: configuration, at: moment(0))
        _ = hub.asked(for: "presence-a", at: moment(0))
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
