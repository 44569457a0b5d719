// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A server in Channels' place whose certificate is good, and for another name.
@Suite(.timeLimit(.minutes(10)))
struct ImpostorAttackTests {
    @Test func `an impostor hears nothing, and readers are told of the time it took`() throws {
        let stage = try Stage()
        let authority = try TestCertificates()
        let own = try authority.server(addresses: ["127.0.0.1"])
        let other = try authority.server(names: ["other.example"])
        let town = try Town(stage, tls: own, trusting: authority)
        try town.endure("impostor", withGaps: true) {
            let spoken = town.server.connections.count
            let asked = town.server.accepted
            town.server.tls = try TLSServer(
                certificateFile: other.certificateFile, keyFile: other.keyFile)
            town.server.newest?.close(code: 4200)
            try stage.wait(for: "three attempts") { town.server.accepted >= asked + 3 }
            #expect(town.server.connections.count == spoken)
            let lines = town.gateway.process.lines(with: "not connected to Channels")
            #expect(lines.contains { $0.contains("another name") }, "\(lines)")
            let late = try town.gateway.get("/poll?channel=\(Town.channels[0])")
            #expect(late.status == 200, "what is held is served")
            town.server.tls = try TLSServer(
                certificateFile: own.certificateFile, keyFile: own.keyFile)
            try stage.wait(for: "the good one", within: .seconds(120)) { town.isHeard }
        }
    }
}
