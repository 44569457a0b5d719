// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleUpstream
import PasserelleWire
import Testing

/// Calls over loopback sockets, against a server that answers as it is told.
struct ChannelsRESTTests {
    @Test func `an event is sent as a signed request with its data as a string`() throws {
        let scene = try RESTScene()
        scene.answers(200, "{}")
        let data = Array("{\"m\":\"Zoë \\\"x\\\"\"}".utf8)
        let result = try scene.result {
            scene.rest.publish(channel: "presence-a;b", event: #"say "hi""#, data: data, $0)
        }
        #expect(result.failure == nil)
        let request = try #require(scene.http.requests.first)
        #expect(request.method == "POST" && request.path == "/apps/1234/events")
        #expect(request.fields.first("host") == "127.0.0.1:\(scene.http.port)")
        #expect(request.fields.first("content-type") == "application/json")
        #expect(
            String(decoding: request.body, as: UTF8.self)
                == #"{"name":"say \"hi\"","channels":["presence-a;b"],"data":"#
                + #""{\"m\":\"Zoë \\\"x\\\"\"}"}"#)
        try expectSigned(request)
    }

    @Test func `questions are asked as signed requests without a body`() throws {
        let scene = try RESTScene()
        scene.answers(200, #"{"channels":{"presence-x":{"user_count":42},"presence-y":{}}}"#)
        let channels = try scene.result {
            scene.rest.channels(prefix: "presence-", countsUsers: true, $0)
        }
        #expect(try channels.get() == ["presence-x": 42, "presence-y": nil])
        scene.answers(200, #"{"occupied":true,"user_count":42}"#)
        let channel = try scene.result {
            scene.rest.channel("presence-a,b;c@d=e.f", info: ["user_count", "cache"], $0)
        }
        #expect(try channel.get() == ChannelState(isOccupied: true, userCount: 42))
        scene.answers(200, #"{"users":[{"id":"1"}]}"#)
        let users = try scene.result { scene.rest.users(of: "presence-x", $0) }
        #expect(try users.get() == ["1"])
        #expect(
            scene.http.requests.map(\.path) == [
                "/apps/1234/channels", "/apps/1234/channels/presence-a,b;c@d=e.f",
                "/apps/1234/channels/presence-x/users",
            ])
        for request in scene.http.requests {
            #expect(request.method == "GET" && request.body.isEmpty)
            #expect(request.query?.contains("body_md5") == false)
            try expectSigned(request)
        }
    }

    @Test(arguments: ["a/b", "a?b#c", "é", "../events"])
    func `what is no channel's name stays one segment of the path`(name: String) throws {
        let scene = try RESTScene()
        scene.answers(404, "unknown channel\n")
        let result = try scene.result { scene.rest.users(of: name, $0) }
        #expect(result.failure == .refused(status: 404, message: "unknown channel"))
        let request = try #require(scene.http.requests.first)
        let encoded = HTTPTarget.encode(name)
        #expect(request.path == "/apps/1234/channels/\(encoded)/users")
        try expectSigned(request)
    }

    /// Signs the request as it came once more, as a server does.
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
    func `an event that is taken is a success, in every server's way to say so`(
        status: Int, body: String
    ) throws {
        let scene = try RESTScene()
        scene.answers(status, body)
        #expect(try scene.publish().failure == nil)
    }

    @Test(
        arguments: [
            (
                401, "Invalid signature: you should have sent …\nmore",
                "Invalid signature: you should have sent …"
            ),
            (
                413, "The data content of this event exceeds the allowed maximum (10240 bytes).\n",
                "The data content of this event exceeds the allowed maximum (10240 bytes)."
            ),
            (400, #"{"error":"The data is too\nlong","code":400}"#, "The data is too long"),
            (
                422, #"{"message":"The name field is required.","errors":{}}"#,
                "The name field is required."
            ),
            (403, "", ""), (500, "\u{0}\u{1B}[2Jx", " [2Jx"), (302, "moved", "moved"),
            (201, "{}", "{}"), (400, "{\"error\":{}}", "{\"error\":{}}"),
        ])
    func `a refusal is told with its status and its words`(
        status: Int, body: String, words: String
    ) throws {
        let scene = try RESTScene()
        scene.answers(status, body)
        #expect(try scene.publish().failure == .refused(status: status, message: words))
        #expect(scene.http.requests.count == 1)
    }

    @Test(arguments: ["<html>", "1", "\"ok\"", "[1]", "{", "{\"a\":1}}"])
    func `a success that makes no sense is none`(body: String) throws {
        let scene = try RESTScene()
        scene.answers(200, body)
        #expect(try scene.publish().failure == .malformed)
    }

    @Test(
        arguments: [
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}", "HTTP/1.0 200 OK\r\n\r\n{}",
            "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        ])
    func `an answer may come in any form that HTTP knows`(answer: String) throws {
        let scene = try RESTScene()
        scene.answers(answer)
        #expect(try scene.publish().failure == nil)
    }

    @Test func `an answer may come as slowly as the time allows`() throws {
        let scene = try RESTScene()
        var rest = Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".utf8)[...]
        var isAsked = false
        scene.http.answer = { _, _ in isAsked = true }
        var outcome: Result<Void, ChannelsRESTError>?
        scene.rest.publish(channel: "c", event: "e", data: []) { outcome = $0 }
        try run(scene.loop, until: { isAsked })
        while let byte = rest.popFirst() {
            #expect(outcome == nil)
            scene.http.links.first?.send([byte])
            try scene.loop.turn(upTo: .milliseconds(20))
        }
        try run(scene.loop, until: { outcome != nil })
        #expect(outcome?.failure == nil)
    }
}
