// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Readers over TCP with a closed window: a slow one stays connected, and a stalled one is cut in
/// time.
struct SilentReaderTests {
    private static let channel = "presence-bail-1"
    /// Longer than the kernel waits for a peer if it is set to detect dead peers in 15 s.
    private static let stall = 25

    private let fixture: EndToEndFixture
    private let server: ScriptedChannels
    private let gateway: GatewayProcess

    init() throws {
        fixture = try EndToEndFixture()
        server = try ScriptedChannels(loop: fixture.loop)
        server.actAsChannels()
        gateway = try GatewayProcess(
            fixture, upstreamPort: server.port,
            variables: ["PASSERELLE_STALL": "\(Self.stall)s", "PASSERELLE_LOG": "info"])
    }

    /// Publishes large events, and waits until the witness has received them all.
    private func flood() throws {
        let data = Array("\"\(String(repeating: "x", count: 30_000))\"".utf8)
        let witness = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        try fixture.wait(for: "the witness") { !witness.snapshots.isEmpty }
        for _ in 0..<30 {
            server.newest?.send(
                .event(channel: Self.channel, name: "new-message", data: data, userID: nil))
        }
        try fixture.wait(for: "the flood, after \(witness.count)") { witness.count == 30 }
        witness.close()
    }

    private func streams() throws -> Int {
        Int(try gateway.status().number(["readers", "streams"]))
    }

    @Test func `a stalled reader has its whole time, and a slow one stays connected`()
        throws
    {
        let target = "/events?channel=\(Self.channel)"
        let silent = try StalledClient(gateway.http, target)
        let trickle = try StalledClient(gateway.http, target)
        try fixture.wait(for: "both readers") { try streams() == 2 }
        let begun = ContinuousClock.now
        try flood()
        let poller = try StalledClient(gateway.http, "/poll?channel=\(Self.channel)&after=earliest")
        var (next, taken) = (begun, 0)
        try fixture.wait(for: "the end of the silent reader", within: hangLimit) {
            guard ContinuousClock.now > next else { return false }
            next = .now + .seconds(1)
            taken += trickle.take(32_768)
            return try streams() < 2
        }
        #expect(ContinuousClock.now - begun >= .seconds(Self.stall))
        #expect(try streams() == 1 && taken > 0)
        try fixture.wait(for: "the end of the answer to the poll") {
            try gateway.status().number(["served", "stalled"]) == 2
        }
        #expect(try gateway.status().number(["served", "dead"]) == 0)
        #expect(gateway.process.lines(with: "does not read", "PASSERELLE_STALL").count == 1)
        for client in [silent, poller, trickle] { client.close() }
        #expect(try gateway.stop() == 0)
    }
}
