// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

@testable import PasserelleDownstream

/// The tests of the page `/diagnose`, as requested by a browser.
struct DiagnoseRouteTests {
    private func fixture(
        clock: LoopClock = .system,
        _ change: (inout DownstreamConfiguration) -> Void = { _ in }
    ) throws -> DownstreamFixture {
        let key = try SignatureKey(secret: Array(repeating: 7, count: 32))
        return try DownstreamFixture(clock: clock) { configuration, _ in
            configuration.servesDiagnose = true
            // They need no credentials.
            configuration.access = AccessConfiguration()
            configuration.access?.tokenKeys = [key]
            change(&configuration)
        }
    }

    private func text(_ response: HTTPResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    private func post(_ client: Client, _ body: String, type: String = "application/json") throws
        -> HTTPResponse
    {
        try client.request(
            "POST /diagnose/echo HTTP/1.1\r\nHost: h\r\nContent-Type: \(type)\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    private func stream(_ fixture: DownstreamFixture, _ query: String) throws -> Stream {
        let client = try fixture.http()
        client.send("GET /diagnose/stream?\(query) HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        return Stream(client)
    }

    // MARK: - Immediate answers

    @Test func `each answer about the time differs and is not cached`() throws {
        let client = try fixture().http()
        let (first, second) = (
            try client.get("/diagnose/time"), try client.get("/diagnose/time?_=1")
        )
        #expect(first.status == 200)
        #expect(first.fields.first("Cache-Control") == "private, no-cache, no-transform")
        #expect(member(first.body, "time").flatMap { Int64($0) } != nil)
        #expect(member(first.body, "answer")?.utf8.count == 16)
        #expect(member(first.body, "answer") != member(second.body, "answer"))
    }

    @Test func `the body of a POST is repeated if it is a word`() throws {
        let client = try fixture().http()
        #expect(text(try post(client, #"{"echo":"abc123"}"#)) == #"{"echo":"abc123"}"#)
        for body in [
            #"{"echo":"<script>"}"#, #"{"echo":7}"#, #"{"echo":"A"}"#, #"{"else":"a"}"#, "[]",
            "7", #"{"echo":"a\u0000"}"#,
        ] {
            let answer = try post(client, body)
            #expect(answer.status == 200 && text(answer) == #"{"echo":null}"#, "\(body)")
        }
        #expect(try post(client, "{").status == 400)
        #expect(try post(client, "{}", type: "text/plain").status == 415)
        #expect(try client.get("/diagnose/echo").fields.first("Allow") == "POST")
    }

    @Test func `a cookie is set to a word, without a path`() throws {
        let client = try fixture().http()
        let answer = try client.get("/diagnose/cookie?value=abc")
        #expect(answer.status == 200 && text(answer) == #"{"set":true}"#)
        #expect(
            answer.fields.all("Set-Cookie")
                == ["passerelle-diagnose=abc; Max-Age=120; SameSite=Lax; HttpOnly"])
        for value in ["", "?value=", "?value=A", "?value=a%0D%0AX-Y:%20z", "?value=a%3Bb"] {
            let refused = try client.get("/diagnose/cookie\(value)")
            #expect(refused.status == 400 && !refused.fields.contains("Set-Cookie"), "\(value)")
        }
    }

    @Test func `the fields that arrived are reported, others and their values are not`() throws {
        let client = try fixture().http()
        #expect(
            text(
                try client.get(
                    "/diagnose/fields",
                    "Cookie: session=s; passerelle-diagnose=abc\r\nAuthorization: Bearer xyz\r\n"
                        + "Via: 1.1 proxy\r\n"))
                == #"{"cookie":"abc","authorization":"xyz","http":"1.1","via":true}"#)
        #expect(
            text(
                try client.get(
                    "/diagnose/fields",
                    "Cookie: passerelle-diagnose=<b>; passerelle=secret\r\n"
                        + "Authorization: Bearer e.y.J\r\n"))
                == #"{"cookie":null,"authorization":null,"http":"1.1","via":false}"#)
        let old = try client.request("GET /diagnose/fields HTTP/1.0\r\n\r\n")
        #expect(text(old) == #"{"cookie":null,"authorization":null,"http":"1.0","via":false}"#)
    }

    // MARK: - Waiting tests

    @Test func `a poll is answered after its time and not before`() throws {
        let manual = ManualClock()
        let fixture = try fixture(clock: manual.clock)
        let client = try fixture.http()
        client.send("GET /diagnose/poll?wait=25 HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        try manual.pass(.milliseconds(24_999), turning: fixture.loop)
        #expect(try client.responses().isEmpty)
        try manual.pass(.milliseconds(1), turning: fixture.loop)
        let answer = try client.response()
        #expect(answer.status == 200 && text(answer) == #"{"waited":25}"#)
        #expect(answer.fields.first("Cache-Control") == "private, no-cache, no-transform")
        // The connection is kept alive.
        client.send("GET /diagnose/poll HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        try manual.pass(.milliseconds(1), turning: fixture.loop)
        #expect(text(try client.response()) == #"{"waited":0}"#)
        #expect(fixture.downstream.waitingPollCount == 0)
    }

    @Test(arguments: [(54, 54), (55, 55), (56, 55), (999_999, 55)])
    func `a poll waits for 55 s at most`(asked: Int, waited: Int) throws {
        let manual = ManualClock()
        let fixture = try fixture(clock: manual.clock)
        let client = try fixture.http()
        client.send("GET /diagnose/poll?wait=\(asked) HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        try manual.pass(.seconds(waited) - .milliseconds(1), turning: fixture.loop)
        #expect(try client.responses().isEmpty)
        try manual.pass(.milliseconds(1), turning: fixture.loop)
        #expect(text(try client.response()) == #"{"waited":\#(waited)}"#)
    }

    @Test(arguments: [
        "/diagnose/poll?wait=", "/diagnose/poll?wait=-1", "/diagnose/poll?wait=1.5",
        "/diagnose/poll?wait=x", "/diagnose/stream?for=0", "/diagnose/stream?for=x",
        "/diagnose/stream?for=%",
    ])
    func `a malformed number is refused`(target: String) throws {
        let answer = try fixture().http().get(target)
        #expect(answer.status == 400 && member(answer.body, "error") == "bad-query")
    }

    @Test func `a stream has numbered frames with the time, and an end`() throws {
        let manual = ManualClock()
        let fixture = try fixture(clock: manual.clock)
        let stream = try stream(fixture, "for=20")
        var messages = try stream.messages()
        #expect(messages.map(\.event) == ["frame"])
        let head = try #require(stream.head)
        for (name, value) in EventStreamRoute.fields.list {
            #expect(head.fields.all(name) == [value])
        }
        for _ in 1..<DiagnoseFrames.burst {
            try manual.pass(DiagnoseFrames.burstInterval, turning: fixture.loop)
            messages += try stream.messages()
        }
        #expect(messages.map { member($0.data, "n") } == (0..<10).map { "\($0)" })
        let times = messages.compactMap { member($0.data, "time").flatMap { Int64($0) } }
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 == 200 })
        try manual.pass(.milliseconds(13_199), turning: fixture.loop)
        #expect(try stream.messages().isEmpty)
        try manual.pass(.milliseconds(1), turning: fixture.loop)
        #expect(try stream.names() == ["frame"])
        try manual.pass(.seconds(5), turning: fixture.loop)
        #expect(try stream.names() == ["end"])
        #expect(stream.isEnded)
        #expect(fixture.downstream.http.connectionCount == 0)
    }

    @Test func `HEAD answers a stream's head, and OPTIONS the methods`() throws {
        let client = try fixture().http()
        let head = try client.request(
            "HEAD /diagnose/stream HTTP/1.1\r\nHost: h\r\n\r\n", isHEAD: true)
        #expect(head.status == 200)
        #expect(head.fields.first("Content-Type") == "text/event-stream; charset=utf-8")
        let options = try client.request("OPTIONS /diagnose/echo HTTP/1.1\r\nHost: h\r\n\r\n")
        #expect(options.status == 204 && options.fields.first("Allow") == "POST")
    }

    @Test func `a shutdown ends streams without the last frame and refuses polls`() throws {
        let fixture = try fixture()
        let stream = try stream(fixture, "for=60")
        let poll = try fixture.http()
        poll.send("GET /diagnose/poll?wait=50 HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        fixture.downstream.drain()
        let refused = try poll.response()
        #expect(refused.status == 503 && member(refused.body, "error") == "shutting-down")
        #expect(try stream.names() == ["frame"])
        #expect(stream.isEnded)
    }

    // MARK: - Limits

    @Test(arguments: [1, 2, 3])
    func `streams and polls share a limit, and an end makes room`(limit: Int) throws {
        let fixture = try fixture { $0.limits.diagnoses = limit }
        var streams: [Stream] = []
        for _ in 1..<limit { streams.append(try stream(fixture, "for=60")) }
        let poll = try fixture.http()
        poll.send("GET /diagnose/poll?wait=50 HTTP/1.1\r\nHost: h\r\n\r\n")
        try fixture.settle()
        for target in ["stream?for=60", "poll?wait=50"] {
            let refused = try fixture.http().get("/diagnose/\(target)")
            #expect(refused.status == 503)
            #expect(member(refused.body, "error") == "too-many-diagnoses")
            #expect(refused.fields.contains("Retry-After"))
        }
        #expect(fixture.downstream.refusalCounts[.diagnoses] == 2)
        #expect(streams.map(\.isEnded).allSatisfy { !$0 })
        poll.pair.close()
        try fixture.settle()
        let next = try stream(fixture, "for=60")
        #expect(try next.names() == ["frame"])
        next.close()
        try fixture.settle()
        #expect(try stream(fixture, "for=60").names() == ["frame"])
    }

    @Test(arguments: [1, 2, 3])
    func `an address has a limit of its own`(limit: Int) throws {
        let fixture = try fixture {
            $0.limits.addressDiagnoses = limit
            $0.proxies.trustsUnix = true
        }
        var clients: [Client] = []
        func open(_ address: String) throws -> HTTPResponse? {
            let client = try fixture.http()
            clients.append(client)
            client.send(
                "GET /diagnose/stream?for=60 HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: \(address)\r\n"
                    + "\r\n")
            try fixture.settle()
            let stream = Stream(client)
            _ = try stream.messages()
            return stream.head
        }
        for _ in 0..<limit { #expect(try open("192.0.2.1")?.status == 200) }
        #expect(try open("192.0.2.1")?.status == 429)
        #expect(try open("192.0.2.2")?.status == 200)
        #expect(fixture.downstream.refusalCounts[.addressDiagnoses] == 1)
        #expect(fixture.limits == ["diagnoses_per_address 192.0.2.1"])
    }

    // MARK: - Access

    @Test func `the tests are not served if the page is turned off`() throws {
        let client = try fixture { $0.servesDiagnose = false }.http()
        for test in ["stream", "poll", "cookie?value=a", "fields", "time"] {
            #expect(try client.get("/diagnose/\(test)").status == 404, "\(test)")
        }
        #expect(try post(client, "{}").status == 404)
    }

    @Test func `only the page itself may use the tests`() throws {
        let fixture = try fixture { $0.origins.origins = ["https://app.example"] }
        let client = try fixture.http()
        for (field, status) in [
            ("Sec-Fetch-Site: same-origin", 200), ("Sec-Fetch-Site: none", 200),
            ("Sec-Fetch-Site: cross-site", 403), ("Sec-Fetch-Site: same-site", 403),
            ("Origin: https://evil.example", 403), ("Origin: http://h", 200),
        ] {
            #expect(
                try client.get("/diagnose/time", field + "\r\n").status == status, "\(field)")
        }
        #expect(fixture.hub.readerCount == 0)
    }

    @Test func `an unknown test does not exist`() throws {
        let client = try fixture().http()
        for path in ["/diagnose/none", "/diagnose/stream/", "/diagnose/stream/x"] {
            #expect(try client.get(path).status == 404, "\(path)")
        }
    }
}
