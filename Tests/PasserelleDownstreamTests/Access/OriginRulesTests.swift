// SPDX-License-Identifier: MIT

import PasserelleDownstream
import PasserelleWire
import Testing

struct OriginRulesTests {
    private func text(_ response: HTTPResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    private func fixture() throws -> DownstreamFixture {
        try DownstreamFixture { configuration, _ in
            configuration.acceptsClaims = true
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
    func `if readers are not checked, only loopback names are served`(host: String, isOurs: Bool) {
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
    func `the listed hosts are served`(host: String, isOurs: Bool) {
        var rules = OriginRules()
        rules.hosts = .listed(["app.example", "api.example:82"])
        #expect(passes(rules, host) == isOurs)
    }

    private func passes(_ rules: OriginRules, _ host: String) -> Bool {
        let request = HTTPRequest(method: "GET", target: "/", fields: ["Host": host])
        return (try? rules.checkHost(of: request)) != nil
    }

    @Test func `a request for another host is refused on every path`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.origins.hosts = .listed(["app.example"])
        }
        let client = try fixture.http()
        for target in ["/poll?channel=c", "/events?channel=c", "/healthz", "/other", "/none"] {
            let response = try client.get(target)
            #expect(response.status == 421, "\(target)")
            #expect(
                text(response)
                    == #"{"error":"misdirected","message":"This gateway does not serve that"#
                    + " host; see hosts.\"}\n")
        }
        #expect(
            try client.request("GET /healthz HTTP/1.1\r\nHost: app.example\r\n\r\n").status == 200)
        // The host of an absolute target takes precedence over the field.
        #expect(
            try client.request(
                "GET http://evil.test/healthz HTTP/1.1\r\nHost: app.example\r\n\r\n"
            ).status == 421)
    }

    // MARK: - Origins

    private let refusal =
        #"{"error":"forbidden","message":"Pages of that origin may not use this gateway;"#
        + " see origins.\"}\n"

    @Test(arguments: [
        "https://evil.test", "null", "http://app.example", "https://app.example:444",
        "https://app.example.evil.test", "https://h:1", "*",
    ])
    func `a page of another origin can neither read nor send`(origin: String) throws {
        let fixture = try fixture()
        let client = try fixture.http()
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
        #expect(fixture.tracker == [] && fixture.sent == [])
        #expect(try client.get("/healthz", field).status == 200)
    }

    @Test func `an allowed origin can read every answer with credentials, also refusals`() throws {
        let fixture = try fixture()
        let client = try fixture.http()
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
        let stream = try fixture.stream("channel=c", fields: field)
        _ = try stream.messages()
        check(try #require(stream.head))
        // The next request on the connection is from another client.
        #expect(
            !(try client.get("/poll?channel=c")).fields.contains("Access-Control-Allow-Origin"))
    }

    private func check(_ response: HTTPResponse) {
        #expect(response.fields.all("Access-Control-Allow-Origin") == ["https://app.example"])
        #expect(response.fields.all("Access-Control-Allow-Credentials") == ["true"])
        #expect(
            response.fields.first("Access-Control-Expose-Headers")
                == "Age, ETag, Retry-After, WWW-Authenticate")
        #expect(response.fields.hasToken("Vary", "Origin"))
    }

    @Test(arguments: [
        ("/poll", "GET, HEAD"), ("/events", "GET, HEAD"), ("/channels/c/events", "POST"),
    ])
    func `a preflight gets the allowed methods and fields`(target: String, methods: String) throws {
        let fixture = try fixture()
        let response = try fixture.http().request(
            "OPTIONS \(target) HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n"
                + "Access-Control-Request-Method: GET\r\n"
                + "Access-Control-Request-Headers: authorization\r\n\r\n")
        #expect(response.status == 204 && response.body.isEmpty)
        check(response)
        #expect(response.fields.first("Access-Control-Allow-Methods") == methods)
        #expect(
            response.fields.first("Access-Control-Allow-Headers")
                == "Authorization, Content-Type, If-None-Match, Last-Event-ID, Passerelle-Refusals,"
                + " X-CSRF-Token")
        #expect(response.fields.first("Access-Control-Max-Age") == "7200")
        let plain = try fixture.http().request("OPTIONS \(target) HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(plain.status == 204 && plain.fields.first("Allow") == methods)
        #expect(!plain.fields.contains("Access-Control-Allow-Methods"))
    }

    @Test(arguments: [(-1, 200), (0, 200), (1, 403)])
    func `the size of an origin is limited`(more: Int, status: Int) throws {
        let count = OriginRules.originBytes + more - "https://".utf8.count
        let origin = "https://" + String(repeating: "a", count: count)
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.origins.origins = [origin]
        }
        #expect(try fixture.http().get("/poll?channel=c", "Origin: \(origin)\r\n").status == status)
    }

    // MARK: - Refusals

    @Test func `a refusal is reported with its client and without input from the peer`() throws {
        let fixture = try DownstreamFixture { configuration, _ in
            configuration.proxies.trustsUnix = true
        }
        let client = try fixture.http()
        _ = try client.get("/poll?channel=x&access_token=secret", "X-Forwarded-For: 192.0.2.9\r\n")
        _ = try client.get("/none")
        #expect(fixture.refused == ["403 forbidden 192.0.2.9", "404 not-found local"])
    }
}
