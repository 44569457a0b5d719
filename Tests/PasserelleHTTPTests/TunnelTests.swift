// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleHTTP
import PasserelleWire
import Testing

/// Tests calls through a scripted proxy.
struct TunnelTests {
    private let loop: EventLoop
    private let proxy: RawProxy

    init() throws {
        loop = try EventLoop()
        proxy = try RawProxy(loop)
    }

    /// Calls `server.example:8443` and returns the result.
    private func call(
        authorization: String? = nil, timeout: Duration = .seconds(10), tls: TLSClient? = nil
    ) throws -> Result<HTTPResponse, HTTPCallError> {
        var results: [Result<HTTPResponse, HTTPCallError>] = []
        HTTPCall(
            loop: loop, address: .tcp(host: "server.example", port: 8443), tls: tls,
            proxy: HTTPProxy(
                address: .tcp(host: "127.0.0.1", port: proxy.port), authorization: authorization),
            request: HTTPRequest(method: "GET", target: "/", fields: ["Host": "server.example"]),
            timeout: timeout
        ) { results.append($0) }
        try run(loop, until: { !results.isEmpty })
        for _ in 0..<5 { try loop.runOnce(timeout: .zero) }
        try #require(results.count == 1)
        return results[0]
    }

    private func failure(_ answer: String) throws -> HTTPCallError? {
        proxy.answers = [answer]
        guard case .failure(let error) = try call() else { return nil }
        return error
    }

    @Test func `a tunnel is requested by host name, and carries the call's own bytes`() throws {
        proxy.answers = [
            "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        ]
        let response = try call(authorization: "Basic YTpi").get()
        #expect(response.body == Array("hi".utf8))
        #expect(
            proxy.received.first
                == "CONNECT server.example:8443 HTTP/1.1\r\nHost: server.example:8443\r\n"
                + "Proxy-Authorization: Basic YTpi\r\n\r\n")
        #expect(proxy.received.last?.hasPrefix("GET / HTTP/1.1\r\n") == true)
        #expect(proxy.received.last?.contains("Proxy-") == false)
    }

    @Test(
        arguments: [
            ("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "USER:PASSWORD"),
            ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "does not allow"),
            ("HTTP/1.0 502 Bad Gateway\r\n\r\n", "answered 502"),
            ("HTTP/1.1 200 OK\r\n\r\nearly", "bytes of its own"),
            ("SSH-2.0-x\r\n\r\n", "not HTTP"),
            ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 8_192), "not HTTP"),
        ])
    func `a proxy that refuses the tunnel is reported, and no request is sent`(
        answer: String, words: String
    ) throws {
        guard case .unreachable(let message)? = try failure(answer) else {
            Issue.record("no such failure")
            return
        }
        #expect(message.contains(words), "\(message)")
        #expect(proxy.received.count == 1)
    }

    @Test func `a proxy that closes the connection is named as the cause`() throws {
        proxy.ends = true
        guard case .failure(.unreachable(let message)) = try call() else {
            Issue.record("no such failure")
            return
        }
        #expect(message.contains("HTTPS_PROXY") && message.contains("closed by the peer"))
    }

    @Test func `a proxy that never answers is abandoned after the timeout`() throws {
        guard case .failure(let error) = try call(timeout: .milliseconds(50)) else {
            Issue.record("no such failure")
            return
        }
        #expect(error == .unreachable("no answer within 0.05 seconds"))
    }

    @Test func `TLS through a tunnel is rejected if it could not be verified`() throws {
        proxy.answers = ["HTTP/1.1 200 OK\r\n\r\n"]
        guard
            case .failure(.unreachable(let message)) = try call(tls: try TLSClient(verifies: false))
        else {
            Issue.record("no such failure")
            return
        }
        #expect(message.contains("server.example"), "\(message)")
        #expect(proxy.received.count == 1)
    }
}

/// A server that answers each batch of bytes with its next text.
private final class RawProxy: LinkOwner {
    var answers: [String] = []
    /// True if each connection is closed after its first bytes.
    var ends = false
    private(set) var received: [String] = []
    private var listener: Listener?

    init(_ loop: EventLoop) throws {
        listener = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) {
            [weak self] link in link.owner = self
        }
    }

    var port: Int { listener?.boundPort ?? 0 }

    func link(_ link: Link, received bytes: Span<UInt8>) {
        received.append(String(decoding: Array(copying: bytes), as: UTF8.self))
        if !answers.isEmpty { link.send(Array(answers.removeFirst().utf8)) }
        if ends { link.finish() }
    }

    func linkEnded(_ link: Link, _ end: LinkEnd) {}
}
