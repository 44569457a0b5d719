// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

/// Tests servers that refuse or violate the protocol.
struct UpstreamRefusalTests {
    @Test func `an error and then an end without a code is permanent, with a message`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.onOpen = {
            $0.send(.error(code: 4001, message: "App key app-key does not exist"))
            $0.drop()
        }
        fixture.upstream.start()
        try fixture.run { fixture.refusal != nil }
        #expect(fixture.refusal?.code == 4001)
        #expect(fixture.refusal?.message == "App key app-key does not exist")
        #expect(fixture.upstream.status.state == .refused && fixture.upstream.status.wasTried)
        for _ in 0..<20 { try fixture.loop.runOnce(timeout: .zero) }
        #expect(fixture.channels.accepted == 1)
    }

    @Test func `over quota is permanent even if the server keeps the socket open`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.onOpen = { $0.send(.error(code: 4004, message: "Over quota")) }
        fixture.upstream.start()
        try fixture.run { fixture.refusal != nil && fixture.channels.newest?.isEnded == true }
        #expect(fixture.refusal?.code == 4004)
        #expect(fixture.channels.newest?.closeCode == 1000)
    }

    @Test(arguments: [4000, 4003, 4006, 4009, 4050] as [UInt16])
    func `a permanent close code ends the attempts`(code: UInt16) throws {
        let fixture = try UpstreamFixture()
        fixture.channels.onOpen = { $0.close(code: code) }
        fixture.upstream.start()
        try fixture.run { fixture.refusal != nil }
        #expect(fixture.refusal?.code == Int(code))
        #expect(fixture.refusal?.message == "")
    }

    @Test func `a refused origin is permanent, with the server's message`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.onOpen = {
            $0.send(
                text: Array(
                    #"{"event":"pusher:error","data":"{\"code\":4009,\"message\":\"Origin not allowed\"}"}"#
                        .utf8))
            $0.drop()
        }
        fixture.upstream.start()
        try fixture.run { fixture.refusal != nil }
        #expect(fixture.refusal?.code == 4009)
        #expect(fixture.refusal?.message == "Origin not allowed")
    }

    @Test(
        arguments: [
            ("a cut event", #"{"event":"secret","channel":"a","da"#, "a text that is not JSON"),
            (
                "unreadable members",
                #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{"}"#,
                "a message whose field presence is missing or cannot be used"
            ),
        ])
    func `a text that may have been an event replaces the connection`(
        name: String, text: String, words: String
    ) throws {
        try expectReplaced(words: words) { $0.send(text: Array(text.utf8)) }
    }

    @Test func `an unusable socket id is named`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.onOpen = {
            $0.send(text: Array(#"{"event":"pusher:connection_established","data":{}}"#.utf8))
        }
        fixture.upstream.start()
        try fixture.run { !fixture.notes.isEmpty }
        #expect(
            fixture.notes == [
                "waits 1.0 seconds: protocol error: a message whose field socket_id is missing or"
                    + " cannot be used"
            ])
    }

    // MARK: - Frames without a message

    private static let empty = [
        "", " ", "\n", "\u{FEFF}", "null", "undefined", "[]", "[1,2]", "0", "true", #""x""#, "{}",
        #"{"data":{}}"#, #"{"event":null}"#, #"{"event":7,"channel":"a"}"#, "secret words", "[[[[",
    ]

    @Test func `frames without a message are ignored and counted`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        let reader = fixture.read("a")
        try fixture.settle()
        let connection = try #require(fixture.channels.newest)
        for text in Self.empty { connection.send(text: Array(text.utf8)) }
        connection.send(binary: [1, 2, 3])
        connection.send(.event(channel: "a", name: "last", data: Array("1".utf8), userID: nil))
        try fixture.run { reader.received == ["a: ", "a: last 1"] }
        let status = fixture.upstream.status
        #expect(status.emptyFrames == UInt64(Self.empty.count) + 1)
        #expect(status.invalidMessages == 0 && status.messages == 3 && status.connections == 1)
        #expect(fixture.notes == ["established", "subscribed a"])
    }

    @Test func `frames without a message before the handshake are ignored too`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        let hello = fixture.channels.onOpen
        fixture.channels.onOpen = { connection in
            connection.send(text: [])
            connection.send(text: Array("null".utf8))
            hello?(connection)
        }
        try fixture.settle()
        #expect(fixture.upstream.status.emptyFrames == 2 && fixture.upstream.status.attempts == 1)
    }

    @Test func `more frames without a message than the limit replace the connection`() throws {
        let words =
            "more than \(EmptyFrames.limit) frames without a message within \(EmptyFrames.window)"
        try expectReplaced(words: words) { connection in
            for _ in 0...EmptyFrames.limit { connection.send(text: []) }
        }
    }

    @Test func `unknown and incomplete protocol messages are counted`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        let reader = fixture.read("presence-a")
        try fixture.settle()
        let connection = try #require(fixture.channels.newest)
        connection.send(.memberAdded(channel: "presence-a", ChannelMember(userID: "a")))
        connection.send(.memberAdded(channel: "presence-a", ChannelMember(userID: "b")))
        for event in [
            #"{"event":"pusher:subscription_succeeded","channel":"presence-a"}"#,
            #"{"event":"pusher:member_removed","channel":"presence-a","data":{"user_id":"a"}}"#,
            #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-a"}"#,
            #"{"event":"pusher_internal:subscription_succeeded","channel":"presence-a","data":"{}"}"#,
        ] { connection.send(text: Array(event.utf8)) }
        connection.send(
            .event(channel: "presence-a", name: "last", data: Array("1".utf8), userID: nil))
        try fixture.run { reader.received.last == "presence-a: last 1" }
        #expect(
            reader.received == [
                "presence-a: ", "presence-a: +a", "presence-a: +b", "presence-a: last 1",
            ])
        #expect(fixture.upstream.status.ignored == 2)
    }

    @Test(
        arguments: [
            ([0xC1, 0x00], "reserved bits are set"),
            ([0x83, 0x00], "the opcode is reserved"),
            ([0x81, 0x80, 1, 2, 3, 4], "a server must not mask its frames"),
            ([0x81, 0x02, 0xFF, 0xFE], "the text is not UTF-8"),
            (
                [0x81, 0x7F, 0, 0, 0, 0, 0, 0x40, 0, 1],
                "the message is larger than 4194304 bytes"
            ),
            (Array("HTTP/1.1 200 OK\r\n\r\n".utf8), "reserved bits are set"),
        ] as [([UInt8], String)])
    func `malformed frames replace the connection`(bytes: [UInt8], words: String) throws {
        try expectReplaced(words: "a malformed WebSocket frame: " + words) { $0.sendRaw(bytes) }
    }

    @Test func `the replacement connection continues after one gap`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        let reader = fixture.read("a")
        try fixture.settle()
        fixture.channels.newest?.sendRaw(Array("garbage".utf8))
        try fixture.settle(connections: 2)
        try fixture.run { reader.received == ["a: ", "a: gap upstream"] }
        #expect(fixture.upstream.status.invalidMessages == 1)
    }

    private func expectReplaced(
        words: String, by garbage: (ScriptedChannels.Connection) -> Void
    ) throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        try fixture.settle()
        let connection = try #require(fixture.channels.newest)
        garbage(connection)
        try fixture.run { connection.isEnded && fixture.upstream.status.state == .waiting }
        #expect(fixture.notes == ["established", "waits 1.0 seconds: protocol error: " + words])
        #expect(fixture.upstream.status.invalidMessages == 1)
    }

    // MARK: - Before the WebSocket

    private func firstNote(_ answer: [UInt8]) throws -> (note: String, garbled: UInt64) {
        let fixture = try UpstreamFixture()
        fixture.channels.onRequest = { _ in answer }
        fixture.upstream.start()
        try fixture.run { !fixture.notes.isEmpty }
        #expect(fixture.upstream.status.state == .waiting && fixture.upstream.status.wasTried)
        return (fixture.notes[0], fixture.upstream.status.invalidMessages)
    }

    @Test func `a server that answers with a status is retried, even with a large body`() throws {
        let page = HTTPResponse(status: 404, body: [UInt8](repeating: 0x78, count: 200_000))
        let (note, garbled) = try firstNote(HTTPWriter.response(page, keepAlive: false))
        #expect(
            note
                == "waits 1.0 seconds: WebSocket handshake failed: The server answered with"
                + " status 404.")
        #expect(garbled == 0)
    }

    @Test func `a server with a wrong Sec-WebSocket-Accept is retried`() throws {
        let response = WebSocketHandshake.response(accept: "x")
        let (note, _) = try firstNote(HTTPWriter.response(response, keepAlive: true))
        #expect(
            note
                == "waits 1.0 seconds: WebSocket handshake failed: Sec-WebSocket-Accept is wrong.")
    }

    @Test func `a server that does not speak HTTP is retried, and counted`() throws {
        let (note, garbled) = try firstNote(Array("220 mail.example ESMTP\r\n\r\n".utf8))
        #expect(
            note.hasPrefix(
                "waits 1.0 seconds: protocol error: the answer to the opening handshake is not"
                    + " HTTP: "))
        #expect(!note.contains("mail") && garbled == 1)
    }

    @Test func `a server that closes the connection is retried`() throws {
        let (note, _) = try firstNote(Array("HTTP/1.1 101 Switch".utf8))
        #expect(note == "waits 1.0 seconds: connection failed: closed by the peer")
    }

    @Test func `a refused connection is reported and retried`() throws {
        let loop = try EventLoop()
        let gone = try ScriptedHTTP(loop: loop)
        let port = gone.port
        gone.close()
        let fixture = try UpstreamFixture(port: port)
        fixture.upstream.start()
        try fixture.run { fixture.upstream.status.attempts == 2 }
        #expect(
            fixture.notes.first?.hasPrefix("waits 1.0 seconds: connection failed: connect") == true)
        #expect(fixture.upstream.status.connections == 0)
    }

    // MARK: - TLS

    @Test func `TLS accepts a certificate for the right name`() throws {
        let certificates = try TestCertificates()
        let own = try certificates.server(names: ["localhost"])
        let fixture = try UpstreamFixture(
            client: TLSClient(caFile: certificates.authorityFile),
            server: TLSServer(certificateFile: own.certificateFile, keyFile: own.keyFile),
            host: "localhost")
        fixture.channels.actAsChannels()
        let reader = fixture.read("a")
        try fixture.settle()
        fixture.channels.newest?.close(code: 4200)
        try fixture.settle(connections: 2)
        try fixture.run { reader.received == ["a: ", "a: gap upstream"] }
    }

    @Test(arguments: [(true, "another name than localhost"), (false, "untrusted")])
    func `TLS rejects a certificate for a wrong name or from an unknown authority`(
        isTrusted: Bool, words: String
    ) throws {
        let certificates = try TestCertificates()
        let own = try certificates.server(names: [isTrusted ? "example.test" : "localhost"])
        let otherAuthority = try TestCertificates()
        let authority = isTrusted ? certificates.authorityFile : otherAuthority.authorityFile
        let fixture = try UpstreamFixture(
            client: TLSClient(caFile: authority),
            server: TLSServer(certificateFile: own.certificateFile, keyFile: own.keyFile),
            host: "localhost")
        fixture.channels.actAsChannels()
        fixture.upstream.start()
        try fixture.run { !fixture.notes.isEmpty }
        #expect(
            fixture.notes[0].contains(words) && fixture.notes[0].hasPrefix("waits 1.0 seconds: "))
        #expect(fixture.channels.connections.isEmpty)
    }
}
