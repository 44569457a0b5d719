// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

/// Servers that say no, or nothing that makes sense.
struct UpstreamRefusalTests {
    @Test func `an error and then a bare end is the end, with a clear word`() throws {
        let scene = try UpstreamScene()
        scene.channels.onOpen = {
            $0.say(.error(code: 4001, message: "App key app-key does not exist"))
            $0.drop()
        }
        scene.upstream.start()
        try scene.run { scene.refusal != nil }
        #expect(scene.refusal?.code == 4001)
        #expect(
            scene.refusal?.message == "no such application: check PUSHER_KEY, and PUSHER_CLUSTER "
                + "or PUSHER_HOST (the server says: App key app-key does not exist)")
        #expect(scene.upstream.status.state == .refused && scene.upstream.status.wasTried)
        for _ in 0..<20 { try scene.loop.turn(upTo: .zero) }
        #expect(scene.channels.accepted == 1)
    }

    @Test func `over quota is the end though the server keeps the socket open`() throws {
        let scene = try UpstreamScene()
        scene.channels.onOpen = { $0.say(.error(code: 4004, message: "Over quota")) }
        scene.upstream.start()
        try scene.run { scene.refusal != nil && scene.channels.newest?.isOver == true }
        #expect(scene.refusal?.code == 4004)
        #expect(scene.channels.newest?.closeCode == 1000)
    }

    @Test(arguments: [4000, 4003, 4006, 4009, 4050] as [UInt16])
    func `a close frame that says not to come back is the end`(code: UInt16) throws {
        let scene = try UpstreamScene()
        scene.channels.onOpen = { $0.close(code: code) }
        scene.upstream.start()
        try scene.run { scene.refusal != nil }
        #expect(scene.refusal?.code == Int(code))
        #expect(scene.refusal?.message.isEmpty == false)
    }

    @Test(
        arguments: [
            ("text", Array("secret words".utf8)), ("object", Array(#"{"secret":1}"#.utf8)),
            ("array", Array("[1,2]".utf8)), ("empty", []),
        ])
    func `a text that is no Channels message replaces the connection`(
        name: String, text: [UInt8]
    ) throws {
        try expectReplaced(words: "a text that is no Channels message") { $0.say(text: text) }
    }

    @Test func `a binary message replaces the connection`() throws {
        try expectReplaced(words: "a binary message") { $0.say(binary: [1, 2, 3]) }
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
    func `bytes that are no frame replace the connection`(bytes: [UInt8], words: String) throws {
        try expectReplaced(words: "a malformed WebSocket frame: " + words) { $0.spill(bytes) }
    }

    @Test func `the connection that replaces it hears on, with one gap`() throws {
        let scene = try UpstreamScene()
        scene.channels.behave()
        let reader = scene.read("a")
        try scene.settle()
        scene.channels.newest?.spill(Array("garbage".utf8))
        try scene.settle(connections: 2)
        try scene.run { reader.heard == ["a: ", "a: gap upstream"] }
        #expect(scene.upstream.status.garbled == 1)
    }

    private func expectReplaced(
        words: String, by garbage: (ScriptedChannels.Connection) -> Void
    ) throws {
        let scene = try UpstreamScene()
        scene.channels.behave()
        try scene.settle()
        let connection = try #require(scene.channels.newest)
        garbage(connection)
        try scene.run { connection.isOver && scene.upstream.status.state == .waiting }
        #expect(scene.notes == ["established", "waits 1.0 seconds: garbage: " + words])
        #expect(scene.upstream.status.garbled == 1)
    }

    // MARK: - Before there is a WebSocket

    private func firstNote(_ answer: [UInt8]) throws -> (note: String, garbled: UInt64) {
        let scene = try UpstreamScene()
        scene.channels.onRequest = { _ in answer }
        scene.upstream.start()
        try scene.run { !scene.notes.isEmpty }
        #expect(scene.upstream.status.state == .waiting && scene.upstream.status.wasTried)
        return (scene.notes[0], scene.upstream.status.garbled)
    }

    @Test func `a server that answers with a status is waited for, however much it says`() throws {
        let page = HTTPResponse(status: 404, body: [UInt8](repeating: 0x78, count: 200_000))
        let (note, garbled) = try firstNote(HTTPWriter.response(page, keepAlive: false))
        #expect(
            note == "waits 1.0 seconds: no WebSocket here: The server answered with status 404.")
        #expect(garbled == 0)
    }

    @Test func `a server that accepts with a wrong key is waited for`() throws {
        let response = WebSocketHandshake.response(accept: "x")
        let (note, _) = try firstNote(HTTPWriter.response(response, keepAlive: true))
        #expect(note == "waits 1.0 seconds: no WebSocket here: Sec-WebSocket-Accept is wrong.")
    }

    @Test func `a server that speaks no HTTP is waited for, and counted`() throws {
        let (note, garbled) = try firstNote(Array("220 mail.example ESMTP\r\n\r\n".utf8))
        #expect(
            note.hasPrefix(
                "waits 1.0 seconds: garbage: the answer to the opening handshake is no HTTP: "))
        #expect(!note.contains("mail") && garbled == 1)
    }

    @Test func `a server that hangs up is waited for`() throws {
        let (note, _) = try firstNote(Array("HTTP/1.1 101 Switch".utf8))
        #expect(note == "waits 1.0 seconds: no connection: closed by the peer")
    }

    @Test func `where nobody listens it says so, and tries again`() throws {
        let loop = try EventLoop()
        let gone = try ScriptedHTTP(loop: loop)
        let port = gone.port
        gone.close()
        let scene = try UpstreamScene(port: port)
        scene.upstream.start()
        try scene.run { scene.upstream.status.attempts == 2 }
        #expect(
            scene.notes.first?.hasPrefix("waits 1.0 seconds: no connection: connect") == true)
        #expect(scene.upstream.status.connections == 0)
    }

    // MARK: - TLS

    @Test func `over TLS a certificate for the right name is taken`() throws {
        let certificates = try TestCertificates()
        let own = try certificates.server(names: ["localhost"])
        let scene = try UpstreamScene(
            client: TLSClient(caFile: certificates.authorityFile),
            server: TLSServer(certificateFile: own.certificateFile, keyFile: own.keyFile),
            host: "localhost")
        scene.channels.behave()
        let reader = scene.read("a")
        try scene.settle()
        scene.channels.newest?.close(code: 4200)
        try scene.settle(connections: 2)
        try scene.run { reader.heard == ["a: ", "a: gap upstream"] }
    }

    @Test(arguments: [(true, "another name than localhost"), (false, "untrusted")])
    func `over TLS a certificate for a wrong name, or of a stranger, is not`(
        isTrusted: Bool, words: String
    ) throws {
        let certificates = try TestCertificates()
        let own = try certificates.server(names: [isTrusted ? "example.test" : "localhost"])
        let strangers = try TestCertificates()
        let authority = isTrusted ? certificates.authorityFile : strangers.authorityFile
        let scene = try UpstreamScene(
            client: TLSClient(caFile: authority),
            server: TLSServer(certificateFile: own.certificateFile, keyFile: own.keyFile),
            host: "localhost")
        scene.channels.behave()
        scene.upstream.start()
        try scene.run { !scene.notes.isEmpty }
        #expect(scene.notes[0].contains(words) && scene.notes[0].hasPrefix("waits 1.0 seconds: "))
        #expect(scene.channels.connections.isEmpty)
    }
}
