// SPDX-License-Identifier: MIT
import PasserelleHTTP
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

extension HTTPResponse {
    fileprivate static func text(_ status: Int, _ text: String) -> HTTPResponse {
        HTTPResponse(status: status, body: Array(text.utf8))
    }
}

struct HTTPServerConnectionTests {
    /// A connection whose requests the test answers.
    private final class Fixture: HTTPServerConnectionDelegate {
        let manual = ManualClock()
        let loop: EventLoop
        let pair: SocketPair
        let server: HTTPServerConnection
        /// The calls of the delegate.
        private(set) var calls: [String] = []
        /// The body that is sent in pieces.
        var pieces: [[UInt8]] = []
        /// If true, each request is answered immediately with its target.
        var answers = true
        private var text = ""

        init(output: Duration? = nil, isRefused: Bool = false) throws {
            loop = try EventLoop(clock: manual.clock)
            pair = try SocketPair(loop: loop)
            server = HTTPServerConnection(
                link: pair.link, loop: loop, limits: HTTPLimits(bodyBytes: 1_000),
                times: .init(
                    header: .seconds(1), body: .seconds(2), idle: .seconds(3), output: output),
                isRefused: isRefused)
            server.delegate = self
        }

        func received(_ request: HTTPRequest) {
            calls.append("\(request.method) \(request.target)")
            if answers { server.answer(.text(200, request.target)) }
        }

        func receivedInvalidRequest(_ error: HTTPError?) {
            calls.append("error \(error?.status ?? 0)")
            server.beginFinalAnswer()
            server.answer(.text(error?.status ?? 503, "no"))
        }

        func timedOut(_ stage: HTTPServerConnection.Stage) {
            calls.append("\(stage)")
            server.close()
        }

        func writePiece() -> HTTPWriteResult {
            guard let piece = pieces.first else { return .complete }
            let written = piece.withUnsafeBytes { pair.link.write($0) }
            pieces[0].removeFirst(written)
            if pieces[0].isEmpty { pieces.removeFirst() }
            return written < piece.count ? .full : .written
        }

        func outputWaits() { calls.append("waits") }

        func outputDrained() {}

        func ended(_ end: LinkEnd?) { calls.append("ended") }

        /// Sends text as the client, and returns all that it has received.
        @discardableResult func exchange(_ request: String = "") throws -> String {
            if !request.isEmpty { pair.send(Array(request.utf8)) }
            for _ in 0..<5 { try loop.runOnce(timeout: .zero) }
            text += String(decoding: pair.receive() ?? [], as: UTF8.self)
            return text
        }
    }

    private func get(_ target: String, _ fields: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n"
    }

    @Test func `pipelined requests are answered in order`() throws {
        let fixture = try Fixture()
        let text = try fixture.exchange(get("/a") + get("/b") + get("/c", "Connection: close\r\n"))
        #expect(fixture.calls == ["GET /a", "GET /b", "GET /c", "ended"])
        let bodies = text.split(separator: "\r\n\r\n").map(String.init)
        #expect(bodies.count == 4)
        #expect(bodies[1].hasPrefix("/aHTTP/1.1 200") && bodies[2].hasPrefix("/bHTTP/1.1 200"))
        #expect(bodies[2].contains("Connection: close") && bodies[3] == "/c")
    }

    @Test func `the next request waits until the current one has its answer`() throws {
        let fixture = try Fixture()
        fixture.answers = false
        try fixture.exchange(get("/a") + get("/b"))
        #expect(fixture.calls == ["GET /a"] && fixture.server.isAnswering)
        fixture.server.answer(.text(200, "A"))
        #expect(fixture.calls == ["GET /a", "GET /b"])
        fixture.server.answer(.text(200, "B"))
        fixture.server.answer(.text(200, "C"))
        #expect(fixture.server.requestCount == 2 && !fixture.server.isBusy)
        #expect(try fixture.exchange().hasSuffix("B"))
    }

    @Test func `no more than the limit is read while a request is being answered`() throws {
        let fixture = try Fixture()
        fixture.answers = false
        let next = get("/b", "X: \(String(repeating: "x", count: 40_000))\r\n")
        try fixture.exchange(get("/a") + next)
        let held = fixture.server.handOver()
        #expect(held.count == HTTPServerConnection.pipelinedBytes)
        #expect(held.starts(with: next.utf8.prefix(held.count)))
        #expect(fixture.calls == ["GET /a", "ended"])
    }

