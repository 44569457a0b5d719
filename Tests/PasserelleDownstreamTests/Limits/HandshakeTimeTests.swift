// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The time from accepting a connection to its first head, including a handshake.
struct HandshakeTimeTests {
    /// No bytes, and the beginning of a ClientHello.
    @Test(arguments: ["", "\u{16}\u{3}\u{1}"])
    func `a TLS handshake that never ends times out`(text: String) throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock) { configuration, _ in
            configuration.limits.headerTime = .seconds(5)
        }
        let authority = try TestCertificates()
        let files = try authority.server(addresses: ["127.0.0.1"])
        let tls = try TLSServer(
            certificateFile: files.certificateFile, keyFile: files.keyFile)
        let listener = try Listener(
            loop: fixture.loop, address: .tcp(host: "127.0.0.1", port: 0), tls: tls
        ) { fixture.downstream.http.accepted($0) }
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: fixture.loop, to: .tcp(host: "127.0.0.1", port: try #require(listener.boundPort)),
            owner: client)
        link.send(Array(text.utf8))
        try run(fixture.loop, until: { fixture.downstream.http.connectionCount == 1 })
        try clock.pass(.milliseconds(4_999), turning: fixture.loop)
        #expect(fixture.downstream.http.connectionCount == 1)
        try clock.pass(.milliseconds(1), turning: fixture.loop)
        try run(fixture.loop, until: { client.isEnded })
        #expect(fixture.downstream.http.connectionCount == 0)
        #expect(fixture.downstream.refusalCounts[.headerTime] == 1)
        listener.close()
    }

    @Test func `a completed handshake and the first head share one timeout`() throws {
        let clock = ManualClock()
        let fixture = try DownstreamFixture(clock: clock.clock) { configuration, _ in
            configuration.limits.headerTime = .seconds(5)
        }
        let authority = try TestCertificates()
        let files = try authority.server(addresses: ["127.0.0.1"])
        let tls = try TLSServer(
            certificateFile: files.certificateFile, keyFile: files.keyFile)
        let listener = try Listener(
            loop: fixture.loop, address: .tcp(host: "127.0.0.1", port: 0), tls: tls
        ) { fixture.downstream.http.accepted($0) }
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: fixture.loop, to: .tcp(host: "127.0.0.1", port: try #require(listener.boundPort)),
            tls: try TLSClient(caFile: authority.authorityFile), owner: client)
        try run(fixture.loop, until: { client.openings == 1 })
        try clock.pass(.milliseconds(4_999), turning: fixture.loop)
        link.send(Array("GET /heal".utf8))
        try fixture.settle()
        #expect(fixture.downstream.http.connectionCount == 1)
        try clock.pass(.milliseconds(1), turning: fixture.loop)
        try run(fixture.loop, until: { client.isEnded })
        #expect(client.text.hasPrefix("HTTP/1.1 408 "))
        #expect(fixture.downstream.refusalCounts[.headerTime] == 1)
        listener.close()
    }
}
