// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

/// Tests calls over loopback sockets with a scripted server.
struct ChannelsRESTTests {
    @Test func `an event is sent as a signed request with its data as a string`() throws {
        let fixture = try RESTFixture()
        fixture.answers(200, "{}")
        let data = Array("{\"m\":\"Zoë \\\"x\\\"\"}".utf8)
        let outcome = try fixture.answer {
            fixture.rest.publish(channel: "presence-a;b", event: #"say "hi""#, data: data, $0)
        }
        #expect(outcome == .sent)
        let request = try #require(fixture.http.requests.first)
        #expect(request.method == "POST" && request.path == "/apps/1234/events")
        #expect(request.fields.first("host") == "127.0.0.1:\(fixture.http.port)")
        #expect(request.fields.first("content-type") == "application/json")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == #"{"name":"say \"hi\"","channels":["presence-a;b"],"data":"#
                + #""{\"m\":\"Zoë \\\"x\\\"\"}"}"#)
        try expectSigned(request)
    }

    @Test func `queries are sent as signed requests without a body`() throws {
        let fixture = try RESTFixture()
        fixture.answers(401, "unknown key")
        var answer: HTTPResponse?
        fixture.rest.channels { answer = try? $0.get() }
        try run(fixture.loop, until: { answer != nil })
        #expect(answer?.status == 401 && answer?.body == Array("unknown key".utf8))
        fixture.answers(200, #"{"users":[{"id":"1"}]}"#)
        let users = try fixture.answer { fixture.rest.users(of: "presence-a,b;c@d=e.f", $0) }
        #expect(try users.get() == ["1"])
        #expect(
            fixture.http.requests.map(\.path) == [
                "/apps/1234/channels", "/apps/1234/channels/presence-a,b;c@d=e.f/users",
            ])
        for request in fixture.http.requests {
            #expect(request.method == "GET" && request.body.isEmpty)
            #expect(request.query?.contains("body_md5") == false)
            try expectSigned(request)
        }
    }

    @Test(arguments: ["a/b", "a?b#c", "é", "../events"])
    func `an invalid channel name stays within one segment of the path`(name: String) throws {
        let fixture = try RESTFixture()
        fixture.answers(404, "unknown channel\n")
        let result = try fixture.answer { fixture.rest.users(of: name, $0) }
        #expect(result.failure == .refused(status: 404, message: "unknown channel"))
        let request = try #require(fixture.http.requests.first)
        let encoded = HTTPTarget.encode(name)
        #expect(request.path == "/apps/1234/channels/\(encoded)/users")
        try expectSigned(request)
    }

    /// Verifies the signature of the received request, as a server does.
    private func expectSigned(_ request: HTTPRequest) throws {
        let query = try HTTPTarget.decodeQuery(request.query ?? "")
        let signature = query.first { $0.name == "auth_signature" }?.value
        let text = ChannelsSigning.request(
            method: request.method, path: request.path, query: query)
        let secret = Array("app-secret".utf8)
        #expect(signature == Hex.encode(Digest.hmacSHA256(key: secret, text)))
        let digest = query.first { $0.name == "body_md5" }?.value
        #expect(digest == (request.body.isEmpty ? nil : Hex.encode(Digest.md5(request.body))))
    }

    @Test(arguments: [(200, "{}"), (200, "{\"ok\":true}\n"), (200, "[]"), (202, "")])
    func `every variant of an accepted event is a success`(
        status: Int, body: String
    ) throws {
        let fixture = try RESTFixture()
        fixture.answers(status, body)
        #expect(try fixture.publish() == .sent)
    }

    @Test(
        arguments: [
            (
                401, "Invalid signature: you should have sent …\nmore",
                .refused("401 Invalid signature: you should have sent …")
            ),
            (
                413, "The data content of this event exceeds the allowed maximum (10240 bytes).\n",
                .tooLarge(
                    "413 The data content of this event exceeds the allowed maximum (10240 bytes).")
            ),
            (
                400, #"{"error":"The data is too\nlong","code":400}"#,
                .refused("400 The data is too long")
            ),
            (
                422, #"{"message":"The name field is required.","errors":{}}"#,
                .refused("422 The name field is required.")
            ),
            (403, "", .refused("403 ")), (302, "moved", .refused("302 moved")),
            (500, "\u{0}\u{1B}[2Jx", .unknown("Channels answered 500  [2Jx")),
            (201, "{}", .refused("201 {}")), (429, "later", .excess("429 later")),
            (400, "{\"error\":{}}", .refused("400 {\"error\":{}}")),
        ] as [(Int, String, PublishOutcome)])
    func `a refusal is reported with its status and message`(
        status: Int, body: String, outcome: PublishOutcome
    ) throws {
        let fixture = try RESTFixture()
        fixture.answers(status, body)
        #expect(try fixture.publish() == outcome)
        #expect(fixture.http.requests.count == 1)
    }

    @Test(arguments: ["<html>", "1", "\"ok\"", "[1]", "{", "{\"a\":1}}"])
    func `a success with an invalid body leaves the outcome unknown`(body: String) throws {
        let fixture = try RESTFixture()
        fixture.answers(200, body)
        #expect(try fixture.publish() == .unknown("Channels' answer is malformed"))
    }

    @Test(
        arguments: [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "HTTP/1.0 200 OK\r\n\r\n{}",
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        ])
    func `an answer may use any framing of HTTP`(answer: String) throws {
        let fixture = try RESTFixture()
        fixture.answers(answer)
        #expect(try fixture.publish() == .sent)
    }

    @Test func `an answer may arrive slowly within the timeout`() throws {
        let fixture = try RESTFixture()
        var rest = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".utf8)[...]
        var isAsked = false
        fixture.http.answer = { _, _ in isAsked = true }
        var outcome: PublishOutcome?
        fixture.rest.publish(channel: "c", event: "e", data: []) { outcome = $0 }
        try run(fixture.loop, until: { isAsked })
        while let byte = rest.popFirst() {
            #expect(outcome == nil)
            fixture.http.links.first?.send([byte])
            try fixture.loop.runOnce(timeout: .milliseconds(20))
        }
        try run(fixture.loop, until: { outcome != nil })
        #expect(outcome == .sent)
    }
}
