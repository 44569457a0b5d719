// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

struct ConsoleRecordTests {
    @Test func `the record is one object, to the byte`() {
        var record = ConsoleRecord()
        record.time = WallTime(milliseconds: 1_000)
        record.uptime = .milliseconds(61_500)
        record.facts.version = "1.2.3"
        record.facts.upstream = "waiting"
        record.facts.since = WallTime(milliseconds: 500)
        record.facts.lost = WallTime(milliseconds: 400)
        record.facts.attempts = 4
        record.facts.connections = 3
        record.facts.messages = 20
        record.facts.lastEvent = WallTime(milliseconds: 300)
        record.readers = .init(streams: 5, polls: 1, lines: 2)
        record.deliveries = .init(streams: 50, polls: 10, lines: 20)
        (record.events, record.gaps, record.refusals) = (12, 1, 3)
        (record.logBytes, record.logLimit) = (4096, 8192)
        (record.channelCount, record.memberCount) = (2, 1)
        record.states = ["live": 1, "idle": 1]
        record.channels = [
            .init(
                name: "presence-a", state: "live", readers: 5, events: 12, bytes: 4096,
                memberCount: 1,
                members: [Member(userID: "a\"<b>", userInfo: Array(#"{"name":"Anne"}"#.utf8))])
        ]
        func text(content: Bool, info: String) -> String {
            #"{"time":"1970-01-01T00:00:01.000Z","version":"1.2.3","uptime_ms":61500,"#
                + #""content":\#(content),"upstream":{"state":"waiting","#
                + #""since":"1970-01-01T00:00:00.500Z","lost":"1970-01-01T00:00:00.400Z","#
                + #""attempts":4,"connections":3,"messages":20,"#
                + #""last_event":"1970-01-01T00:00:00.300Z"},"#
                + #""readers":{"sse":5,"poll":1,"line":2},"#
                + #""deliveries":{"sse":50,"poll":10,"line":20},"events":12,"gaps":1,"refusals":3,"#
                + #""log":{"bytes":4096,"limit":8192},"channels":{"count":2,"members":1,"#
                + #""states":{"idle":1,"live":1},"list":[{"channel":"presence-a","state":"live","#
                + #""readers":5,"events":12,"bytes":4096,"members":1,"#
                + #""list":[{"user_id":"a\"<b>"\#(info)}]}]}}"#
        }
        #expect(
            String(decoding: record.json(showsContent: false), as: UTF8.self)
                == text(content: false, info: ""))
        #expect(
            String(decoding: record.json(showsContent: true), as: UTF8.self)
                == text(content: true, info: #","user_info":"{\"name\":\"Anne\"}""#))
    }

    @Test(arguments: [(49, 49), (50, 50), (51, 50)])
    func `so many channels are listed, and all are counted`(count: Int, listed: Int) {
        let heard = HeardHub()
        for number in 0..<count {
            _ = heard.hub.asked(for: "c\(number)", at: HeardHub.moment)
        }
        let record = ConsoleRecord(heard.hub)
        #expect(record.channelCount == count && record.channels.count == listed)
        #expect(record.states == ["pending": count])
    }

    @Test func `those with most readers come first, and none moves with every event`() throws {
        let scene = try Scene()
        _ = try scene.stream("channel=d")
        for name in ["b", "a", "said", "newer"] {
            _ = scene.hub.asked(for: name, at: scene.now)
            scene.hub.subscribed(name, members: nil, at: scene.now)
        }
        scene.say("said", "e")
        scene.say("newer", "client-e")
        let record = ConsoleRecord(scene.hub)
        #expect(record.channels.map(\.name) == ["d", "a", "b", "newer", "said"])
        #expect(record.channels.map(\.readers) == [1, 0, 0, 0, 0])
        #expect(record.channels[4].events == 1 && record.channels[4].bytes > 640)
    }

    @Test func `of too many, those are listed on which something was said last`() {
        let heard = HeardHub()
        for number in 0..<100 {
            _ = heard.hub.asked(for: "c\(number)", at: HeardHub.moment)
            heard.hub.subscribed("c\(number)", members: nil, at: HeardHub.moment)
        }
        for number in (20..<70).reversed() {
            heard.say("c\(number)", number % 2 == 0 ? "e" : "client-e")
        }
        let record = ConsoleRecord(heard.hub)
        #expect(record.channels.map(\.name) == (20..<70).map { "c\($0)" })
        #expect(record.channelCount == 100 && record.states == ["live": 100])
    }

    /// Control characters are six bytes in JSON, and nothing is longer.
    @Test func `the most that a tick can have is within what may wait for a console`() {
        let heard = HeardHub()
        let wild = String(repeating: "\u{1}", count: 2_000)
        for number in 0...ConsoleRecord.channelLimit {
            let name = "\(number)-" + String(repeating: "n", count: 150)
            _ = heard.hub.asked(for: name, at: HeardHub.moment)
            let members = (0..<20).map {
                Member(userID: "\($0)" + wild, userInfo: Array(wild.utf8))
            }
            heard.hub.subscribed(name, members: members, at: HeardHub.moment)
            for _ in 0..<3 { heard.say(name, wild, wild, by: wild) }
        }
        var cursor = ConsoleCursor()
        let events = cursor.next(in: heard.hub, showsContent: true)?.count ?? 0
        let state = ConsoleRecord(heard.hub).json(showsContent: true).count
        #expect(events > 500_000 && state > 500_000)
        #expect(events + state < ConsoleReader.outputLimit / 2)
    }

    @Test(arguments: [(7, 7), (8, 8), (9, 8)])
    func `so many members are listed, and all are counted`(count: Int, listed: Int) {
        let heard = HeardHub()
        _ = heard.hub.asked(for: "presence-c", at: HeardHub.moment)
        let members = (0..<count).map { Member(userID: "u\($0)", userInfo: nil) }
        heard.hub.subscribed("presence-c", members: members, at: HeardHub.moment)
        let record = ConsoleRecord(heard.hub)
        #expect(record.memberCount == count && record.channels[0].memberCount == count)
        #expect(record.channels[0].members == Array(members.prefix(listed)))
    }

    @Test(arguments: [-1, 0, 1])
    func `what is said of a member is cut at its limit`(excess: Int) throws {
        let info = "\"" + String(repeating: "i", count: ConsoleRecord.infoBytes - 2 + excess) + "\""
        let heard = HeardHub()
        _ = heard.hub.asked(for: "presence-c", at: HeardHub.moment)
        heard.hub.subscribed(
            "presence-c", members: [Member(userID: "u", userInfo: Array(info.utf8))],
            at: HeardHub.moment)
        let json = ConsoleRecord(heard.hub).json(showsContent: true)
        #expect(String(decoding: json, as: UTF8.self).contains(#""cut":true"#) == (excess > 0))
        let quiet = ConsoleRecord(heard.hub).json(showsContent: false)
        #expect(!String(decoding: quiet, as: UTF8.self).contains("iii"))
    }
}