    @Test func `a client that expects it is told to continue`() throws {
        let fixture = try Fixture()
        let head =
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        #expect(try fixture.exchange(head).hasPrefix("HTTP/1.1 100 "))
        #expect(try fixture.exchange("{}").hasSuffix("/a"))
        #expect(fixture.calls == ["POST /a"])
    }

    @Test func `invalid input is answered last`() throws {
        let fixture = try Fixture()
        let text = try fixture.exchange("nonsense\r\n\r\n" + get("/b"))
        #expect(fixture.calls == ["error 400", "ended"])
        #expect(text.contains("Connection: close") && text.hasSuffix("no"))
    }

    @Test func `the answer to a refused connection does not wait for the body`() throws {
        let fixture = try Fixture(isRefused: true)
        let head = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n"
        let text = try fixture.exchange(head)
        #expect(fixture.calls == ["error 0", "ended"])
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("Connection: close"))
    }

    @Test(arguments: [
        ("", 1, "accepted"), ("GET /", 1, "head"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", 2, "body"),
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 3, "idle"),
    ])
    func `each stage of a request has a time limit`(
        request: String, seconds: Int, stage: String
    ) throws {
        let fixture = try Fixture()
        try fixture.exchange(request)
        fixture.manual.pass(.seconds(seconds) - .milliseconds(1))
        try fixture.exchange()
        #expect(!fixture.calls.contains(stage))
        fixture.manual.pass(.milliseconds(2))
        try fixture.exchange()
        #expect(fixture.calls.suffix(2) == [stage, "ended"])
    }

    @Test func `a large answer is sent as the client receives it`() throws {
        let fixture = try Fixture()
        fixture.answers = false
        try fixture.exchange(get("/a"))
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: 50_000)
        fixture.pieces =
            [fixture.server.head(of: .text(200, ""), bodyBytes: 20 * body.count)]
            + Array(repeating: body, count: 20)
        fixture.server.answerInPieces()
        #expect(fixture.calls.contains("waits") && fixture.server.isBusy)
        var received = 0
        for _ in 0..<1_000 where fixture.server.isBusy {
            received += fixture.pair.receive()?.count ?? 0
            try fixture.loop.runOnce(timeout: .zero)
        }
        while let more = fixture.pair.receive(), !more.isEmpty { received += more.count }
        #expect(received > 20 * body.count && !fixture.server.isBusy)
        fixture.answers = true
        #expect(try fixture.exchange(get("/b")).hasSuffix("/b"))
    }

    @Test func `a client that does not receive its answer has a time limit`() throws {
        let fixture = try Fixture(output: .seconds(5))
        fixture.answers = false
        try fixture.exchange(get("/a"))
        fixture.server.answer(.text(200, String(repeating: "x", count: 900_000)))
        fixture.manual.pass(.seconds(6))
        for _ in 0..<5 { try fixture.loop.runOnce(timeout: .zero) }
        #expect(fixture.calls == ["GET /a", "waits", "output", "ended"])
    }

    @Test func `a link is handed over with the bytes that were not parsed`() throws {
        let fixture = try Fixture()
        fixture.answers = false
        try fixture.exchange(get("/a") + "early")
        #expect(fixture.server.handOver() == Array("early".utf8))
        #expect(fixture.calls == ["GET /a", "ended"] && fixture.pair.link.isOpen)
    }

    @Test func `a draining connection ends after its answer`() throws {
        let fixture = try Fixture()
        fixture.answers = false
        try fixture.exchange(get("/a") + get("/b"))
        fixture.server.isDraining = true
        fixture.server.answer(.text(200, "A"))
        #expect(try fixture.exchange().contains("Connection: close"))
        #expect(fixture.calls == ["GET /a", "ended"])
    }

    @Test func `the delegate is released at the end`() throws {
        weak var released: Fixture?
        func end() throws {
            let fixture = try Fixture()
            released = fixture
            fixture.server.close()
        }
        try end()
        #expect(released == nil)
    }
}
