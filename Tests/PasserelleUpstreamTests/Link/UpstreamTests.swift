// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

/// The shell over loopback sockets, against a server that does as it is told.
struct UpstreamTests {
    private func event(_ name: String, on channel: String) -> ServerMessage {
        .event(channel: channel, name: name, data: Array("1".utf8), userID: nil)
    }

    @Test func `it connects, signs, subscribes, and hands on what it hears`() throws {
        let scene = try UpstreamScene()
        scene.channels.behave()
        let reader = scene.read("presence-bail-1", "room")
        try scene.settle()
        let connection = try #require(scene.channels.newest)
        #expect(
            connection.request.target
                == "/app/app-key?protocol=7&client=passerelle&version=1.2.3")
        #expect(connection.request.fields.first("host") == "127.0.0.1:\(scene.channels.port)")
        let data = #"{"user_id":"passerelle","user_info":{"passerelle":true}}"#
        let signer = Signer(key: "app-key", secret: Array("app-secret".utf8))
        let auth = signer.auth(socketID: "1.1", channel: "presence-bail-1", channelData: data)
        #expect(
            connection.heard == [
                .subscribe(channel: "presence-bail-1", auth: auth, channelData: data),
                .subscribe(channel: "room", auth: "", channelData: nil),
            ])
        connection.say(.memberAdded(channel: "presence-bail-1", ChannelMember(userID: "ana")))
        connection.say(event("hello", on: "presence-bail-1"))
        try scene.run { reader.heard.count == 4 }
        #expect(
            reader.heard == [
                "presence-bail-1: ", "room: ", "presence-bail-1: +ana",
                "presence-bail-1: hello 1",
            ])
        let status = scene.upstream.status
        #expect(status.state == .connected && status.attempts == 1 && status.connections == 1)
        #expect(status.messages == 5 && status.garbled == 0 && status.lastEvent != nil)
        #expect(status.wasTried)
    }

    @Test func `channels are subscribed when the first reader asks, and pings are answered`() throws
    {
        let scene = try UpstreamScene()
        scene.channels.behave()
        try scene.settle()
        let connection = try #require(scene.channels.newest)
        #expect(connection.heard == [])
        let reader = scene.read("room")
        try scene.run { reader.heard == ["room: "] }
        connection.say(.ping)
        connection.spill([0x89, 0x01, 0x21])
        try scene.run { connection.heard.last == .pong }
        #expect(scene.notes == ["established", "subscribed room"])
    }

    @Test(arguments: [4200, nil] as [UInt16?])
    func `a loss is one gap on each channel, and all is subscribed anew`(code: UInt16?) throws {
        let scene = try UpstreamScene()
        scene.channels.behave()
        let reader = scene.read("a")
        let other = scene.read("b")
        try scene.settle()
        let first = try #require(scene.channels.newest)
        // What is said in the same breath as the end still arrives.
        first.say(event("last", on: "a"))
        if let code { first.close(code: code) } else { first.drop() }
        try scene.settle(connections: 2)
        let second = try #require(scene.channels.newest)
        second.say(event("first", on: "a"))
        try scene.run { reader.heard.last == "a: first 1" }
        #expect(reader.heard == ["a: ", "a: last 1", "a: gap upstream", "a: first 1"])
        #expect(other.heard == ["b: ", "b: gap upstream"])
        let channels = second.heard.compactMap { message -> String? in
            if case .subscribe(let channel, _, _) = message { channel } else { nil }
        }
        #expect(channels.sorted() == ["a", "b"])
        #expect(scene.upstream.status.connections == 2)
    }

    @Test func `its last close is answered before the link ends`() throws {
        let scene = try UpstreamScene()
        scene.channels.behave()
        try scene.settle()
        let connection = try #require(scene.channels.newest)
        connection.close(code: 4200, reason: "Please reconnect")
        try scene.run { connection.isOver }
        #expect(connection.closeCode == 4200)
        #expect(
            scene.notes.last == "waits 0.0 seconds: closed with code 4200: Please reconnect")
    }

    @Test func `it says goodbye when it stops`() throws {
        let scene = try UpstreamScene()
        scene.channels.behave()
        try scene.settle()
        let connection = try #require(scene.channels.newest)
        scene.upstream.stop()
        try scene.run { connection.isOver }
        #expect(connection.closeCode == 1000)
        #expect(scene.channels.accepted == 1)
    }

    @Test func `a silent connection is pinged, and stays while it answers`() throws {
        let scene = try UpstreamScene()
        scene.channels.behave(activityTimeout: 1)
        try scene.settle()
        let connection = try #require(scene.channels.newest)
        try scene.run { connection.heard.filter { $0 == .ping }.count == 2 }
        #expect(scene.channels.accepted == 1)
    }

    @Test func `what comes together with the upgrade is not lost`() throws {
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
        let scene = try UpstreamScene(port: http.port)
        // Both loops turn in one thread.
        scene.upstream.start()
        try scene.run {
            try loop.turn(upTo: .zero)
            return scene.notes == ["established"]
        }
    }

    @Test func `thousands of channels are subscribed anew, a window at a time`() throws {
        let scene = try UpstreamScene()
        scene.channels.behave()
        let readers = (0..<2_000).map { scene.read("presence-bail-\($0)") }
        try scene.settle()
        scene.channels.newest?.close(code: 4200)
        try scene.settle(connections: 2)
        #expect(scene.channels.newest?.heard.count == 2_000)
        try scene.run { readers.allSatisfy { $0.heard.last?.hasSuffix("gap upstream") == true } }
        #expect(readers.allSatisfy { $0.heard.count == 2 })
    }
}
