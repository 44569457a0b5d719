// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct ControlTests {
    @Test func `the state lists connections, channels and members`() throws {
        let port = try SandboxPort()
        let client = try port.connected()
        client.subscribe("presence-x", data: #"{"user_id":"ana","user_info":{"n":1.0}}"#)
        client.subscribe("pub")
        try port.run { client.messages.count == 3 }
        let state = try port.request("GET", "/sandbox/state")
        #expect(state.fields.first("Content-Type") == "application/json")
        #expect(
            String(decoding: state.body, as: UTF8.self)
                == #"{"connections":[{"socket_id":"\#(client.socketID)","protocol":7,"#
                + #""client":"test 1","user_id":null,"channels":["presence-x","pub"]}],"#
                + #""channels":{"presence-x":{"subscriptions":1,"members":[{"user_id":"ana","#
                + #""user_info":{"n":1.0},"subscriptions":1}]},"pub":{"subscriptions":1}},"#
                + #""counts":{"connections":1,"messages_received":2,"frames_sent":3,"#
                + #""client_events":0,"events_published":0,"requests":0},"#
                + #""misbehaviour":{"swallow":"nothing","delay_ms":0,"duplicate":false,"#
                + #""refuse":null,"deny":[],"rest":"answer","client_events":true,"clock_s":0}}"#)
    }

    @Test func `the guide lists every command`() throws {
        let port = try SandboxPort()
        let guide = String(decoding: try port.request("GET", "/sandbox").body, as: UTF8.self)
        for command in [
            "state", "drop", "close", "error", "garbage", "publish", "delay", "swallow",
            "duplicate", "refuse", "deny", "rest", "client-events", "clock",
            "normal",
        ] {
            #expect(guide.contains("/sandbox/\(command)"))
        }
    }

    @Test(arguments: [
        ("GET", "drop", 405), ("POST", "state", 405), ("POST", "", 405), ("POST", "x", 404),
        ("POST", "drop/more", 404), ("POST", "close?code=999", 400),
        ("POST", "close?code=5000", 400), ("POST", "close?code=x", 400),
        ("POST", "garbage?kind=x", 400), ("POST", "swallow?what=x", 400),
        ("POST", "delay?ms=-1", 400), ("POST", "delay?ms=600001", 400),
        ("POST", "duplicate?on=x", 400), ("POST", "refuse?form=x", 400),
        ("POST", "deny", 400), ("POST", "deny?channel=a%20b", 400), ("POST", "rest", 400),
        ("POST", "rest?mode=200", 400), ("POST", "publish?channel=a", 400),
        ("POST", "drop?%zz", 404),
    ])
    func `an invalid command is refused`(method: String, command: String, status: Int) throws {
        let port = try SandboxPort()
        #expect(try port.request(method, "/sandbox/\(command)").status == status)
    }

    @Test func `only this host may send commands`() throws {
        let port = try SandboxPort()
        let peer = try #require(PeerAddress(numericHost: "192.0.2.1", port: 9))
        let request = HTTPRequest(method: "GET", target: "/sandbox")
        #expect(port.sandbox.control(request, from: peer).status == 403)
    }

    // MARK: One-time commands

    @Test func `drop ends TCP without a close frame`() throws {
        let port = try SandboxPort()
        let client = try port.connected()
        try port.control("drop")
        try port.run { client.isEnded }
        #expect(client.closed?.code == 1006)
        #expect(port.sandbox.app.connections.isEmpty)
    }

    @Test func `close ends with the code and the reason`() throws {
        let port = try SandboxPort()
        let clients = try (0..<3).map { _ in try port.connected() }
        try port.control("close?code=4201&reason=so%20it%20is")
        try port.run { clients.allSatisfy { $0.closed != nil } }
        #expect(clients.allSatisfy { $0.closed?.code == 4201 && $0.closed?.reason == "so it is" })
        try port.run { port.sandbox.webSockets.isEmpty }
    }

    @Test func `error leaves the socket open`() throws {
        let port = try SandboxPort()
        let client = try port.connected()
        try port.control("error?code=4004&message=full")
        try port.control("error")
        try port.run { client.messages.count == 3 }
        #expect(
            client.messages[1]
                == #"{"event":"pusher:error","data":{"code":4004,"message":"full"}}"#)
        #expect(client.messages[2].contains(#""code":null"#))
        #expect(client.closed == nil)
    }

    @Test(arguments: Garbage.allCases)
    func `garbage is sent unchanged`(kind: Garbage) throws {
        let port = try SandboxPort()
        let client = try port.connected()
        try port.control("garbage?kind=\(kind.rawValue)")
        switch kind {
        case .empty, .null, .mark, .cut, .text, .array, .eventless, .deep:
            try port.run { client.messages.count == 2 }
            #expect(throws: ChannelsMessageError.self) {
                try ServerMessage.parse(Array(client.messages[1].utf8).span)
            }
        case .binary:
            try port.run { client.binaries == [[0, 1, 2, 255]] }
        case .half:
            try port.idle()
            #expect(client.messages.count == 1)
            #expect(client.closed == nil)
        case .utf8, .masked, .huge, .raw:
            try port.run { client.closed != nil }
        }
    }

    @Test func `publish needs no signature`() throws {
        let port = try SandboxPort()
        let client = try port.connected()
        client.subscribe("pub")
        try port.run { client.messages.count == 2 }
        let answer = try port.request(
            "POST", "/sandbox/publish?channel=pub&name=e", body: #"{"a":1}"#)
        #expect(answer.status == 200)
        try port.run { client.messages.count == 3 }
        #expect(client.messages[2] == #"{"event":"e","channel":"pub","data":"{\"a\":1}"}"#)
    }

    // MARK: Lasting faults

    @Test func `delay delays everything and preserves the order`() throws {
        let port = try SandboxPort()
        let client = try port.connected()
        client.subscribe("pub")
        try port.run { client.messages.count == 2 }
        try port.control("delay?ms=80")
        let began = ContinuousClock.now
        client.ping()
        for number in 0..<5 {
            client.send(#"{"event":"pusher:ping","data":{}}"#)
            _ = try port.request(
                "POST", "/sandbox/publish?channel=pub&name=e\(number)", body: "1")
        }
        try port.run { client.messages.count == 12 }
        #expect(ContinuousClock.now - began >= .milliseconds(80))
        #expect(
            client.messages.filter { $0.contains("channel\":\"pub") }.dropFirst().map {
                $0.dropFirst(10).prefix(2)
            } == (0..<5).map { "e\($0)" })
        let asked = ContinuousClock.now
        #expect(try port.publish(#"{"name":"e","channel":"pub","data":"1"}"#) == 200)
        #expect(ContinuousClock.now - asked >= .milliseconds(80))
        try port.control("normal")
        #expect(port.sandbox.app.misbehaviour == Misbehaviour())
    }

    @Test func `swallowed subscriptions are not answered, but other messages are`() throws {
        let port = try SandboxPort()
        try port.control("swallow?what=subscriptions")
        let client = try port.connected()
        client.subscribe("pub")
        client.send(#"{"event":"pusher:ping","data":{}}"#)
        try port.run { client.messages.count == 2 }
        #expect(client.messages[1].contains("pong"))
        #expect(port.sandbox.app.channels.isEmpty)
        try port.control("normal")
        client.subscribe("pub")
        try port.run { client.messages.count == 3 }
    }

    @Test func `swallowed messages leave an open WebSocket without answers`() throws {
        let port = try SandboxPort()
        let old = try port.connected()
        old.subscribe("pub")
        try port.run { old.messages.count == 2 }
        try port.control("swallow?what=messages")
        let new = try port.socket()
        #expect(new.isUpgraded)
        old.send(#"{"event":"pusher:ping","data":{}}"#)
        #expect(try port.publish(#"{"name":"e","channel":"pub","data":"1"}"#) == 200)
        try port.idle()
        #expect(old.messages.count == 2)
        #expect(new.messages.isEmpty)
        try port.control("normal")
        old.send(#"{"event":"pusher:ping","data":{}}"#)
        try port.run { old.messages.count == 3 }
        #expect(old.messages[2].contains("pong"))
    }

    @Test func `swallowing everything accepts connections and never answers`() throws {
        let port = try SandboxPort()
        try port.control("swallow?what=everything")
        let client = try port.dial()
        client.send("GET /apps/1234/channels HTTP/1.1\r\nHost: h\r\n\r\n")
        let other = SocketClient.waiting(try port.dial())
        try port.idle()
        #expect(client.text == "")
        #expect(!other.isUpgraded)
        #expect(client.end == nil)
        #expect(try port.request("GET", "/sandbox/state").status == 200)
    }

    @Test func `duplicates are sent twice`() throws {
        let port = try SandboxPort()
        let client = try port.connected()
        try port.control("duplicate")
        client.subscribe("pub")
        try port.run { client.messages.count == 3 }
        #expect(client.messages[1] == client.messages[2])
        try port.control("duplicate?on=no")
        client.send(#"{"event":"pusher:ping","data":{}}"#)
        try port.run { client.messages.count == 4 }
        try port.idle()
        #expect(client.messages.count == 4)
    }

    @Test(arguments: Misbehaviour.RefusalForm.allCases)
    func `new connections are refused in the requested form`(
        form: Misbehaviour.RefusalForm
    ) throws {
        let port = try SandboxPort()
        let old = try port.connected()
        try port.control("refuse?code=4100&message=busy&form=\(form.rawValue)")
        let client = try port.socket()
        switch form {
        case .http: #expect(client.response?.status == 503)
        case .open:
            try port.run { client.messages.count == 1 }
            try port.idle()
            #expect(!client.isEnded)
        default: try port.run { client.closed != nil }
        }
        #expect(client.closed?.code == [.close: 4100, .error: 4100, .drop: 1006, .cut: 1006][form])
        #expect(
            client.messages
                == ([.error, .open, .drop].contains(form)
                    ? [#"{"event":"pusher:error","data":{"code":4100,"message":"busy"}}"#] : []))
        #expect(port.sandbox.app.connections.count == 1)
        try port.control("normal")
        _ = try port.connected()
        #expect(!old.isEnded)
    }

    @Test func `subscriptions are refused in both forms`() throws {
        let port = try SandboxPort()
        let client = try port.connected()
        try port.control("deny?channel=private-a*")
        try port.control("deny?channel=private-b&status=403")
        for channel in ["private-a1", "private-b", "private-b2"] { client.subscribe(channel) }
        try port.run { client.messages.count == 4 }
        #expect(client.messages[1].contains(#""pusher:error","data":{"code":null,"#))
        #expect(
            client.messages[2].hasPrefix(
                #"{"event":"pusher:subscription_error","channel":"private-b","#))
        #expect(client.messages[2].contains(#""status":403"#))
        #expect(client.messages[3].contains("subscription_succeeded"))
    }

    @Test func `REST fails with a status, or is not answered`() throws {
        let port = try SandboxPort()
        try port.control("rest?mode=503")
        #expect(try port.publish(#"{"name":"e","channel":"pub","data":"1"}"#) == 503)
        try port.control("rest?mode=ignore")
        let client = try port.dial()
        client.send("GET /apps/1234/channels HTTP/1.1\r\nHost: h\r\n\r\n")
        try port.idle()
        #expect(client.text == "")
        try port.control("rest?mode=answer")
        #expect(try port.publish(#"{"name":"e","channel":"pub","data":"1"}"#) == 200)
    }
}

extension SocketClient {
    /// A client that has requested an upgrade, which may never be answered.
    static func waiting(_ client: ByteClient) -> SocketClient {
        SocketClient(client, target: "/app/app-key?protocol=7")
    }
}
