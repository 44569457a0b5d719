// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Each malformed request is refused with its own code, and other clients are not affected.
struct BadInputTests {
    private typealias BadRequest = (method: String, target: String, status: Int, word: String)

    private static let channel = "presence-bail-1"
    private static let long = String(repeating: "x", count: 165)
    private static let many = (0...100).map { "channel=presence-bail-\($0)" }.joined(separator: "&")
    /// Requests that are refused, each with its status and code; `C` is a channel that is served.
    private static let badRequests: [BadRequest] = [
        ("GET", "/", 404, "not-found"), ("GET", "/event", 404, "not-found"),
        ("GET", "/events/", 404, "not-found"), ("GET", "/Events", 404, "not-found"),
        ("POST", "/nowhere", 404, "not-found"),
        ("GET", "/channels", 404, "not-found"),
        ("GET", "/channels//members/x", 404, "not-found"),
        ("GET", "/%FF", 404, "not-found"), ("GET", "/../events", 404, "not-found"),
        ("GET", "/events", 400, "bad-channel"), ("GET", "/poll?wait=1", 400, "bad-channel"),
        ("GET", "/events?channel=", 400, "bad-channel"),
        ("GET", "/events?channel=a%20b", 400, "bad-channel"),
        ("GET", "/events?channel=a%0Ab", 400, "bad-channel"),
        ("GET", "/events?channel=%C3%A9", 400, "bad-channel"),
        ("GET", "/poll?channel=\(long)", 400, "bad-channel"),
        ("GET", "/events?\(many)", 400, "bad-channel"),
        ("GET", "/channels/a%2Fb/members", 400, "bad-channel"),
        ("GET", "/events?channel=%FF", 400, "bad-query"),
        ("GET", "/events?channel=%4", 400, "bad-query"),
        ("GET", "/poll?channel=C&after=1", 400, "bad-position"),
        ("GET", "/poll?channel=C&after=", 400, "bad-position"),
        ("GET", "/events?channel=C&after=a-18446744073709551616", 400, "bad-position"),
        ("GET", "/events?channel=C&after=now&after=now", 400, "bad-query"),
        ("GET", "/poll?channel=C&wait=-1", 400, "bad-query"),
        ("GET", "/poll?channel=C&limit=ten", 400, "bad-query"),
        ("GET", "/events?channel=C&format=xml", 400, "bad-query"),
        ("GET", "/events?channel=private-other", 403, "forbidden"),
        ("GET", "/channels/presence-other/members", 403, "forbidden"),
        ("POST", "/events?channel=C", 405, "method-not-allowed"),
        ("DELETE", "/poll?channel=C", 405, "method-not-allowed"),
        ("PUT", "/channels/C/members", 405, "method-not-allowed"),
        ("POST", "/healthz", 405, "method-not-allowed"),
        ("BREW", "/readyz", 405, "method-not-allowed"),
    ]

