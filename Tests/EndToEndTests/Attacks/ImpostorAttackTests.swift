// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A server in place of Channels with a valid certificate for another name.
struct ImpostorAttackTests {
    @Test func `an impostor gets no subscription, and readers get a gap for the outage`() throws {
        let fixture = try EndToEndFixture()
        let authority = try TestCertificates()
        let own = try authority.server(addresses: ["127.0.0.1"])
        let other = try authority.server(names: ["other.example"])
        let harness = try AttackHarness(fixture, tls: own, trusting: authority)
        try harness.expectReadersUnaffected("impostor", withGaps: true) {
            let spoken = harness.server.connections.count
            let asked = harness.server.accepted
            harness.server.tls = try TLSServer(
                certificateFile: other.certificateFile, keyFile: other.keyFile)
            harness.server.newest?.close(code: 4200)
            try fixture.wait(for: "three attempts") { harness.server.accepted >= asked + 3 }
            #expect(harness.server.connections.count == spoken)
            let lines = harness.gateway.process.lines(with: "not connected to Channels")
            #expect(lines.contains { $0.contains("another name") }, "\(lines)")
            let late = try harness.gateway.get("/poll?channel=\(AttackHarness.channels[0])")
            #expect(late.status == 200, "the history is served")
            harness.server.tls = try TLSServer(
                certificateFile: own.certificateFile, keyFile: own.keyFile)
            try fixture.wait(for: "the good one") { harness.isSubscribed }
        }
    }
}
