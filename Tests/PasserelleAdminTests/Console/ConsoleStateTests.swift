// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleAdmin
@testable import PasserelleDownstream
@testable import PasserelleUpstream

/// The `state` frames of the console.
struct ConsoleStateTests {
    private func state(of hub: Hub, showsContent: Bool) -> [UInt8] {
        var snapshot = GatewaySnapshot()
        snapshot.hub = .init(hub)
        return snapshot.console(listing: ConsoleChannel.first(in: hub), showsContent: showsContent)
    }

    /// A snapshot with a value of its own in nearly every member.
    private func filledSnapshot() -> GatewaySnapshot {
        var snapshot = GatewaySnapshot()
        snapshot.time = WallTime(milliseconds: 1_000)
        snapshot.uptime = .milliseconds(61_500)
        snapshot.version = "1.2.3"
        snapshot.upstream.state = .waiting
        snapshot.upstream.since = WallTime(milliseconds: 500)
        snapshot.upstream.lost = WallTime(milliseconds: 400)
        snapshot.upstream.cause = "closed with code 4200: \"x\""
        snapshot.upstream.attempts = 4
        snapshot.upstream.connections = 3
        snapshot.upstream.messages = 20
        snapshot.upstream.lastEvent = WallTime(milliseconds: 300)
        (snapshot.presence.connections, snapshot.presence.messages) = (3, 20)
        snapshot.downstream.streams = 5
        snapshot.downstream.waitingPolls = 1
        snapshot.downstream.subscriptions = 2
        snapshot.downstream.streamed.delivered(events: 50)
        snapshot.downstream.tally.polled.delivered(events: 10)
        snapshot.downstream.tally.lined.delivered(events: 20)
        for _ in 0..<3 { snapshot.downstream.tally.refused("forbidden") }
        snapshot.hub.counters.events = 12
        snapshot.hub.counters.gaps[.upstream] = 1
        (snapshot.hub.logBytes, snapshot.hub.byteLimit) = (4096, 8192)
        (snapshot.hub.channelCount, snapshot.hub.memberCount) = (2, 1)
        snapshot.hub.channelStates = ["live": 1, "idle": 1]
        return snapshot
    }

    /// The `state` frame of the filled snapshot and one channel.
    private func text(content: Bool, info: String) -> String {
        #"{"time":"1970-01-01T00:00:01.000Z","version":"1.2.3","uptime_ms":61500,"#
            + #""content":\#(content),"upstream":{"state":"waiting","#
            + #""since":"1970-01-01T00:00:00.500Z","lost":"1970-01-01T00:00:00.400Z","#
            + #""cause":"closed with code 4200: \"x\"","#
            + #""attempts":4,"connections":3,"messages":20,"#
            + #""last_event":"1970-01-01T00:00:00.300Z"},"#
            + #""readers":{"sse":5,"poll":1,"line":2},"#
            + #""deliveries":{"sse":50,"poll":10,"line":20},"#
            + #""saved":{"connections":5,"messages":40,"readers":8,"upstream_connections":3},"#
            + #""events":12,"gaps":1,"refusals":3,"#
            + #""log":{"bytes":4096,"limit":8192},"channels":{"count":2,"members":1,"#
            + #""states":{"idle":1,"live":1},"list":[{"channel":"presence-a","state":"live","#
            + #""readers":5,"events":12,"bytes":4096,"members":1,"#
            + #""list":[{"user_id":"a\"<b>"\#(info)}]}]}}"#
    }