    /// Lines that are refused, each with its code.
    private static let badLines: [(line: String, code: String)] = [
        ("HELLO", "bad-command"), ("{}", "bad-command"),
        ("SUBSCRIBE", "bad-command"), ("SUBSCRIBE \"a b\"", "bad-channel"),
        ("SUBSCRIBE private-other", "forbidden"),
        ("SUBSCRIBE \(channel) after=x", "bad-command"),
        ("SUBSCRIBE \(channel) last=-1", "bad-command"),
        ("UNSUBSCRIBE \(channel)", "bad-channel"), ("MEMBERS", "bad-command"),
        ("HISTORY \(channel) limit=x", "bad-command"),
        ("PUBLISH \(channel) e", "bad-command"),
        ("PUBLISH \(channel) e {", "bad-command"),
        ("PUBLISH \(channel) pusher:x {}", "forbidden"),
        ("PUBLISH private-other e {}", "forbidden"),
        (
            "PUBLISH \(channel) e \"\(String(repeating: "x", count: 10_300))\"",
            "too-large"
        ),
        ("TYPING \(channel) u maybe", "bad-command"),
        (String(repeating: "x", count: 70_000), "too-large"), ("\u{0}\u{1}", "bad-command"),
    ]

    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess
    private let gateway: GatewayProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
        gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
    }

    private func check(_ answer: HTTPResponse, is status: Int, _ word: String, _ label: String) {
        #expect(answer.status == status, "\(label)")
        #expect(answer.fields.first("Content-Type") == "application/json", "\(label)")
        let json = try? JSONText(answer.body)
        #expect(json?.names == ["error", "message"], "\(label)")
        #expect((try? json?.string(["error"])) == word, "\(label) \(json?.text ?? "")")
        #expect((try? json?.string(["message"]))?.isEmpty == false, "\(label)")
    }

    @Test func `each bad request has its status, its code and a reason`() throws {
        for (method, target, status, word) in Self.badRequests {
            let target = target.replacing("channel=C", with: "channel=\(Self.channel)")
                .replacing("/C/", with: "/\(Self.channel)/")
            let answer = try fixture.request(gateway.http, method, target)
            check(answer, is: status, word, "\(method) \(target)")
            if status == 405 { #expect(answer.fields.all("Allow") == ["GET, HEAD"]) }
        }
        let counted = try gateway.status()
        #expect(try counted.number(["served", "refusals"]) == Self.badRequests.count)
        #expect(try gateway.get("/healthz").status == 200)
    }

    /// Sends `bytes` unchanged and returns everything received until the connection ends.
    private func exchange(_ bytes: String, finishing: Bool = false) throws -> String {
        let link = RawClient(fixture.loop, gateway.http, Array(bytes.utf8))
        try fixture.wait(for: "the end of a connection") { link.recorder.isEnded }
        return link.recorder.text
    }

    @Test func `a malformed request is refused, and its connection closed`() throws {
        let head = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
        let post = "POST /poll HTTP/1.1\r\nHost: localhost\r\n"
        let cases: [(bytes: String, status: Int)] = [
            ("nonsense\r\n\r\n", 400), ("GET /healthz HTTP/1.1\r\n\r\n", 400),
            (head + "Host: other\r\n\r\n", 400), (head + " folded: x\r\n\r\n", 400),
            (head + "Name : x\r\n\r\n", 400), (head + "X: a\rb\r\n\r\n", 400),
            (head + "X: a\u{0}b\r\n\r\n", 400), ("GET /healthz HTTP/1.1\nHost: localhost\n\n", 400),
            (post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            (post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
            (post + "Content-Length: -1\r\n\r\n", 400),
            (post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
            (post + "Transfer-Encoding: gzip\r\n\r\n", 501),
            ("GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n", 505),
            (head + String(repeating: "X: y\r\n", count: 200) + "\r\n", 431),
            (head + "X: " + String(repeating: "y", count: 17_000), 431),
            ("GET /" + String(repeating: "y", count: 17_000), 431),
            (post + "Content-Length: 10241\r\n\r\n", 413),
            (post + "Content-Length: 99999999999999999999\r\n\r\n", 413),
            (post + "Transfer-Encoding: chunked\r\n\r\n3000\r\n", 413),
        ]
        for (bytes, status) in cases {
            let text = try exchange(bytes)
            #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(bytes.prefix(80)): \(text)")
            #expect(text.lowercased().contains("connection: close"), "\(text)")
            #expect(text.contains(#"{"error":""#), "\(text)")
        }
        #expect(try gateway.get("/healthz").status == 200)
    }

    @Test func `a body of exactly the limit is read, and one more byte is refused`() throws {
        let whole = [UInt8](repeating: 0x78, count: 10_240)
        #expect(try fixture.request(gateway.http, "POST", "/poll", body: whole).status == 405)
        #expect(
            try fixture.request(gateway.http, "POST", "/poll", body: whole + [0x78]).status == 413)
    }

    @Test func `a client that does not finish its request is cut, and others are not`() throws {
        let stream = StreamClient(fixture, gateway.http, "/events?channel=\(Self.channel)")
        let beginnings = [
            "", "G", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n",
            "POST /poll HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n123",
        ]
        let clients = beginnings.map { RawClient(fixture.loop, gateway.http, Array($0.utf8)) }
        // A client that sends slowly has no more time than a silent one.
        let trickle = RawClient(fixture.loop, gateway.http, Array("GET /healthz HTTP/1.1\r\n".utf8))
        var next = ContinuousClock.now
        try fixture.wait(for: "the end of every half-open client") {
            if ContinuousClock.now > next, !trickle.recorder.isEnded {
                trickle.send("X: y\r\n")
                next = .now + .milliseconds(500)
            }
            return (clients + [trickle]).allSatisfy { $0.recorder.isEnded }
        }
        #expect(clients[0].recorder.text == "")
        for client in clients.dropFirst() + [trickle] {
            #expect(client.recorder.text.hasPrefix("HTTP/1.1 408 "))
        }
        #expect(stream.end == nil)
        try sandbox.publish(Self.channel, "new-message", "{}")
        try fixture.wait(for: "the event") { stream.delivered.count == 1 }
        #expect(try gateway.status().number(["readers", "http_connections"]) == 0)
    }

    @Test func `a bad line is refused with its code, and the connection stays open`() throws {
        let line = LineClient(fixture, path: gateway.ipc)
        for (index, entry) in Self.badLines.enumerated() {
            line.send(entry.line)
            try fixture.wait(for: "an answer to \(entry.line.prefix(60))") {
                line.replies.count > index || line.end != nil
            }
            guard case .error(let code, let message)? = line.replies.last else {
                Issue.record("\(entry.line.prefix(60)): \(line.replies)")
                return
            }
            #expect(code == entry.code, "\(entry.line.prefix(60)): \(message)")
            #expect(!message.contains("xxxx"))
        }
        line.send("PING")
        try fixture.wait(for: "a pong") {
            line.replies.last == .ok(verb: "PING", words: [], json: nil)
        }
        line.send("QUIT")
        try fixture.wait(for: "the end") { line.end != nil }
        #expect(line.replies.last == .ok(verb: "QUIT", words: [], json: nil))
    }
}
