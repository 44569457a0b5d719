// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

/// The application's auth route, asked over real sockets.
struct AuthRouteTests {
    private let signer = Signer(key: "key", secret: Array("secret".utf8))

    /// A route at a server that answers as `answer` says; waits for what is made of it.
    private func ask(
        channel: String = "presence-a", fields: HTTPFields = [:],
        timeout: Duration = .seconds(30), _ answer: @escaping (HTTPRequest, Link) -> Void
    ) throws -> (answer: AuthRouteAnswer, requests: [HTTPRequest], notes: [AuthRoute.Note]) {
        let loop = try EventLoop()
        let server = try ScriptedHTTP(loop: loop)
        server.answer = answer
        let route = AuthRoute(
            loop: loop, host: "127.0.0.1", port: server.port, target: "/pusher/auth?v=1", tls: nil,
            signer: signer, timeout: timeout)
        var notes: [AuthRoute.Note] = []
        route.noted = { notes.append($0) }
        var told: AuthRouteAnswer?
        route.ask(channel: channel, showing: fields) { told = $0 }
        let end = ContinuousClock.now + .seconds(60)
        while told == nil, ContinuousClock.now < end { try loop.turn(upTo: .milliseconds(20)) }
        return (try #require(told), server.requests, notes)
    }

    private func form(_ request: HTTPRequest) throws -> [String: String] {
        let items = try HTTPTarget.decodeQuery(String(decoding: request.body, as: UTF8.self))
        return Dictionary(items.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// What an application answers, signed with a secret for the request's own socket id.
    private func signed(
        _ request: HTTPRequest, secret: String = "secret", data: String?
    ) throws -> String {
        let form = try form(request)
        let auth = Signer(key: "key", secret: Array(secret.utf8)).auth(
            socketID: form["socket_id"] ?? "", channel: form["channel_name"] ?? "",
            channelData: data)
        var json = JSONObjectWriter()
        json.member("auth", auth)
        if let data { json.member("channel_data", data) }
        return String(decoding: json.finished(), as: UTF8.self)
    }

    private func respond(_ link: Link, _ status: Int, _ body: String, _ fields: HTTPFields = [:]) {
        link.send(
            HTTPWriter.response(
                HTTPResponse(status: status, fields: fields, body: Array(body.utf8)),
                version: .http11, keepAlive: false))
        link.finish()
    }

    @Test func `it is asked as a Channels client asks it`() throws {
        let (answer, requests, notes) = try ask(
            channel: "presence-a=b;c", fields: ["Cookie": "s=1", "X-CSRF-Token": "t"]
        ) { request, link in
            let body = try? signed(
                request, data: #"{"user_id":7,"user_info":{"name":"Anne"}}"#)
            respond(link, 200, body ?? "")
        }
        #expect(
            answer
                == .admitted(
                    ChannelMember(userID: "7", userInfo: Array(#"{"name":"Anne"}"#.utf8))))
        let request = try #require(requests.first)
        #expect(request.method == "POST" && request.target == "/pusher/auth?v=1")
        #expect(request.fields.first("Content-Type") == "application/x-www-form-urlencoded")
        #expect(request.fields.first("Cookie") == "s=1")
        #expect(request.fields.first("X-CSRF-Token") == "t")
        #expect(request.fields.first("Host")?.hasPrefix("127.0.0.1:") == true)
        let body = String(decoding: request.body, as: UTF8.self)
        #expect(body.hasPrefix("socket_id=") && body.hasSuffix("&channel_name=presence-a%3Db%3Bc"))
        let socketID = try #require(try form(request)["socket_id"])
        #expect(socketID.split(separator: ".").count == 2)
        #expect(socketID.utf8.allSatisfy { (48...57).contains($0) || $0 == 46 })
        #expect(notes == [])
    }

    @Test func `each call has a socket id of its own, so that no old answer is good`() throws {
        var first = ""
        _ = try ask { request, link in
            first = (try? signed(request, data: #"{"user_id":"a"}"#)) ?? ""
            respond(link, 200, first)
        }
        let replayed = try ask { _, link in respond(link, 200, first) }
        #expect(
            replayed.answer == .failed("the signature is not by PUSHER_KEY and PUSHER_SECRET"))
    }

    @Test func `a private channel may have no user`() throws {
        let plain = try ask(channel: "private-a") { request, link in
            respond(link, 200, (try? signed(request, data: nil)) ?? "")
        }
        #expect(plain.answer == .admitted(nil))
        let presence = try ask { request, link in
            respond(link, 200, (try? signed(request, data: nil)) ?? "")
        }
        #expect(presence.answer == .failed("a presence channel without channel_data"))
    }

    @Test(
        arguments: [
            (401, .refused(status: 401)), (403, .refused(status: 403)),
            (400, .refused(status: 403)),
            (419, .refused(status: 403)), (422, .refused(status: 403)),
            (302, .refused(status: 403)),
            (307, .refused(status: 403)), (404, .failed("status 404")),
            (405, .failed("status 405")),
            (429, .failed("status 429")), (500, .failed("status 500")),
            (503, .failed("status 503")),
            (201, .failed("status 201")), (202, .failed("status 202")),
            (204, .failed("status 204")),
        ] as [(Int, AuthRouteAnswer)])
    func `only a 200 is a yes`(status: Int, expected: AuthRouteAnswer) throws {
        let (answer, requests, notes) = try ask { request, link in
            let body = status == 204 ? "" : try? signed(request, data: #"{"user_id":"a"}"#)
            respond(link, status, body ?? "", ["Location": "http://127.0.0.1:1/elsewhere"])
        }
        #expect(answer == expected)
        // A redirect is not followed.
        #expect(requests.count == 1)
        if case .failed(let words) = expected {
            #expect(notes == [.failing(words)])
        } else {
            #expect(notes == [])
        }
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"auth":1}"#, #"{"auth":""}"#, #"{"auth":"key:00"}"#,
        #"{"auth":"key:","channel_data":"{}"}"#, "<html>log in</html>",
    ])
    func `a 200 that is not signed is no yes`(body: String) throws {
        let (answer, _, notes) = try ask { _, link in respond(link, 200, body) }
        guard case .failed = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(notes.count == 1)
    }

    @Test(arguments: ["{}", "[]", "x", #"{"user_id":null}"#, #"{"user_id":[]}"#])
    func `channel_data without a user is no yes`(data: String) throws {
        let (answer, _, _) = try ask { request, link in
            respond(link, 200, (try? signed(request, data: data)) ?? "")
        }
        #expect(answer == .failed("channel_data without a user_id"))
    }

    @Test func `another secret, another key and another channel are no yes`() throws {
        let other = try ask { request, link in
            let body = try? signed(request, secret: "other", data: #"{"user_id":"a"}"#)
            respond(link, 200, body ?? "")
        }
        #expect(other.answer == .failed("the signature is not by PUSHER_KEY and PUSHER_SECRET"))
        let swapped = try ask { request, link in
            let form = try? form(request)
            let auth = signer.auth(
                socketID: form?["socket_id"] ?? "", channel: "presence-b",
                channelData: #"{"user_id":"a"}"#)
            respond(link, 200, #"{"auth":"\#(auth)","channel_data":"{\"user_id\":\"a\"}"}"#)
        }
        #expect(swapped.answer == .failed("the signature is not by PUSHER_KEY and PUSHER_SECRET"))
    }

    @Test func `a route that says nothing, too much or no HTTP decides nothing`() throws {
        let silent = try ask(timeout: .milliseconds(200)) { _, _ in }
        guard case .failed = silent.answer else {
            Issue.record("\(silent.answer)")
            return
        }
        let endless = try ask { _, link in
            link.send(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
            let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
            for _ in 0..<8 { link.send(Array(chunk.utf8)) }
        }
        guard case .failed = endless.answer else {
            Issue.record("\(endless.answer)")
            return
        }
        let noise = try ask { _, link in link.send(Array("SSH-2.0-x\r\n\r\n".utf8)) }
        guard case .failed = noise.answer else {
            Issue.record("\(noise.answer)")
            return
        }
    }

    @Test func `TLS is verified`() throws {
        let loop = try EventLoop()
        let certificates = try TestCertificates()
        let made = try certificates.server(names: ["elsewhere.test"])
        let server = try ScriptedHTTP(
            loop: loop,
            tls: TLSServer(certificateFile: made.certificateFile, keyFile: made.keyFile))
        let route = AuthRoute(
            loop: loop, host: "localhost", port: server.port, target: "/",
            tls: try TLSClient(caFile: certificates.authorityFile), signer: signer)
        var told: AuthRouteAnswer?
        route.ask(channel: "presence-a", showing: ["Cookie": "s"]) { told = $0 }
        let end = ContinuousClock.now + .seconds(60)
        while told == nil, ContinuousClock.now < end { try loop.turn(upTo: .milliseconds(20)) }
        guard case .failed(let words) = told else {
            Issue.record("\(String(describing: told))")
            return
        }
        #expect(words.contains("another name"))
        #expect(server.requests.isEmpty)
    }
}
