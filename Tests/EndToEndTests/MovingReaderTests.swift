// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// One position is valid on every surface, even if a reader changes the surface often.
struct MovingReaderTests {
    private static let channels = ["presence-bail-1", "presence-bail-2"]
    private static let query = channels.map { "channel=\($0)" }.joined(separator: "&")

    /// Receives events after `position`, by the surface of this visit.
    private func visit(
        _ number: Int, _ gateway: GatewayProcess, after position: String
    ) throws -> [DeliveredEvent] {
        let answer: HTTPResponse
        switch number % 4 {
        case 0, 2:
            // The connection is cut in the middle of the stream, as networks do.
            let stream = StreamClient(
                gateway.fixture, gateway.http, "/events?\(Self.query)",
                fields: ["Last-Event-ID": position])
            try gateway.fixture.wait(for: "something on the stream") { !stream.delivered.isEmpty }
            stream.close()
            return stream.delivered
        case 1:
            answer = try gateway.get("/poll?\(Self.query)&after=\(position)&wait=20&limit=37")
        default:
            answer = try gateway.get(
                "/poll?\(Self.query)&wait=20", fields: ["If-None-Match": "\"\(position)\""])
        }
        return try JSONText(answer.body).elements(["events"]).map { try DeliveredEvent($0) }
    }

    @Test func `a reader that changes its surface receives every event once`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_HISTORY": "2000 events, 4 MiB, 1h"])
        let events = NumberedEvents(sandbox, Self.channels)
        let first = try JSONText(try gateway.get("/poll?\(Self.query)").body)
        var position = try first.string(["position"])
        var delivered: [DeliveredEvent] = []
        var visits = 0
        events.publish(to: 1_500)
        while delivered.count < 1_500 {
            delivered += try visit(visits, gateway, after: position)
            position = delivered.last?.id ?? position
            visits += 1
        }
        try events.finish()
        #expect(visits > 4)
        for channel in Self.channels {
            let data = delivered.filter { $0.channel == channel }.map(\.data)
            #expect(data == (1...750).map { "{\"n\":\($0)}" })
        }
        let isInOrder = zip(delivered, delivered.dropFirst()).allSatisfy {
            $0.sequence < $1.sequence
        }
        #expect(isInOrder)
        #expect(delivered.count == 1_500)
        for channel in Self.channels {
            let line = LineClient(fixture, path: gateway.ipc)
            line.send("SUBSCRIBE \(channel) after=\(delivered[99].id)")
            let rest = delivered.dropFirst(100).filter { $0.channel == channel }
            try fixture.wait(for: "the rest by line") { line.delivered.count >= rest.count }
            #expect(line.delivered == rest)
        }
    }

    @Test func `member changes during an outage are delivered after the gap`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let channel = Self.channels[0]
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(channel)")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        for user in ["ana", "ben"] {
            let info = "{\"name\":\"\(user)\"}"
            try ChannelsMember(fixture, port: sandbox.port, userID: user, info: info).join(channel)
        }
        try fixture.wait(for: "both") { stream.delivered.count == 2 }
        // The crash ends the members' connections too; only ben and eva return.
        try sandbox.kill()
        try sandbox.restart()
        for user in ["ben", "eva"] {
            let info = "{\"name\":\"\(user)\"}"
            try ChannelsMember(fixture, port: sandbox.port, userID: user, info: info).join(channel)
        }
        try fixture.wait(for: "the differences") {
            try stream.delivered.contains { $0.isGap }
                && gateway.members(of: channel).keys.sorted() == ["ben", "eva"]
        }
        let poll = try JSONText(try gateway.get("/poll?channel=\(channel)&after=earliest").body)
        let delivered = try poll.elements(["events"]).map { try DeliveredEvent($0) }
        #expect(delivered == stream.delivered)
        var present: Set<String> = []
        for event in delivered where event.isMemberChange {
            let user = try JSONText(Array(event.data.utf8)).string(["user_id"])
            let changes =
                event.event == "pusher:member_added"
                ? present.insert(user).inserted : present.remove(user) != nil
            #expect(changes, "\(event) changes nothing")
        }
        #expect(present == ["ben", "eva"])
        #expect(delivered[2].isGap)
    }

    @Test func `a channel without readers is unsubscribed, and its next reader gets a gap`() throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let pinned = "presence-bail-pinned"
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_LINGER": "1s", "PASSERELLE_PIN": pinned])
        let channel = Self.channels[0]
        func occupied() throws -> [String] {
            let state = try fixture.request(sandbox.address, "GET", "/sandbox/state")
            return try JSONText(state.body).members(["channels"]).keys.sorted()
        }
        try fixture.wait(for: "the pinned channel") { try occupied() == [pinned] }
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(channel)")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        try sandbox.publish(channel, "new-message", "1")
        try fixture.wait(for: "the event") { stream.delivered.count == 1 }
        stream.close()
        try fixture.wait(for: "the end of the subscription") { try occupied() == [pinned] }
        try sandbox.publish(channel, "new-message", "2")
        let back = StreamClient(
            fixture, gateway.http, "/events?channel=\(channel)",
            fields: ["Last-Event-ID": stream.delivered[0].id])
        try fixture.wait(for: "the gap") { !back.delivered.isEmpty }
        try sandbox.publish(channel, "new-message", "3")
        try fixture.wait(for: "the next event") { back.delivered.count == 2 }
        #expect(back.delivered.map(\.event) == ["passerelle:gap", "new-message"])
        #expect(try JSONText(Array(back.delivered[0].data.utf8)).string(["reason"]) == "idle")
        #expect(back.delivered[1].data == "3")
        // The first reader receives the events that a pinned channel received without readers.
        try sandbox.publish(pinned, "new-message", "4")
        let target = "/poll?channel=\(pinned)&last=5"
        try fixture.wait(for: "the pinned channel's events") {
            let poll = try JSONText(try gateway.get(target).body)
            return try poll.elements(["events"]).map { try DeliveredEvent($0).data } == ["4"]
        }
    }
}
