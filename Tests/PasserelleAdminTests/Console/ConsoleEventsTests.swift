// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleAdmin

struct ConsoleEventsTests {
    private func json(_ hub: Hub, after sequence: UInt64 = 0, content: Bool = false) -> String {
        let news = ConsoleEvents(hub, after: sequence)
        let events = news.json(in: hub, showsContent: content).map { $0.finished() }
        return String(decoding: JSONWriter.array(events), as: UTF8.self)
    }

    @Test func `names, sizes and users are listed, data only if content is shown`() {
        let fixture = HubFixture("presence-a")
        fixture.publish("presence-a", "new-message", #"{"text":"secret words"}"#, by: "usr_7")
        fixture.hub.memberAdded(
            "presence-a", Member(userID: "usr_8", userInfo: Array(#"{"name":"Anne"}"#.utf8)),
            at: HubFixture.moment)
        fixture.hub.memberRemoved("presence-a", userID: "usr_8", at: HubFixture.moment)
        fixture.hub.refused(
            "presence-a", status: 403, message: "their words", at: HubFixture.moment)
        let start = #""time":"1970-01-01T00:00:01.000Z","channel":"presence-a","#
        #expect(
            json(fixture.hub) == "["
                + #"{"id":"7-2",\#(start)"event":"new-message","size":23,"user_id":"usr_7"},"#
                + #"{"id":"7-3",\#(start)"event":"pusher:member_added","size":47,"user_id":"usr_8"},"#
                + #"{"id":"7-4",\#(start)"event":"pusher:member_removed","size":19,"user_id":"usr_8"},"#
                + #"{"id":"7-5",\#(start)"event":"pusher:subscription_error","size":38,"remark":"403"}]"#
        )
        let shown = json(fixture.hub, content: true)
        for words in ["secret words", #"{\"name\":\"Anne\"}"#, "their words"] {
            #expect(shown.contains(words))
        }
        #expect(shown.contains(#""data":"{\"text\":\"secret words\"}"}"#))
    }

    @Test func `a retracted event has only its position, time and channel`() {
        let fixture = HubFixture("c")
        fixture.publish("c", "new-message", #""gone""#, key: "m")
        fixture.publish("c", "message-deleted", "{}", retracts: "m")
        for content in [false, true] {
            let received = json(fixture.hub, content: content)
            #expect(!received.contains("gone") && !received.contains("new-message"))
            #expect(
                received.hasPrefix(
                    #"[{"id":"7-2","time":"1970-01-01T00:00:01.000Z","channel":"c","retracted":true},"#
                ))
        }
    }

    @Test func `a gap has its reason, and live client events are listed`() {
        let fixture = HubFixture("c")
        fixture.publish("c", "client-typing", "{}", by: "u")
        fixture.hub.lost(at: HubFixture.moment)
        fixture.hub.subscribed("c", members: nil, at: HubFixture.moment)
        let received = json(fixture.hub)
        #expect(received.contains(#""event":"client-typing","size":2,"user_id":"u""#))
        #expect(received.contains(#""event":"passerelle:gap""#))
        #expect(received.contains(#""remark":"upstream""#))
    }

    @Test(arguments: [(49, 0), (50, 0), (51, 1)])
    func `the newest events of all channels are listed in order`(count: Int, more: Int) {
        let fixture = HubFixture("c", "d", "e")
        let start = fixture.hub.sequence
        for number in 0..<count { fixture.publish(["c", "d", "e"][number % 3], "\(number)") }
        let news = ConsoleEvents(fixture.hub, after: start)
        #expect(news.more == more)
        #expect(news.events.map(\.content.name) == (more..<count).map(String.init))
        #expect(ConsoleEvents(fixture.hub, after: fixture.hub.sequence).events.isEmpty)
        let last = ConsoleEvents(fixture.hub, after: fixture.hub.sequence - 1)
        #expect(last.events.map(\.content.name) == ["\(count - 1)"] && last.more == 0)
    }

    @Test(arguments: [-1, 0, 1])
    func `names, users and data are cut at their limits`(excess: Int) throws {
        let fixture = HubFixture("c")
        let name = String(repeating: "n", count: ConsoleEvents.nameBytes + excess)
        let user = String(repeating: "u", count: ConsoleEvents.nameBytes + excess)
        let data = "\"" + String(repeating: "d", count: ConsoleEvents.dataBytes - 2 + excess) + "\""
        fixture.publish("c", name, data, by: user)
        let received = Array(json(fixture.hub, content: true).utf8)
        let object = Array(received.dropFirst().dropLast())
        #expect(member(object, "event")?.utf8.count == min(name.utf8.count, 200))
        #expect(member(object, "user_id")?.utf8.count == min(user.utf8.count, 200))
        #expect(member(object, "data")?.utf8.count == min(data.utf8.count, 1024))
        #expect(member(object, "cut") == (excess > 0 ? "true" : nil))
        #expect(member(object, "size") == "\(data.utf8.count)")
    }
}
