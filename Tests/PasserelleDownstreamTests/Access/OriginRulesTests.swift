// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleWire
import Testing

struct OriginRulesTests {
    private func text(_ response: HTTPResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    private func scene() throws -> Scene {
        try Scene { configuration, _ in
            configuration.believesClaims = true
            configuration.origins.origins = ["https://app.example"]
            configuration.origins.fields = ["Authorization", "X-CSRF-Token"]
        }
    }

    // MARK: - Hosts

    @Test(arguments: [
        ("localhost", true), ("LOCALHOST:8080", true), ("app.localhost", true),
        ("127.0.0.1:8080", true), ("127.9.9.9", true), ("[::1]", true), ("[::1]:80", true),
        ("evil.test", false), ("evil.test:8080", false), ("localhost.evil.test", false),
        ("127.0.0.1.evil.test", false), ("10.0.0.1", false), ("[::2]", false), ("0.0.0.0", false),
    ])
    func `without a check, loopback names alone are answered for`(host: String, isOurs: Bool) {
        var rules = OriginRules()
        rules.hosts = .loopback
        #expect(passes(rules, host) == isOurs)
        rules.hosts = .any
        #expect(passes(rules, host))
    }

    @Test(arguments: [
        ("app.example", true), ("APP.example:81", true), ("api.example:82", true),
        ("api.example", false), ("api.example:83", false), ("127.0.0.1", true),
        ("evil.test", false), ("app.example.evil.test", false),
    ])
    func `a list of hosts is what is answered for`(host: String, isOurs: Bool) {
        var rules = OriginRules()
        rules.hosts = .listed(["app.example", "api.example:82"])
        #expect(passes(rules, host) == isOurs)
    }

    private func passes(_ rules: OriginRules, _ host: String) -> Bool {
        let request = HTTPRequest(method: "GET", target: "/", fields: ["Host": host])
        return (try? rules.checkHost(of: request)) != nil
    }

    @Test func `another host is told so, on every path`() throws {
        let scene = try Scene { configuration, _ in
            configuration.origins.hosts = .listed(["app.example"])
        }
        let client = try scene.http()
        for target in ["/poll?channel=c", "/events?channel=c", "/healthz", "/other", "/none"] {
            let response = try client.get(target)
            #expect(response.status == 421, "\(target)")
            #expect(
                text(response)
                    == #"{"error":"misdirected","message":"This gateway does not answer for that"#
                    + " host; PASSERELLE_HOSTS says for which.\"}\n")
        }
        #expect(
            try client.request("GET /healthz HTTP/1.1\r\nHost: app.example\r\n\r\n").status == 200)
        // An absolute target's host counts, not the field's.
        #expect(
            try client.request(
                "GET http://evil.test/healthz HTTP/1.1\r\nHost: app.example\r\n\r\n"
            ).status == 421)
    }

    // MARK: - Origins

    private let refusal =
        #"{"error":"forbidden","message":"Pages of that origin may not use this gateway;"#
        + " PASSERELLE_ORIGINS says which may.\"}\n"

    @Test(arguments: [
        "https://evil.test", "null", "http://app.example", "https://app.example:444",
        "https://app.example.evil.test", "https://h:1", "*",
    ])
    func `a page elsewhere may neither read nor send`(origin: String) throws {
        let scene = try scene()
        let client = try scene.http()
        let field = "Origin: \(origin)\r\n"
        for target in [
            "/poll?channel=presence-a&user=anne", "/events?channel=presence-a&user=anne",
            "/channels/presence-a/members",
        ] {
            let response = try client.get(target, field)
            #expect(response.status == 403, "\(target)")
            #expect(text(response) == refusal)
            #expect(!response.fields.contains("Access-Control-Allow-Origin"))
        }
        let body = #"{"event":"client-typing"}"#
        let post = try client.request(
            "POST /channels/presence-a/events?user=anne HTTP/1.1\r\nHost: h\r\n\(field)"
                + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                + body)
        #expect(post.status == 403 && text(post) == refusal)
        let preflight = try client.request(
            "OPTIONS /poll HTTP/1.1\r\nHost: h\r\n\(field)"
                + "Access-Control-Request-Method: GET\r\n\r\n")
        #expect(preflight.status == 403)
        #expect(!preflight.fields.contains("Access-Control-Allow-Origin"))
        #expect(scene.attendance == [] && scene.sent == [])
        #expect(try client.get("/healthz", field).status == 200)
    }

    @Test func `an allowed page may have every answer, refusals too, with credentials`() throws {
        let scene = try scene()
        let client = try scene.http()
        let field = "Origin: https://app.example\r\n"
        for (target, status) in [
            ("/poll?channel=c", 200), ("/channels/c/members", 200), ("/poll?channel=", 400),
        ] {
            let response = try client.get(target, field)
            #expect(response.status == status)
            check(response)
        }
        let head = try client.request(
            "HEAD /events?channel=c HTTP/1.1\r\nHost: h\r\n\(field)\r\n", isHEAD: true)
        check(head)
        let stream = try scene.stream("channel=c", fields: field)
        _ = try stream.messages()
        check(try #require(stream.head))
        // The next request on the connection is somebody else's.
        #expect(
            !(try client.get("/poll?channel=c")).fields.contains("Access-Control-Allow-Origin"))
    }

    private func check(_ response: HTTPResponse) {
        #expect(response.fields.all("Access-Control-Allow-Origin") == ["https://app.example"])
        #expect(response.fields.all("Access-Control-Allow-Credentials") == ["true"])
        #expect(response.fields.first("Access-Control-Expose-Headers") == "ETag, Retry-After")
        #expect(response.fields.hasToken("Vary", "Origin"))
    }

    @Test(arguments: [
        ("/poll", "GET, HEAD"), ("/events", "GET, HEAD"), ("/channels/c/events", "POST"),
    ])
    func `a preflight is told what may be sent`(target: String, methods: String) throws {
        let scene = try scene()
        let response = try scene.http().request(
            "OPTIONS \(target) HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n"
                + "Access-Control-Request-Method: GET\r\n"
                + "Access-Control-Request-Headers: authorization\r\n\r\n")
        #expect(response.status == 204 && response.body.isEmpty)
        check(response)
        #expect(response.fields.first("Access-Control-Allow-Methods") == methods)
        #expect(
            response.fields.first("Access-Control-Allow-Headers")
                == "Authorization, Content-Type, If-None-Match, Last-Event-ID, X-CSRF-Token")
        #expect(response.fields.first("Access-Control-Max-Age") == "600")
        let plain = try scene.http().request("OPTIONS \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(plain.status == 204 && plain.fields.first("Allow") == methods)
        #expect(!plain.fields.contains("Access-Control-Allow-Methods"))
    }

    // MARK: - Refusals

    @Test func `a refusal is told with its client, and nothing that the peer wrote`() throws {
        let scene = try Scene { configuration, _ in configuration.proxies.trustsUnix = true }
        let client = try scene.http()
        _ = try client.get("/poll?channel=x&access_token=secret", "X-Forwarded-For: 192.0.2.9\r\n")
        _ = try client.get("/none")
        #expect(scene.refused == ["403 forbidden 192.0.2.9", "404 not-found local"])
    }
}
