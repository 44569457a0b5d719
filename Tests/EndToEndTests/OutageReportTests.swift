// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Channels is away for some time: readers of every surface learn of it during the outage.
struct OutageReportTests {
    private static let channel = "presence-bail-1"

    private static func upstream(_ gateway: GatewayProcess, _ target: String) throws -> String {
        try JSONText(try gateway.get(target).body).string(["upstream"])
    }

    @Test func `readers learn of an outage while it lasts, and of its end`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let (stream, line, polls) = try readers(fixture, gateway)
        #expect(try stream.snapshots[Self.channel]?.string(["me"]) == "usr_7")
        try sandbox.control("refuse?code=4100")
        try sandbox.control("drop")
        try fixture.wait(for: "the outage at every reader") {
            stream.upstreams.count == 1 && line.upstreams.count == 1
                && polls.allSatisfy { $0.upstreams == ["connected", "away"] }
        }
        #expect(stream.upstreams.map(\.state) == ["away"] && stream.upstreams == line.upstreams)
        #expect(try Self.upstream(gateway, "/channels/\(Self.channel)/members") == "away")
        #expect(try Self.upstream(gateway, "/poll?channel=\(Self.channel)") == "away")
        // A reader that comes during the outage, also of a channel without a snapshot.
        let late = StreamClient(fixture, gateway.http, "/events?channel=presence-bail-new")
        try fixture.wait(for: "the outage at the late reader") { !late.upstreams.isEmpty }
        #expect(late.upstreams == stream.upstreams && late.snapshots.isEmpty)
        try sandbox.control("normal")
        try fixture.wait(for: "the end of the outage at every reader") {
            late.upstreams.count == 2 && stream.upstreams.count == 2 && line.upstreams.count == 2
                && polls.allSatisfy { $0.upstreams == ["connected", "away", "connected"] }
                && !late.snapshots.isEmpty
        }
        try sandbox.publish(Self.channel, "new-message", "{}")
        try fixture.wait(for: "the last event at every reader") {
            stream.hasReceived("new-message") && line.hasReceived("new-message")
                && polls.allSatisfy { $0.hasReceived("new-message") }
        }
        #expect(stream.upstreams.map(\.state) == ["away", "connected"])
        #expect(stream.upstreams == line.upstreams && stream.upstreams == late.upstreams)
        let gaps = [stream.delivered, line.delivered] + polls.map(\.delivered)
        #expect(gaps.map { $0.count(where: \.isGap) } == [1, 1, 1, 1])
        #expect(stream.failure == nil && line.failure == nil && late.failure == nil)
        #expect(polls.allSatisfy { $0.failure == nil })
    }

    /// Connects a reader to each surface, and waits until all of them read.
    private func readers(
        _ fixture: EndToEndFixture, _ gateway: GatewayProcess
    ) throws -> (stream: StreamClient, line: LineClient, polls: [PollClient]) {
        let target = "/events?channel=\(Self.channel)"
        let stream = StreamClient(fixture, gateway.http, target + "&user=usr_7")
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(Self.channel)")
        let polls = [PollClient.Style.cursor, .conditional].map {
            PollClient(fixture, gateway.http, [Self.channel], $0, wait: 55)
        }
        try fixture.wait(for: "every reader") {
            !stream.snapshots.isEmpty && line.replies.count == 1
                && polls.allSatisfy { $0.upstreams == ["connected"] }
        }
        return (stream, line, polls)
    }

    @Test func `a reconnect that Channels asks for is a gap, but no outage`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the stream") { !stream.snapshots.isEmpty }
        try sandbox.control("close?code=4200")
        try fixture.wait(for: "the gap") { stream.gapCount == 1 }
        // On a machine so slow that the reconnect took two seconds, it was an outage.
        let gap = try #require(stream.delivered.last { $0.isGap })
        let times = try JSONText(Array(gap.data.utf8))
        #expect(
            try stream.upstreams.isEmpty
                || times.string(["since"]).prefix(19) != times.string(["until"]).prefix(19))
    }

    @Test func `a gateway that starts without Channels reports that it is away`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        try sandbox.control("refuse?code=4100")
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the outage") { stream.upstreams.map(\.state) == ["away"] }
        #expect(try gateway.get("/poll?channel=\(Self.channel)").status == 503)
        try sandbox.control("normal")
        try fixture.wait(for: "the snapshot") { !stream.snapshots.isEmpty }
        #expect(stream.upstreams.map(\.state) == ["away", "connected"])
    }

    @Test func `a cache channel's events arrive as they are, and its miss as an event`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_CHANNELS": "cache-*,presence-bail-*"])
        try sandbox.publish("cache-full", "price", #"{"n":1}"#)
        let empty = StreamClient(fixture, gateway.http, "/events?channel=cache-empty")
        let full = StreamClient(fixture, gateway.http, "/events?channel=cache-full")
        try fixture.wait(for: "the cached event and the miss") {
            empty.count == 1 && full.count == 1
        }
        #expect(empty.delivered.map(\.published) == ["pusher:cache_miss {} -"])
        #expect(full.delivered.map(\.published) == [#"price {"n":1} -"#])
        #expect(empty.snapshots.count == 1 && full.snapshots.count == 1)
        let history = LineClient(fixture, path: gateway.ipc)
        let past = try ["cache-empty", "cache-full"].map {
            try history.ask("HISTORY \($0)").elements(["events"]).map(DeliveredEvent.init)
        }
        // The miss is no part of the history.
        #expect(past[0].filter { $0.event == "pusher:cache_miss" }.count <= 1)
        #expect(past[1].map(\.published) == [#"price {"n":1} -"#])
    }

    @Test func `filtered readers of every surface receive the named events and gaps`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        let filter = "channel=\(Self.channel)&event=new-message&event=message-deleted"
        let stream = StreamClient(fixture, gateway.http, "/events?" + filter)
        let whole = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(Self.channel) event=new-message event=message-deleted")
        try fixture.wait(for: "every reader") {
            !stream.snapshots.isEmpty && !whole.snapshots.isEmpty && line.replies.count == 1
        }
        let before = try JSONText(try gateway.get("/poll?" + filter).body).string(["position"])
        for number in 0..<100 {
            try sandbox.publish(
                Self.channel, number % 10 == 0 ? "new-message" : "noise", #"{"n":\#(number)}"#)
        }
        try sandbox.control("close?code=4200")
        try fixture.wait(for: "the gap") { stream.gapCount == 1 && whole.gapCount == 1 }
        try sandbox.publish(Self.channel, "message-deleted", "{}")
        try fixture.wait(for: "the last event") {
            [stream, whole].allSatisfy { $0.hasReceived("message-deleted") }
                && line.hasReceived("message-deleted")
        }
        let expected = whole.delivered.filter { $0.event != "noise" }
        #expect(whole.delivered.count == 102 && expected.count == 12)
        #expect(stream.delivered == expected && line.delivered == expected)
        let page = try JSONText(
            try gateway.get("/poll?\(filter)&after=\(before)").body)
        #expect(try page.elements(["events"]).map(DeliveredEvent.init) == expected)
        #expect(try page.string(["position"]) == whole.delivered.last?.id)
    }
}
