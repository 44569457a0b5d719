// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// From the accepting of a connection to its first head, whatever comes before that.
struct HandshakeTimeTests {
    /// Nothing, and the beginning of a ClientHello.
    @Test(arguments: ["", "\u{16}\u{3}\u{1}"])
    func `a TLS handshake that never ends is cut`(text: String) throws {
        let scene = try Scene { configuration, _ in
            configuration.limits.headerTime = .milliseconds(50)
        }
        let authority = try TestCertificates()
        let files = try authority.server(addresses: ["127.0.0.1"])
        let tls = try TLSServer(
            certificateFile: files.certificateFile, keyFile: files.keyFile)
        let listener = try Listener(
            loop: scene.loop, address: .tcp(host: "127.0.0.1", port: 0), tls: tls
        ) { scene.downstream.http.accepted($0) }
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: scene.loop, to: .tcp(host: "127.0.0.1", port: try #require(listener.boundPort)),
            owner: client)
        link.send(Array(text.utf8))
        try run(scene.loop, until: { scene.downstream.http.connectionCount == 1 })
        try run(scene.loop, until: { client.isEnded })
        #expect(scene.downstream.http.connectionCount == 0)
        #expect(scene.downstream.refusalCounts[.headerTime] == 1)
        listener.close()
    }

    @Test func `a handshake that ends has no more than the same time for its head`() throws {
        let scene = try Scene { configuration, _ in
            configuration.limits.headerTime = .milliseconds(300)
        }
        let authority = try TestCertificates()
        let files = try authority.server(addresses: ["127.0.0.1"])
        let tls = try TLSServer(
            certificateFile: files.certificateFile, keyFile: files.keyFile)
        let listener = try Listener(
            loop: scene.loop, address: .tcp(host: "127.0.0.1", port: 0), tls: tls
        ) { scene.downstream.http.accepted($0) }
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: scene.loop, to: .tcp(host: "127.0.0.1", port: try #require(listener.boundPort)),
            tls: try TLSClient(caFile: authority.authorityFile), owner: client)
        try run(scene.loop, until: { client.openings == 1 })
        link.send(Array("GET /heal".utf8))
        try run(scene.loop, until: { client.isEnded })
        #expect(client.text.hasPrefix("HTTP/1.1 408 "))
        #expect(scene.downstream.refusalCounts[.headerTime] == 1)
        listener.close()
    }
}
