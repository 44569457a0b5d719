// SPDX-License-Identifier: MIT
import PasserelleHTTP
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

struct HTTPCallTests {
    @Test func `a cancelled call does not complete and is released`() throws {
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

    @Test func `a completed call is released`() throws {
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
