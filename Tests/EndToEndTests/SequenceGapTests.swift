// SPDX-License-Identifier: MIT
import PasserelleWire
import Testing

/// `PASSERELLE_SEQUENCE`: an event that Channels itself lost is a gap.
struct SequenceGapTests {
    private let channel = "presence-bail-1"

    @Test
    func `a hole in the application's own numbers is a certain gap on each surface`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_SEQUENCE": "message.seq"])
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(channel)&user=u1")
        let poll = PollClient(fixture, gateway.http, [channel], .cursor)
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(channel)")
        let clients: [any SurfaceClient] = [stream, poll, line]
        try fixture.wait(for: "every reader") {
            !stream.snapshots.isEmpty && poll.position != nil && line.replies.count == 1
        }
        // As a number and as a string of digits, as the JSON of many databases has it.
        for number in ["1", #""2""#, "4"] {
            try sandbox.publish(channel, "new-message", #"{"message":{"seq":\#(number)}}"#)
        }
        try fixture.wait(for: "the gap everywhere") { clients.allSatisfy { !gaps(of: $0).isEmpty } }
        let gap = try #require(gaps(of: stream).first)
        #expect(gap.data.hasPrefix(#"{"reason":"sequence","since":""#))
        #expect(gap.data.hasSuffix(#"","certain":true}"#))
        for client in clients { #expect(gaps(of: client) == [gap]) }
        let before = stream.delivered.filter { !$0.isMemberChange }.map(\.event)
        #expect(before == ["new-message", "new-message", "new-message", "passerelle:gap"])
        #expect(try gateway.status().number(["log", "gaps"]) == 1)
        #expect(try gateway.stop() == 0)
    }

    private func gaps(of client: any SurfaceClient) -> [DeliveredEvent] {
        client.delivered.filter(\.isGap)
    }
}
