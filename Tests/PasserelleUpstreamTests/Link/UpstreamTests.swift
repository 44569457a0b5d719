// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

/// Tests `Upstream` over loopback sockets with a scripted server.
struct UpstreamTests {
    private func event(_ name: String, on channel: String) -> ServerMessage {
        .event(channel: channel, name: name, data: Array("1".utf8), userID: nil)
    }

    @Test func `it connects, signs, subscribes, and delivers the events it receives`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        let reader = fixture.read("presence-bail-1", "room")
        try fixture.settle()
        let connection = try #require(fixture.channels.newest)
        #expect(
            connection.request.target
                == "/app/app-key?protocol=7&client=passerelle&version=1.2.3")
        #expect(connection.request.fields.first("host") == "127.0.0.1:\(fixture.channels.port)")
        let data = #"{"user_id":"passerelle","user_info":{"passerelle":true}}"#
        let signer = Signer(key: "app-key", secret: Array("app-secret".utf8))
        let auth = signer.auth(socketID: "1.1", channel: "presence-bail-1", channelData: data)
        #expect(
            connection.received == [
                .subscribe(channel: "presence-bail-1", auth: auth, channelData: data),
                .subscribe(channel: "room", auth: "", channelData: nil),
            ])
        connection.send(.memberAdded(channel: "presence-bail-1", ChannelMember(userID: "ana")))
        connection.send(event("hello", on: "presence-bail-1"))
        try fixture.run { reader.received.count == 4 }
        #expect(
            reader.received == [
                "presence-bail-1: ", "room: ", "presence-bail-1: +ana",
                "presence-bail-1: hello 1",
            ])
        let status = fixture.upstream.status
        #expect(status.state == .connected && status.attempts == 1 && status.connections == 1)
        #expect(status.messages == 5 && status.invalidMessages == 0 && status.lastEvent != nil)
        #expect(status.wasTried)
    }

    @Test func `channels are subscribed for the first reader, and pings are answered`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        try fixture.settle()
        let connection = try #require(fixture.channels.newest)
        #expect(connection.received == [])
        let reader = fixture.read("room")
        try fixture.run { reader.received == ["room: "] }
        connection.send(.ping)
        connection.sendRaw([0x89, 0x01, 0x21])
        try fixture.run { connection.received.last == .pong }
        #expect(fixture.notes == ["established", "subscribed room"])
    }

    @Test(arguments: [4200, nil] as [UInt16?])
    func `a loss is one gap per channel, and all are subscribed again`(code: UInt16?) throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        let reader = fixture.read("a")
        let other = fixture.read("b")
        try fixture.settle()
        let first = try #require(fixture.channels.newest)
        // An event sent together with the end still arrives.
        first.send(event("last", on: "a"))
        if let code { first.close(code: code) } else { first.drop() }
        try fixture.settle(connections: 2)
        let second = try #require(fixture.channels.newest)
        second.send(event("first", on: "a"))
        try fixture.run { reader.received.last == "a: first 1" }
        #expect(reader.received == ["a: ", "a: last 1", "a: gap upstream", "a: first 1"])
        #expect(other.received == ["b: ", "b: gap upstream"])
        let channels = second.received.compactMap { message -> String? in
            if case .subscribe(let channel, _, _) = message { channel } else { nil }
        }
        #expect(channels.sorted() == ["a", "b"])
        #expect(fixture.upstream.status.connections == 2)
    }

    @Test func `the server's close frame is answered before the link ends`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        try fixture.settle()
        let connection = try #require(fixture.channels.newest)
        connection.close(code: 4200, reason: "Please reconnect")
        try fixture.run { connection.isEnded }
        #expect(connection.closeCode == 4200)
        #expect(
            fixture.notes.last == "waits 0.0 seconds: closed with code 4200: Please reconnect")
    }

    @Test func `stopping sends a close frame`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        try fixture.settle()
        let connection = try #require(fixture.channels.newest)
        fixture.upstream.stop()
        try fixture.run { connection.isEnded }
        #expect(connection.closeCode == 1000)
        #expect(fixture.channels.accepted == 1)
    }

    @Test func `a silent connection is pinged, and kept while it answers`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels(activityTimeout: 1)
        try fixture.settle()
        let connection = try #require(fixture.channels.newest)
        try fixture.run { connection.received.filter { $0 == .ping }.count == 2 }
        #expect(fixture.channels.accepted == 1)
    }

    @Test func `bytes that arrive with the upgrade are not lost`() throws {
        let loop = try EventLoop()
        let http = try ScriptedHTTP(loop: loop)
        http.answer = { request, link in
            guard let key = try? WebSocketHandshake.checkRequest(request) else { return }
            let accept = Base64.encode(Digest.sha1(WebSocketHandshake.acceptInput(key: key)))
            let hello = ServerMessage.connectionEstablished(socketID: "1.1", activityTimeout: 9)
            link.send(
                HTTPWriter.response(WebSocketHandshake.response(accept: accept), keepAlive: true)
                    + WebSocketWriter.frame(.text, hello.encoded(), mask: nil))
        }
        let fixture = try UpstreamFixture(port: http.port)
        // Both loops run on one thread.
        fixture.upstream.start()
        try fixture.run {
            try loop.runOnce(timeout: .zero)
            return fixture.notes == ["established"]
        }
    }

    @Test func `thousands of channels are subscribed again, one window at a time`() throws {
        let fixture = try UpstreamFixture()
        fixture.channels.actAsChannels()
        let readers = (0..<2_000).map { fixture.read("presence-bail-\($0)") }
        try fixture.settle()
        fixture.channels.newest?.close(code: 4200)
        try fixture.settle(connections: 2)
        #expect(fixture.channels.newest?.received.count == 2_000)
        try fixture.run {
            readers.allSatisfy { $0.received.last?.hasSuffix("gap upstream") == true }
        }
        #expect(readers.allSatisfy { $0.received.count == 2 })
    }
}
