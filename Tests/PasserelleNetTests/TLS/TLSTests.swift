// SPDX-License-Identifier: MIT
import Glibc
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct TLSTests {
    private let certificates: TestCertificates
    private let loop: EventLoop

    init() throws {
        certificates = try TestCertificates()
        loop = try EventLoop()
    }

    private func echo(
        names: [String] = ["localhost"], addresses: [String] = [], isExpired: Bool = false
    ) throws -> EchoServer {
        let files = try certificates.server(
            names: names, addresses: addresses, isExpired: isExpired)
        return try EchoServer(
            loop: loop,
            tls: TLSServer(certificateFile: files.certificateFile, keyFile: files.keyFile))
    }

    /// Dials, and returns the reason it failed, or `nil` if it opened.
    private func end(
        of server: EchoServer, host: String, _ client: TLSClient
    ) throws -> LinkEnd? {
        let recorder = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: host, port: server.port), tls: client, owner: recorder)
        try run(loop, until: { recorder.isOpened || recorder.isEnded })
        link.close()
        return recorder.ends.first
    }

    @Test func `a byte and many records are echoed over TLS`() throws {
        let server = try echo()
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "localhost", port: server.port),
            tls: try TLSClient(caFile: certificates.authorityFile), owner: client)
        link.send([1])
        #expect(link.queuedBytes == 1)
        try run(loop, until: { client.received == [1] })
        #expect(client.openings == 1 && server.recorders.first?.openings == 1)
        #expect(link.isOpen && link.peer.isLoopback && link.peer.port == server.port)
        let bytes = (0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        link.send(bytes)
        try run(loop, until: { client.receivedCount == bytes.count + 1 })
        #expect(Array(client.received.dropFirst()) == bytes)
        link.finish()
        try run(loop, until: { client.isEnded && server.recorders.first?.isEnded == true })
        #expect(client.ends == [.closedHere])
        #expect(server.recorders.first?.ends == [.closedByPeer])
    }

    @Test func `direct writes fall short and continue at the same position`() throws {
        let server = try echo()
        let sink = LinkRecorder()
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "localhost", port: server.port),
            tls: try TLSClient(caFile: certificates.authorityFile), owner: client)
        try run(loop, until: { client.isOpened && server.links.first?.isOpen == true })
        let accepted = try #require(server.links.first)
        accepted.owner = sink
        accepted.pause()
        let bytes = (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        var written = 0
        func writeOn() {
            bytes.withUnsafeBytes {
                written += link.write(UnsafeRawBufferPointer(rebasing: $0[written...]))
            }
        }
        client.onRoom = { _ in writeOn() }
        writeOn()
        try run(loop, until: { link.queuedBytes > 0 })
        #expect(written > 0 && written < bytes.count)
        #expect(link.queuedBytes <= TLSSession.unsentLimit)
        #expect([9].withUnsafeBytes { link.write($0) } == 0)
        accepted.resume()
        try run(loop, until: { sink.receivedCount == bytes.count })
        #expect(sink.received == bytes)
        #expect(client.rooms > 0)
    }

    @Test func `room is reported when a send's pending record was sent`() throws {
        let server = try echo()
        let sink = LinkRecorder()
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "localhost", port: server.port),
            tls: try TLSClient(caFile: certificates.authorityFile), owner: client)
        try run(loop, until: { client.isOpened && server.links.first?.isOpen == true })
        let accepted = try #require(server.links.first)
        accepted.owner = sink
        accepted.pause()
        // Each fits a record: TLS takes all of it, whatever the socket takes.
        let bytes = [UInt8](repeating: 7, count: 10_000)
        var sent = 0
        while link.queuedBytes == 0 {
            link.send(bytes)
            sent += bytes.count
        }
        #expect(client.rooms == 0 && link.isOpen)
        accepted.resume()
        try run(loop, until: { client.rooms == 1 && sink.receivedCount == sent })
        #expect(link.queuedBytes == 0)
        link.send(bytes)
        try run(loop, until: { sink.receivedCount == sent + bytes.count })
    }

    @Test func `a finishing link does not wait for a handshake that never comes`() throws {
        let server = try echo()
        let silent = LinkRecorder()
        _ = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: silent)
        try run(loop, until: { server.links.count == 1 && silent.isOpened })
        server.links[0].finish()
        try run(loop, until: { silent.isEnded })
        #expect(silent.ends == [.closedByPeer])
        #expect(server.recorders[0].ends == [.closedHere])
    }

    @Test func `plain HTTP and garbage on a TLS port end without a reset`() throws {
        let server = try echo()
        server.listener?.tls?.plainAnswer = Array("use TLS".utf8)
        for (text, answer) in [
            ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "use TLS"),
            (String(repeating: "garbage ", count: 4_000), nil),
        ] {
            let recorder = LinkRecorder()
            let link = Dial.connect(
                loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: recorder)
            link.send(Array(text.utf8))
            try run(loop, until: { recorder.isEnded })
            #expect(recorder.ends == [.closedByPeer])
            if let answer { #expect(recorder.text == answer) }
        }
        guard case .tls? = server.recorders.last?.ends.first else {
            Issue.record("\(server.recorders.map(\.ends))")
            return
        }
    }

    @Test func `after a short write, any other bytes may follow`() throws {
        let server = try echo()
        let sink = LinkRecorder()
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "localhost", port: server.port),
            tls: try TLSClient(caFile: certificates.authorityFile), owner: client)
        try run(loop, until: { client.isOpened && server.links.first?.isOpen == true })
        let accepted = try #require(server.links.first)
        accepted.owner = sink
        accepted.pause()
        var written = 0
        let ones = [UInt8](repeating: 1, count: 8_000_000)
        ones.withUnsafeBytes { written = link.write($0) }
        #expect(written < ones.count)
        var isChanged = false
        client.onRoom = { link in
            if !isChanged { link.send([2]) }
            isChanged = true
        }
        accepted.resume()
        try run(loop, until: { sink.receivedCount == written + 1 })
        #expect(sink.received.dropLast().allSatisfy { $0 == 1 } && sink.received.last == 2)
    }

    @Test func `an address is verified as an address`() throws {
        let server = try echo(names: ["elsewhere.test"], addresses: ["127.0.0.1"])
        let client = try TLSClient(caFile: certificates.authorityFile)
        #expect(try end(of: server, host: "127.0.0.1", client) == nil)
    }

    @Test func `a certificate for another name is refused with that reason`() throws {
        let server = try echo(names: ["elsewhere.test"])
        let client = try TLSClient(caFile: certificates.authorityFile)
        #expect(
            try end(of: server, host: "localhost", client)
                == .tls("the server's certificate is for another name than localhost"))
    }

    @Test func `a partial wildcard and a common name alone do not match`() throws {
        let server = try echo(names: ["local*", "Throw-away server"])
        let client = try TLSClient(caFile: certificates.authorityFile)
        #expect(
            try end(of: server, host: "localhost", client)
                == .tls("the server's certificate is for another name than localhost"))
    }

    @Test func `an unknown authority's certificate is refused as untrusted`() throws {
        let server = try echo()
        let other = try TestCertificates()
        let expected = LinkEnd.tls(
            "the server's certificate is untrusted: it is not signed by a trusted authority")
        let client = try TLSClient(caFile: other.authorityFile)
        #expect(try end(of: server, host: "localhost", client) == expected)
        #expect(try end(of: server, host: "localhost", try TLSClient()) == expected)
    }

    @Test func `an expired certificate is refused as expired`() throws {
        let server = try echo(isExpired: true)
        let client = try TLSClient(caFile: certificates.authorityFile)
        #expect(
            try end(of: server, host: "localhost", client)
                == .tls("the server's certificate or one of its issuers has expired"))
    }

    @Test func `without verification, only loopback hosts can be dialled`() throws {
        let server = try echo(names: ["elsewhere.test"])
        let client = try TLSClient(verifies: false)
        #expect(try end(of: server, host: "localhost", client) == nil)
        #expect(try end(of: server, host: "127.0.0.1", client) == nil)
        for host in ["gateway.test", "192.0.2.1", "localhost.test", "2001:db8::1"] {
            #expect(try end(of: server, host: host, client) == .tls(TLSClient.refusal(host: host)))
        }
    }

    @Test func `a peer without TLS is reported, from either side`() throws {
        let plain = try EchoServer(loop: loop)
        let client = try TLSClient(caFile: certificates.authorityFile)
        // The server echoes the client's own hello.
        guard case .tls(let words)? = try end(of: plain, host: "localhost", client) else {
            Issue.record("no TLS error")
            return
        }
        #expect(words.hasPrefix("the TLS handshake failed: "))
        let server = try echo()
        let recorder = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "127.0.0.1", port: server.port), owner: recorder)
        link.send(Array("GET / HTTP/1.1\r\n\r\n".utf8))
        try run(loop, until: { server.recorders.first?.isEnded == true })
        guard case .tls? = server.recorders.first?.ends.first else {
            Issue.record("no TLS error")
            return
        }
        link.close()
    }

    @Test func `a server's end without close_notify is an error`()
        throws
    {
        let server = try echo()
        let client = LinkRecorder()
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "localhost", port: server.port),
            tls: try TLSClient(caFile: certificates.authorityFile), owner: client)
        try run(loop, until: { client.isOpened && server.links.first?.isOpen == true })
        shutdown(try #require(server.links.first).fileDescriptor, Int32(SHUT_WR))
        try run(loop, until: { client.isEnded })
        #expect(
            client.ends
                == [.tls("the peer ended the connection without close_notify")])
        #expect(!link.isOpen)
    }

    @Test func `the handshake counts towards the dial's timeout`() throws {
        let silent = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) {
            $0.owner = LinkRecorder()
        }
        let recorder = LinkRecorder()
        let port = try #require(silent.boundPort)
        let link = Dial.connect(
            loop: loop, to: .tcp(host: "localhost", port: port),
            tls: try TLSClient(caFile: certificates.authorityFile), timeout: .milliseconds(60),
            owner: recorder)
        try run(loop, until: { recorder.isEnded })
        #expect(recorder.ends == [.timedOut])
        #expect(link.fileDescriptor == -1)
        silent.close()
    }

    @Test func `new links use a replaced certificate, old ones keep theirs`() throws {
        let server = try echo(names: ["elsewhere.test"])
        let client = try TLSClient(caFile: certificates.authorityFile)
        #expect(try end(of: server, host: "localhost", client) != nil)
        let files = try certificates.server()
        server.listener?.tls = try TLSServer(
            certificateFile: files.certificateFile, keyFile: files.keyFile)
        #expect(try end(of: server, host: "localhost", client) == nil)
    }

    @Test func `files without a certificate, key or authority are named`() throws {
        let first = try certificates.server()
        let second = try certificates.server()
        #expect(throws: TLSError.self) { try TLSClient(caFile: "/nonexistent/ca.pem") }
        #expect(
            throws: TLSError.keyMismatch(
                certificate: first.certificateFile, key: second.keyFile)
        ) {
            try TLSServer(certificateFile: first.certificateFile, keyFile: second.keyFile)
        }
        do {
            _ = try TLSServer(certificateFile: "/nonexistent.pem", keyFile: first.keyFile)
            Issue.record("a missing file was accepted")
        } catch {
            #expect("\(error)".contains("/nonexistent.pem"))
            #expect("\(error)".contains("No such file"), "\(error)")
        }
        do {
            _ = try TLSServer(
                certificateFile: first.certificateFile, keyFile: first.certificateFile)
            Issue.record("a certificate was accepted as a key")
        } catch {
            #expect("\(error)".contains("private key"))
        }
    }

    @Test func `TLS 1.2 is the oldest version supported`() throws {
        let server = try echo()
        let client = try TLSClient(caFile: certificates.authorityFile)
        #expect(client.lowestVersion == 0x0303)
        #expect(server.listener?.tls?.lowestVersion == 0x0303)
    }
}
