// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

/// A hub with channels that are heard, and what a console is told of it.
struct HeardHub {
    let hub: Hub

    init(_ channels: String...) {
        hub = Hub(epoch: 7, configuration: HubConfiguration(), at: Self.moment)
        for name in channels {
            _ = hub.asked(for: name, at: Self.moment)
            hub.subscribed(name, members: nil, at: Self.moment)
        }
    }

    static let moment = Moment(steady: .seconds(1), wall: WallTime(milliseconds: 1_000))

    func say(
        _ channel: String, _ event: String, _ data: String = "1", by user: String? = nil,
        key: String? = nil, retracts: String? = nil
    ) {
        hub.heard(
            channel, event: event, data: Array(data.utf8), userID: user, key: key,
            retracts: retracts, at: Self.moment)
    }
}

struct ConsoleEventsTests {
    private func json(_ hub: Hub, after sequence: UInt64 = 0, content: Bool = false) -> String {
        let news = ConsoleEvents(hub, after: sequence)
        return String(decoding: news.json(in: hub, showsContent: content), as: UTF8.self)
    }

    @Test func `names, sizes and users are told, and what was said is not`() {
        let heard = HeardHub("presence-a")
        heard.say("presence-a", "new-message", #"{"text":"secret words"}"#, by: "usr_7")
        heard.hub.memberAdded(
            "presence-a", Member(userID: "usr_8", userInfo: Array(#"{"name":"Anne"}"#.utf8)),
            at: HeardHub.moment)
        heard.hub.memberRemoved("presence-a", userID: "usr_8", at: HeardHub.moment)
        heard.hub.refused(
            "presence-a", status: 403, message: "their words", at: HeardHub.moment)
        let start = #""time":"1970-01-01T00:00:01.000Z","channel":"presence-a","#
        #expect(
            json(heard.hub) == "["
                + #"{"id":"7-2",\#(start)"event":"new-message","size":23,"user_id":"usr_7"},"#
                + #"{"id":"7-3",\#(start)"event":"pusher:member_added","size":47,"user_id":"usr_8"},"#
                + #"{"id":"7-4",\#(start)"event":"pusher:member_removed","size":19,"user_id":"usr_8"},"#
                + #"{"id":"7-5",\#(start)"event":"pusher:subscription_error","size":38,"remark":"403"}]"#
        )
        let shown = json(heard.hub, content: true)
        for words in ["secret words", #"{\"name\":\"Anne\"}"#, "their words"] {
            #expect(shown.contains(words))
        }
        #expect(shown.contains(#""data":"{\"text\":\"secret words\"}"}"#))
    }

    @Test func `what was taken back has a place and nothing else`() {
        let heard = HeardHub("c")
        heard.say("c", "new-message", #""gone""#, key: "m")
        heard.say("c", "message-deleted", "{}", retracts: "m")
        for content in [false, true] {
            let told = json(heard.hub, content: content)
            #expect(!told.contains("gone") && !told.contains("new-message"))
            #expect(
                told.hasPrefix(
                    #"[{"id":"7-2","time":"1970-01-01T00:00:01.000Z","channel":"c","retracted":true},"#
                ))
        }
    }

    @Test func `a gap says why, and client events are there while they are live`() {
        let heard = HeardHub("c")
        heard.say("c", "client-typing", "{}", by: "u")
        heard.hub.lost(at: HeardHub.moment)
        heard.hub.subscribed("c", members: nil, at: HeardHub.moment)
        let told = json(heard.hub)
        #expect(told.contains(#""event":"client-typing","size":2,"user_id":"u""#))
        #expect(told.contains(#""event":"passerelle:gap""#))
        #expect(told.contains(#""remark":"upstream""#))
    }

    @Test(arguments: [(49, 0), (50, 0), (51, 1)])
    func `the newest of all channels are told in their order`(count: Int, more: Int) {
        let heard = HeardHub("c", "d", "e")
        let start = heard.hub.sequence
        for number in 0..<count { heard.say(["c", "d", "e"][number % 3], "\(number)") }
        let news = ConsoleEvents(heard.hub, after: start)
        #expect(news.more == more)
        #expect(news.events.map(\.content.name) == (more..<count).map(String.init))
        #expect(ConsoleEvents(heard.hub, after: heard.hub.sequence).events.isEmpty)
        let last = ConsoleEvents(heard.hub, after: heard.hub.sequence - 1)
        #expect(last.events.map(\.content.name) == ["\(count - 1)"] && last.more == 0)
    }

    @Test(arguments: [-1, 0, 1])
    func `names, users and data are cut at their limits`(excess: Int) throws {
        let heard = HeardHub("c")
        let name = String(repeating: "n", count: ConsoleEvents.nameBytes + excess)
        let user = String(repeating: "u", count: ConsoleEvents.nameBytes + excess)
        let data = "\"" + String(repeating: "d", count: ConsoleEvents.dataBytes - 2 + excess) + "\""
        heard.say("c", name, data, by: user)
        let told = Array(json(heard.hub, content: true).utf8)
        let object = Array(told.dropFirst().dropLast())
        #expect(member(object, "event")?.utf8.count == min(name.utf8.count, 200))
        #expect(member(object, "user_id")?.utf8.count == min(user.utf8.count, 200))
        #expect(member(object, "data")?.utf8.count == min(data.utf8.count, 1024))
        #expect(member(object, "cut") == (excess > 0 ? "true" : nil))
        #expect(member(object, "size") == "\(data.utf8.count)")
    }
}