    @Test func `the state is one JSON object`() {
        let snapshot = filledSnapshot()
        let channel = ConsoleChannel(
            name: "presence-a", state: "live", readers: 5, events: 12, bytes: 4096, memberCount: 1,
            members: [Member(userID: "a\"<b>", userInfo: Array(#"{"name":"Anne"}"#.utf8))])
        for (content, info) in [(false, ""), (true, #","user_info":"{\"name\":\"Anne\"}""#)] {
            let json = snapshot.console(listing: [channel], showsContent: content)
            #expect(String(decoding: json, as: UTF8.self) == text(content: content, info: info))
        }
    }

    @Test(arguments: [(49, 49), (50, 50), (51, 50)])
    func `channels are listed up to the limit, and all are counted`(count: Int, listed: Int) {
        let fixture = HubFixture()
        for number in 0..<count {
            _ = fixture.hub.requestChannel(named: "c\(number)", at: HubFixture.moment)
        }
        let hub = GatewaySnapshot.HubPart(fixture.hub)
        #expect(hub.channelCount == count && hub.channelStates == ["pending": count])
        #expect(ConsoleChannel.first(in: fixture.hub).count == listed)
    }

    @Test func `if there are too many channels, those with the newest events are listed`() {
        let fixture = HubFixture()
        for number in 0..<100 {
            _ = fixture.hub.requestChannel(named: "c\(number)", at: HubFixture.moment)
            fixture.hub.subscribed("c\(number)", members: nil, at: HubFixture.moment)
        }
        for number in (20..<70).reversed() {
            fixture.publish("c\(number)", number % 2 == 0 ? "e" : "client-e")
        }
        let channels = ConsoleChannel.first(in: fixture.hub)
        #expect(channels.map(\.name) == (20..<70).map { "c\($0)" })
    }

    /// Control characters take six bytes in JSON, which is the maximum.
    @Test func `the largest tick fits into a console's output limit`() {
        let fixture = HubFixture()
        let wild = String(repeating: "\u{1}", count: 2_000)
        for number in 0...ConsoleChannel.limit {
            let name = "\(number)-" + String(repeating: "n", count: 150)
            _ = fixture.hub.requestChannel(named: name, at: HubFixture.moment)
            let members = (0..<20).map {
                Member(userID: "\($0)" + wild.prefix(500), userInfo: Array(wild.utf8))
            }
            fixture.hub.subscribed(name, members: members, at: HubFixture.moment)
            for _ in 0..<3 { fixture.publish(name, wild, wild, by: wild) }
        }
        var cursor = ConsoleCursor()
        let events = cursor.next(in: fixture.hub, showsContent: true)?.count ?? 0
        let state = state(of: fixture.hub, showsContent: true).count
        #expect(events > 500_000 && state > 500_000)
        #expect(events + state < ConsoleReader.outputLimit / 2)
    }

    @Test(arguments: [(7, 7), (8, 8), (9, 8)])
    func `members are listed up to the limit, and all are counted`(count: Int, listed: Int) {
        let fixture = HubFixture()
        _ = fixture.hub.requestChannel(named: "presence-c", at: HubFixture.moment)
        let members = (0..<count).map { Member(userID: "u\($0)", userInfo: nil) }
        fixture.hub.subscribed("presence-c", members: members, at: HubFixture.moment)
        let channels = ConsoleChannel.first(in: fixture.hub)
        #expect(GatewaySnapshot.HubPart(fixture.hub).memberCount == count)
        #expect(channels[0].memberCount == count)
        #expect(channels[0].members == Array(members.prefix(listed)))
    }

    @Test(arguments: [-1, 0, 1])
    func `user_info is cut at its limit`(excess: Int) throws {
        let info =
            "\"" + String(repeating: "i", count: ConsoleChannel.infoBytes - 2 + excess) + "\""
        let fixture = HubFixture()
        _ = fixture.hub.requestChannel(named: "presence-c", at: HubFixture.moment)
        fixture.hub.subscribed(
            "presence-c", members: [Member(userID: "u", userInfo: Array(info.utf8))],
            at: HubFixture.moment)
        let json = state(of: fixture.hub, showsContent: true)
        #expect(String(decoding: json, as: UTF8.self).contains(#""cut":true"#) == (excess > 0))
        let quiet = state(of: fixture.hub, showsContent: false)
        #expect(!String(decoding: quiet, as: UTF8.self).contains("iii"))
    }
}
