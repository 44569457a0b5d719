// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

/// Calls that get no answer, or half of one: sent once, and honest about what is known.
struct CallFailureTests {
    @Test func `no answer in time is unknown, and nothing is sent a second time`() throws {
        let scene = try RESTScene(timeout: .milliseconds(80))
        scene.http.answer = { _, _ in }
        let failure = try scene.publish().failure
        #expect(failure == .unknown("no answer within 0.08 seconds"))
        try run(scene.loop, until: { scene.http.links.isEmpty })
        #expect(scene.http.requests.count == 1 && scene.http.accepted == 1)
    }

    @Test(
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
            "HTTP/1.1 200 OK\r\nContent-Le", "H",
        ])
    func `half an answer is unknown, whether the server ends or waits`(half: String) throws {
        let scene = try RESTScene(timeout: .milliseconds(80))
        scene.answers(half)
        #expect(
            try scene.publish().failure
                == .unknown("the server closed in the middle of its answer"))
        scene.answers(half, thenEnds: false)
        #expect(try scene.publish().failure == .unknown("no answer within 0.08 seconds"))
        #expect(scene.http.requests.count == 2)
    }

    @Test func `an end without an answer is unknown`() throws {
        let scene = try RESTScene()
        scene.answers("")
        #expect(
            try scene.publish().failure == .unknown("the server closed without an answer"))
        #expect(scene.http.requests.count == 1)
    }

    @Test func `where nobody listens nothing was sent`() throws {
        let scene = try RESTScene()
        scene.http.close()
        guard case .unreachable(let words) = try scene.publish().failure else {
            Issue.record("it is unreachable")
            return
        }
        #expect(words.hasPrefix("connect"))
    }

    @Test func `a TLS handshake that never ends has sent nothing`() throws {
        let loop = try EventLoop()
        let certificates = try TestCertificates()
        let silent = LinkRecorder()
        let listener = try Listener(loop: loop, address: .tcp(host: "127.0.0.1", port: 0)) {
            $0.owner = silent
        }
        defer { listener.close() }
        let tls = try TLSClient(caFile: certificates.authorityFile)
        let server = RESTScene.server(port: listener.boundPort ?? 0, tls: tls)
        let rest = ChannelsREST(loop: loop, server: server, timeout: .milliseconds(80))
        var outcome: Result<Void, ChannelsRESTError>?
        rest.publish(channel: "c", event: "e", data: []) { outcome = $0 }
        try run(loop, until: { outcome != nil })
        #expect(outcome?.failure == .unreachable("no answer within 0.08 seconds"))
    }

    @Test(
        arguments: [
            "220 mail ESMTP\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        ])
    func `what is no HTTP, or too much of it, makes no sense`(answer: String) throws {
        let scene = try RESTScene()
        scene.answers(answer, thenEnds: false)
        #expect(try scene.publish().failure == .malformed)
    }

    @Test func `a call that is given up tells nothing and leaves nothing`() throws {
        let loop = try EventLoop()
        let http = try ScriptedHTTP(loop: loop)
        var answers = 0
        func begin() -> HTTPCall {
            HTTPCall(
                loop: loop, address: .tcp(host: "127.0.0.1", port: http.port), tls: nil,
                request: HTTPRequest(method: "GET", target: "/", fields: ["Host": "x"])
            ) { _ in answers += 1 }
        }
        weak let call = begin()
        try run(loop, until: { http.requests.count == 1 })
        #expect(call != nil)
        call?.cancel()
        try run(loop, until: { http.links.isEmpty })
        #expect(answers == 0 && call == nil)
    }

    @Test func `a call that is done leaves nothing`() throws {
        let loop = try EventLoop()
        let http = try ScriptedHTTP(loop: loop)
        http.answer = { _, link in
            link.send(HTTPWriter.response(HTTPResponse(status: 204), keepAlive: true))
        }
        var status: Int?
        func begin() -> HTTPCall {
            HTTPCall(
                loop: loop, address: .tcp(host: "127.0.0.1", port: http.port), tls: nil,
                request: HTTPRequest(method: "HEAD", target: "/", fields: ["Host": "x"])
            ) { status = try? $0.get().status }
        }
        weak let call = begin()
        #expect(call != nil)
        try run(loop, until: { status != nil })
        try run(loop, until: { http.links.isEmpty })
        #expect(status == 204 && call == nil)
    }
}
