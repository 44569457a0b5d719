// SPDX-License-Identifier: MIT

import PasserelleHTTP
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
@testable import PasserelleWire
import Testing

/// Tests the auth route's client over real sockets.
struct AuthRouteTests {
    private let wrongSignature = AuthRouteAnswer.failed(
        "the signature does not match the application's key and secret")
    private let signer = Signer(key: "key", secret: Array("secret".utf8))

    /// Calls a route at a server that answers with `answer`, and waits for the decision.
    private func ask(
        channel: String = "presence-a", fields: HTTPFields = [:], origin: String? = nil,
        timeout: Duration = .seconds(30), _ answer: @escaping (HTTPRequest, Link) -> Void
    ) throws -> (answer: AuthRouteAnswer, requests: [HTTPRequest], notes: [AuthRoute.Note]) {
        let loop = try EventLoop()
        let server = try ScriptedHTTP(loop: loop)
        server.answer = answer
        let route = AuthRoute(
            loop: loop,
            url: WebAddress(
                isTLS: false, host: "127.0.0.1", port: server.port, target: "/pusher/auth?v=1"),
            tls: nil, origin: origin, signer: signer, memberID: "passerelle",
            timeout: timeout)
        var notes: [AuthRoute.Note] = []
        route.onLog = { notes.append($0) }
        var decision: AuthRouteAnswer?
        route.ask(channel: channel, showing: fields) { decision = $0 }
        try run(loop, until: { decision != nil })
        return (try #require(decision), server.requests, notes)
    }

    private func form(_ request: HTTPRequest) throws -> [String: String] {
        let items = try HTTPTarget.decodeQuery(String(decoding: request.body, as: UTF8.self))
        return Dictionary(items.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }

    /// Returns an application's answer, signed for the request's own socket id.
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

    @Test func `a call has the form of a Channels client's`() throws {
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
                    ReaderIdentity(userID: "7", userInfo: Array(#"{"name":"Anne"}"#.utf8))))
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

    @Test func `a call has the application's Origin, as a browser would send`() throws {
        func sent(_ fields: HTTPFields, origin: String? = nil) throws -> HTTPRequest {
            let asked = try ask(fields: fields, origin: origin) { _, link in
                respond(link, 403, "")
            }
            return try #require(asked.requests.first)
        }
        let derived = try sent([:])
        let host = try #require(derived.fields.first("Host"))
        #expect(derived.fields.all("Origin") == ["http://\(host)"])
        #expect(derived.fields.all("User-Agent") == ["passerelle"])
        let configured = try sent([:], origin: "https://app.example")
        #expect(configured.fields.all("Origin") == ["https://app.example"])
        // A reader's own headers pass only if the operator has listed them.
        let passed = try sent(["Origin": "https://page.example", "User-Agent": "u"])
        #expect(passed.fields.all("Origin") == ["https://page.example"])
        #expect(passed.fields.all("User-Agent") == ["u"])
    }

    @Test(
        arguments: [
            (403, "Cross-site POST form submissions are forbidden", .origin),
            (403, "<h1>Forbidden</h1><p>CSRF verification failed. Request aborted.</p>", .token),
            (403, #"{"detail":"CSRF Failed: CSRF token missing."}"#, .token),
            (422, "ActionController::InvalidAuthenticityToken", .token),
            (
                422,
                "<!DOCTYPE html>\n<title>The change you wanted was rejected (422)</title>", .token
            ),
            (422, #"{"errors":{"name":["is invalid"]}}"#, nil),
            (419, "", .token), (403, #"{"message":"CSRF token mismatch."}"#, .token),
            (403, "cross-origin request detected from Sec-Fetch-Site header", .origin),
            (403, #"<meta name="csrf-token" content="x"><p>Log in</p>"#, nil),
            (401, "", nil), (500, "CSRF verification failed", nil),
        ] as [(Int, String, ForgeryRefusal?)])
    func `a refusal as cross-site forgery is logged as such`(
        status: Int, body: String, expected: ForgeryRefusal?
    ) throws {
        let (answer, requests, notes) = try ask { _, link in respond(link, status, body) }
        let host = try #require(requests.first?.fields.first("Host"))
        let forged = notes.filter { if case .refusesAsForged = $0 { true } else { false } }
        #expect(
            forged == (expected.map { [.refusesAsForged($0, origin: "http://\(host)")] } ?? []))
        if status < 500 {
            #expect(answer == .refused(status: status))
        }
    }

    @Test func `headers are forwarded byte for byte`() throws {
        let raw: [UInt8] = [0x6E, 0x3D, 0xF6, 0x80, 0xC3]
        var parser = HTTPRequestParser()
        parser.append(
            (Array("GET / HTTP/1.1\r\nHost: h\r\nCookie: ".utf8) + raw
                + Array("\r\n\r\n".utf8)).span)
        let request = try #require(try parser.next())
        let asked = try ask(fields: request.fields.only(["Cookie"])) { _, link in
            respond(link, 403, "")
        }
        let received = try #require(asked.requests.first)
        #expect(
            received.fields.only(["Cookie"]).lines
                == Array("Cookie: ".utf8) + raw + Array("\r\n".utf8))
    }

    @Test func `each call has its own socket id, so an earlier answer is rejected`() throws {
        var first = ""
        _ = try ask { request, link in
            first = (try? signed(request, data: #"{"user_id":"a"}"#)) ?? ""
            respond(link, 200, first)
        }
        let replayed = try ask { _, link in respond(link, 200, first) }
        #expect(
            replayed.answer == wrongSignature)
    }

    @Test func `a user is optional on a private channel only`() throws {
        let plain = try ask(channel: "private-a") { request, link in
            respond(link, 200, (try? signed(request, data: nil)) ?? "")
        }
        #expect(plain.answer == .admitted(nil))
        let presence = try ask { request, link in
            respond(link, 200, (try? signed(request, data: nil)) ?? "")
        }
        let defect = "the answer has no channel_data"
        #expect(presence.answer == .admitted(nil, defect: defect))
        #expect(presence.notes == [.unfitUser(defect)])
    }

    @Test(
        arguments: [
            (401, .refused(status: 401)), (403, .refused(status: 403)),
            (400, .refused(status: 400)),
            (419, .refused(status: 419)), (422, .refused(status: 422)),
            (301, .refused(status: 301)), (302, .refused(status: 302)),
            (307, .refused(status: 307)), (308, .refused(status: 308)),
            (404, .failed("status 404")),
            (405, .failed("status 405")),
            (429, .failed("status 429")), (500, .failed("status 500")),
            (503, .failed("status 503")),
            (201, .failed("status 201")), (202, .failed("status 202")),
            (204, .failed("status 204")),
        ] as [(Int, AuthRouteAnswer)])
    func `only a 200 is an approval`(status: Int, expected: AuthRouteAnswer) throws {
        let (answer, requests, notes) = try ask { request, link in
            let body = status == 204 ? "" : try? signed(request, data: #"{"user_id":"a"}"#)
            respond(link, status, body ?? "", ["Location": "http://127.0.0.1:1/elsewhere"])
        }
        #expect(answer == expected)
        // A redirect is not followed.
        #expect(requests.count == 1)
        if case .failed(let words) = expected {
            #expect(notes == [.failing(words)])
        } else if status != 419 {
            #expect(notes == [])
        }
    }

    @Test(arguments: [
        "", "x", "[]", "{}", #"{"auth":1}"#, #"{"auth":""}"#, #"{"auth":"key:00"}"#,
        #"{"auth":"key:","channel_data":"{}"}"#, "<html>log in</html>",
    ])
    func `a 200 without a valid signature is not an approval`(body: String) throws {
        let (answer, _, notes) = try ask { _, link in respond(link, 200, body) }
        guard case .failed = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(notes.count == 1)
    }

    @Test(arguments: [
        "{}", "[]", "x", "", #"{"user_id":null}"#, #"{"user_id":true}"#, #"{"user_id":[]}"#,
        #"{"user_id":{}}"#, #"{"user_info":{"name":"Anne"}}"#,
    ])
    func `channel_data without a user is an approval without a user`(data: String) throws {
        let (answer, _, notes) = try ask { request, link in
            respond(link, 200, (try? signed(request, data: data)) ?? "")
        }
        let defect = "its channel_data is not a JSON object with a user_id of text or digits"
        #expect(answer == .admitted(nil, defect: defect))
        #expect(notes == [.unfitUser(defect)])
        // On a private channel, Channels requires no user.
        let (plain, _, _) = try ask(channel: "private-a") { request, link in
            respond(link, 200, (try? signed(request, data: data)) ?? "")
        }
        #expect(plain == .admitted(nil))
    }

    @Test(arguments: [
        (#"{"user_id":"passerelle"}"#, "passerelle", ReaderIdentity.Fault.reserved),
        (#"{"user_id":"a\u0007"}"#, "a\u{7}", .badID), (#"{"user_id":""}"#, "", .badID),
        (#"{"user_id":"a","user_info":1}"#, "a", .badInfo),
    ])
    func `a user that Channels would not accept is admitted without a member`(
        data: String, userID: String, fault: ReaderIdentity.Fault
    ) throws {
        for channel in ["presence-a", "private-a"] {
            let (answer, _, notes) = try ask(channel: channel) { request, link in
                respond(link, 200, (try? signed(request, data: data)) ?? "")
            }
            let defect =
                fault == .reserved
                ? "its user_id is the member id, the gateway's own" : fault.words
            #expect(answer == .admitted(.unfit(userID), defect: defect))
            #expect(notes == [.unfitUser(defect)])
        }
    }

    @Test func `another secret, another key or another channel is not an approval`() throws {
        let other = try ask { request, link in
            let body = try? signed(request, secret: "other", data: #"{"user_id":"a"}"#)
            respond(link, 200, body ?? "")
        }
        #expect(
            other.answer == wrongSignature)
        let swapped = try ask { request, link in
            let form = try? form(request)
            let auth = signer.auth(
                socketID: form?["socket_id"] ?? "", channel: "presence-b",
                channelData: #"{"user_id":"a"}"#)
            respond(link, 200, #"{"auth":"\#(auth)","channel_data":"{\"user_id\":\"a\"}"}"#)
        }
        #expect(
            swapped.answer == wrongSignature)
    }

    @Test func `no answer, a too large answer and a non-HTTP answer are no decision`() throws {
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
            loop: loop, url: WebAddress(isTLS: true, host: "localhost", port: server.port),
            tls: try TLSClient(caFile: certificates.authorityFile), signer: signer,
            memberID: "passerelle")
        var decision: AuthRouteAnswer?
        route.ask(channel: "presence-a", showing: ["Cookie": "s"]) { decision = $0 }
        try run(loop, until: { decision != nil })
        guard case .failed(let words) = decision else {
            Issue.record("\(String(describing: decision))")
            return
        }
        #expect(words.contains("another name"))
        #expect(server.requests.isEmpty)
    }
}
