// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// One position serves every surface, however often a reader comes and goes.
@Suite(.timeLimit(.minutes(5)))
struct WanderingReaderTests {
    private static let channels = ["presence-bail-1", "presence-bail-2"]

    @Test func `a reader that goes from surface to surface hears everything once`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_HISTORY": "2000 events, 4 MiB, 1h"])
        let events = NumberedEvents(sandbox, Self.channels)
        let query = Self.channels.map { "channel=\($0)" }.joined(separator: "&")
        let first = try JSONText(try gateway.get("/poll?\(query)").body)
        var position = try first.string(["position"])
        var told: [Told] = []
        var visit = 0
        events.publish(to: 1_500)
        while told.count < 1_500 {
            let heard: [Told]
            switch visit % 4 {
            case 0, 2:
                // In the middle of the stream the connection is cut, as networks do.
                let stream = StreamClient(
                    stage, gateway.http, "/events?\(query)", fields: ["Last-Event-ID": position])
                try stage.wait(for: "something on the stream") { !stream.told.isEmpty }
                stream.close()
                heard = stream.told
            case 1:
                let answer = try gateway.get("/poll?\(query)&after=\(position)&wait=20&limit=37")
                heard = try JSONText(answer.body).elements(["events"]).map { try Told($0) }
            default:
                let answer = try gateway.get(
                    "/poll?\(query)&wait=20", fields: ["If-None-Match": "\"\(position)\""])
                heard = try JSONText(answer.body).elements(["events"]).map { try Told($0) }
            }
            told += heard
            position = told.last?.id ?? position
            visit += 1
        }
        try events.finish()
        #expect(visit > 4)
        for channel in Self.channels {
            let data = told.filter { $0.channel == channel }.map(\.data)
            #expect(data == (1...750).map { "{\"n\":\($0)}" })
        }
        let isInOrder = zip(told, told.dropFirst()).allSatisfy { $0.sequence < $1.sequence }
        #expect(isInOrder)
        #expect(told.count == 1_500)
        for channel in Self.channels {
            let line = LineClient(stage, path: gateway.ipc)
            line.say("SUBSCRIBE \(channel) after=\(told[99].id)")
            let rest = told.dropFirst(100).filter { $0.channel == channel }
            try stage.wait(for: "the rest by line") { line.told.count >= rest.count }
            #expect(line.told == rest)
        }
    }

    @Test func `who came and went while Channels was away is told behind the gap`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        let channel = Self.channels[0]
        let stream = StreamClient(stage, gateway.http, "/events?channel=\(channel)")
        try stage.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        for user in ["ana", "ben"] {
            let info = "{\"name\":\"\(user)\"}"
            try ChannelsMember(stage, port: sandbox.port, userID: user, info: info).join(channel)
        }
        try stage.wait(for: "both") { stream.told.count == 2 }
        // The crash ends the members' connections as well; only ben and eva come back.
        try sandbox.kill()
        try sandbox.restart()
        for user in ["ben", "eva"] {
            let info = "{\"name\":\"\(user)\"}"
            try ChannelsMember(stage, port: sandbox.port, userID: user, info: info).join(channel)
        }
        try stage.wait(for: "the differences") {
            try stream.told.contains { $0.isGap }
                && gateway.members(of: channel).keys.sorted() == ["ben", "eva"]
        }
        let poll = try JSONText(try gateway.get("/poll?channel=\(channel)&after=earliest").body)
        let told = try poll.elements(["events"]).map { try Told($0) }
        #expect(told == stream.told)
        var present: Set<String> = []
        for event in told where event.isMemberChange {
            let user = try JSONText(Array(event.data.utf8)).string(["user_id"])
            let changes =
                event.event == "pusher:member_added"
                ? present.insert(user).inserted : present.remove(user) != nil
            #expect(changes, "\(event) changes nothing")
        }
        #expect(present == ["ben", "eva"])
        #expect(told[2].isGap)
    }

    @Test func `a channel that nobody reads is left, and coming back is told a gap`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let pinned = "presence-bail-pinned"
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_LINGER": "1s", "PASSERELLE_PIN": pinned])
        let channel = Self.channels[0]
        func occupied() throws -> [String] {
            let state = try stage.request(sandbox.address, "GET", "/sandbox/state")
            return try JSONText(state.body).members(["channels"]).keys.sorted()
        }
        try stage.wait(for: "the pinned channel") { try occupied() == [pinned] }
        let stream = StreamClient(stage, gateway.http, "/events?channel=\(channel)")
        try stage.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        try sandbox.publish(channel, "new-message", "1")
        try stage.wait(for: "the event") { stream.told.count == 1 }
        stream.close()
        try stage.wait(for: "the end of the subscription") { try occupied() == [pinned] }
        try sandbox.publish(channel, "new-message", "2")
        let back = StreamClient(
            stage, gateway.http, "/events?channel=\(channel)",
            fields: ["Last-Event-ID": stream.told[0].id])
        try stage.wait(for: "the gap") { !back.told.isEmpty }
        try sandbox.publish(channel, "new-message", "3")
        try stage.wait(for: "the next event") { back.told.count == 2 }
        #expect(back.told.map(\.event) == ["passerelle:gap", "new-message"])
        #expect(try JSONText(Array(back.told[0].data.utf8)).string(["reason"]) == "idle")
        #expect(back.told[1].data == "3")
        // What a pinned channel heard with no reader is there for the first one.
        try sandbox.publish(pinned, "new-message", "4")
        let target = "/poll?channel=\(pinned)&last=5"
        try stage.wait(for: "what the pinned channel heard") {
            let poll = try JSONText(try gateway.get(target).body)
            return try poll.elements(["events"]).map { try Told($0).data } == ["4"]
        }
    }
}
