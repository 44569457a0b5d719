// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleSandbox

struct SandboxTests {
    @Test func `an event published through REST arrives on every WebSocket`() throws {
        let port = try SandboxPort()
        let clients = try (0..<3).map { _ in try port.connected() }
        for client in clients { client.subscribe("private-x") }
        try port.run { clients.allSatisfy { $0.messages.count == 2 } }
        for number in 0..<50 {
            #expect(
                try port.publish(
                    #"{"name":"e","channel":"private-x","data":"{\"n\": \#(number)}"}"#) == 200)
        }
        try port.run { clients.allSatisfy { $0.messages.count == 52 } }
        for client in clients {
            #expect(
                client.messages.dropFirst(2)
                    == (0..<50).map {
                        #"{"event":"e","channel":"private-x","data":"{\"n\": \#($0)}"}"#
                    }[...])
        }
    }

    @Test func `presence and client events are sent from one socket to the other`() throws {
        let port = try SandboxPort()
        let ana = try port.connected()
        let ben = try port.connected()
        ana.subscribe("presence-x", data: #"{"user_id":"ana"}"#)
        try port.run { ana.messages.count == 2 }
        ben.subscribe("presence-x", data: #"{"user_id":"ben"}"#)
        try port.run { ana.messages.count == 3 && ben.messages.count == 2 }
        ben.send(#"{"event":"client-typing","channel":"presence-x","data":{"isTyping":true}}"#)
        try port.run { ana.messages.count == 4 }
        #expect(
            ana.messages.last
                == #"{"event":"client-typing","channel":"presence-x","#
                + #""data":{"isTyping":true},"user_id":"ben"}"#)
        ben.drop()
        try port.run { ana.messages.count == 5 }
        #expect(ana.messages.last?.contains("member_removed") == true)
    }

    @Test func `a wrong key gets a WebSocket and then its close code`() throws {
        let port = try SandboxPort()
        let client = try port.socket("/app/wrong?protocol=7")
        try port.run { client.closed != nil }
        #expect(client.isUpgraded)
        #expect(client.closed?.code == 4001)
        try port.run { port.sandbox.webSockets.isEmpty }
    }

    @Test func `a similar path, or a request without upgrade, gets a status`() throws {
        let port = try SandboxPort()
        #expect(try port.socket("/app/app-key/more?protocol=7").response?.status == 404)
        #expect(try port.socket("/app/%zz?protocol=7").response?.status == 404)
        #expect(try port.request("GET", "/app/app-key?protocol=7").status >= 400)
        #expect(try port.request("GET", "/").status == 404)
    }

    @Test func `a client that sends too large a message is closed with 1009`() throws {
        let port = try SandboxPort()
        let good = try port.connected()
        good.send(String(repeating: " ", count: WebSocketConnection.messageLimit - 2) + "{}")
        try port.run { good.messages.count == 2 }
        let bad = try port.connected()
        bad.send(String(repeating: " ", count: WebSocketConnection.messageLimit - 1) + "{}")
        try port.run { bad.closed != nil }
        #expect(bad.closed?.code == 1009)
        try port.run { port.sandbox.webSockets.count == 1 }
    }

    @Test func `a slow client is cut off and the others are not`() throws {
        let port = try SandboxPort()
        let slow = try port.connected()
        let fast = try port.connected()
        for client in [slow, fast] { client.subscribe("pub") }
        try port.run { slow.messages.count == 2 && fast.messages.count == 2 }
        slow.pause()
        let body =
            #"{"name":"e","channel":"pub","data":"\#(String(repeating: "x", count: 10_000))"}"#
        var published = 0
        while port.sandbox.webSockets.count == 2 {
            guard published < 5000 else { throw TestFailure("never cut off") }
            #expect(try port.publish(body) == 200)
            published += 1
        }
        try port.run { fast.messages.count == 2 + published }
        #expect(port.sandbox.app.connections.count == 1)
    }

    @Test func `the end of a client is noticed in every form`() throws {
        let port = try SandboxPort()
        let dropped = try port.connected()
        let left = try port.connected()
        dropped.drop()
        left.leave()
        try port.run { port.sandbox.app.connections.isEmpty && left.closed != nil }
        #expect(left.closed?.code == 1000)
    }

    @Test func `silent clients are pinged and then closed, on a real clock`() throws {
        let port = try SandboxPort {
            $0.activityTimeout = 0
            $0.pongTimeout = .milliseconds(1)
        }
        let client = try port.connected()
        try port.run { client.closed != nil }
        // The error frame with the reason precedes the close frame, as on hosted Channels.
        #expect(
            client.messages.suffix(2) == [
                #"{"event":"pusher:ping","data":{}}"#,
                #"{"event":"pusher:error","data":{"code":4201,"#
                    + #""message":"Pong reply not received in time"}}"#,
            ])
        #expect(client.closed?.code == 4201)
    }

    // MARK: HTTP

    @Test func `requests in one packet are answered in order`() throws {
        let port = try SandboxPort()
        let client = try port.dial()
        client.send(
            "GET /sandbox/state HTTP/1.1\r\nHost: h\r\n\r\nGET /nothing HTTP/1.1\r\nHost: h\r\n\r\n"
                + "HEAD /sandbox HTTP/1.0\r\n\r\n")
        try port.run { client.end != nil }
        let statuses = client.text.split(separator: "HTTP/1.").map { $0.dropFirst(2).prefix(3) }
        #expect(statuses == ["200", "404", "200"])
        #expect(client.end == .closedByPeer)
    }

    @Test(arguments: [
        ("nonsense\r\n\r\n", "400"), ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 262145\r\n\r\n", "413"),
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", "505"),
        ("GET /\(String(repeating: "x", count: 20_000)) HTTP/1.1\r\n", "431"),
    ])
    func `an invalid request is refused and the connection closed`(text: String, status: String)
        throws
    {
        let port = try SandboxPort()
        let client = try port.dial()
        client.send(text)
        try port.run { client.end != nil }
        #expect(client.text.dropFirst(9).hasPrefix(status))
    }

    @Test func `a client that waits for 100 Continue receives it`() throws {
        let port = try SandboxPort()
        let client = try port.dial()
        client.send(
            "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        try port.run { client.text.contains("100 Continue") }
        client.send("x")
        try port.run { client.text.contains("404") }
    }

    @Test func `other paths are passed to the added routes, which may answer later`() throws {
        let port = try SandboxPort()
        var answers: [(HTTPResponse) -> Void] = []
        port.sandbox.extraRoutes = { request, respond in
            guard request.path == "/extra" else { return false }
            answers.append(respond)
            return true
        }
        #expect(try port.request("GET", "/other").status == 404)
        let client = try port.dial()
        client.send("GET /extra HTTP/1.1\r\nHost: h\r\n\r\nGET /other HTTP/1.1\r\nHost: h\r\n\r\n")
        try port.run { answers.count == 1 }
        #expect(client.text == "")
        answers.first?(HTTPResponse(status: 204))
        answers.first?(HTTPResponse(status: 500))
        try port.run { client.text.contains("404") }
        #expect(client.text.hasPrefix("HTTP/1.1 204"))
        #expect(!client.text.contains("500"))
    }

    @Test func `stopping ends everything and frees the port`() throws {
        let port = try SandboxPort()
        let client = try port.connected()
        let idle = try port.dial()
        let number = port.sandbox.port
        port.sandbox.stop()
        try port.run { client.isEnded && idle.end != nil }
        let late = ByteClient(loop: port.loop, port: number)
        try port.run { late.end != nil }
        #expect(port.sandbox.webSockets.isEmpty)
    }

    @Test func `a port in use is an error`() throws {
        let port = try SandboxPort()
        let number = port.sandbox.port
        #expect(throws: ListenError.self) {
            _ = try SandboxPort { $0.listen = .tcp(host: "127.0.0.1", port: number) }
        }
    }
}
