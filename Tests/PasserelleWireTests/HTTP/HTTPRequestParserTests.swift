// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPRequestParserTests {
    static let pipeline = lines(
        """
        GET /events?channel=a HTTP/1.1
        Host: localhost:8080
        Accept: text/event-stream
        User-Agent:\tcurl/8  \t

        POST /a HTTP/1.1
        Host: [::1]:80
        content-length: 5

        helloPOST /b HTTP/1.1
        Host: h
        Transfer-Encoding: Chunked

        4;name="v a"
        Wiki
        00A
        0123456789
        0
        Trailer: dropped


        GET / HTTP/1.0


        """)

    static let expected: [HTTPRequest] = [
        HTTPRequest(
            method: "GET", target: "/events?channel=a",
            fields: [
                "Host": "localhost:8080", "Accept": "text/event-stream", "User-Agent": "curl/8",
            ]),
        HTTPRequest(
            method: "POST", target: "/a", fields: ["Host": "[::1]:80", "Content-Length": "5"],
            body: Array("hello".utf8)),
        HTTPRequest(
            method: "POST", target: "/b", fields: ["Host": "h", "Transfer-Encoding": "Chunked"],
            body: Array("Wiki0123456789".utf8)),
        HTTPRequest(method: "GET", target: "/", version: .http10),
    ]

    @Test func `pipelined requests are returned in order`() {
        let outcome = requests(Self.pipeline)
        #expect(outcome.failure == nil)
        #expect(outcome.values == Self.expected)
    }

    @Test(arguments: 0...pipeline.count)
    func `the same bytes give the same requests in any pieces`(_ cut: Int) {
        #expect(requests(Self.pipeline, cuts: [cut]).values == Self.expected)
        #expect(requests(Self.pipeline, cuts: [cut / 2, cut]).values == Self.expected)
    }

    @Test func `the same bytes give the same requests byte by byte`() {
        let outcome = requests(Self.pipeline, cuts: Array(0..<Self.pipeline.count))
        #expect(outcome.values == Self.expected)
    }

    @Test func `a parser is idle between requests but not inside one`() throws {
        var parser = HTTPRequestParser(limits: HTTPLimits())
        #expect(parser.isIdle)
        let bytes = lines("POST / HTTP/1.1\nHost: h\nContent-Length: 2\n\nab")
        for (index, byte) in bytes.enumerated() {
            parser.append([byte].span)
            let request = try parser.next()
            #expect((request != nil) == (index == bytes.count - 1))
            #expect(parser.isIdle == (request != nil))
            #expect(parser.isReadingBody == (index >= bytes.count - 3 && request == nil))
        }
    }

    @Test func `one empty line before a request is skipped`() {
        let request = lines("GET / HTTP/1.1\nHost: h\n\n")
        #expect(requests(lines("\n") + request).values.count == 1)
        #expect(requests(lines("\n") + request + lines("\n") + request).values.count == 2)
        #expect(requests(lines("\n\n") + request).failure == .malformedStartLine)
    }

    @Test func `a client that expects 100 Continue is reported once, before its body`() throws {
        var parser = HTTPRequestParser(limits: HTTPLimits())
        let head = lines(
            "POST / HTTP/1.1\nHost: h\nContent-Length: 2\nExpect: 100-Continue\n\n")
        var noticed = [parser.takeExpectsContinue()]
        parser.append(head.span)
        #expect(try parser.next() == nil)
        noticed += [parser.takeExpectsContinue(), parser.takeExpectsContinue()]
        parser.append(Array("ab".utf8).span)
        #expect(try parser.next()?.body == Array("ab".utf8))
        parser.append((head + Array("a".utf8)).span)
        #expect(try parser.next() == nil)
        noticed += [parser.takeExpectsContinue()]
        #expect(noticed == [false, true, false, false])
    }

    @Test func `bytes after an upgrade request are returned as the remainder`() throws {
        var parser = HTTPRequestParser(limits: HTTPLimits())
        let head = lines("GET / HTTP/1.1\nHost: h\nUpgrade: websocket\n\n")
        parser.append((head + [0x81, 0x00]).span)
        #expect(try parser.next() != nil)
        #expect(parser.takeRemainder() == [0x81, 0x00])
        #expect(parser.isIdle)
    }

    @Test(arguments: [
        ("GET", "http://example.org/a?b", "/a?b", "example.org"),
        ("GET", "HTTP://example.org:80", "/", "example.org:80"),
        ("GET", "https://[2001:db8::1]?q", "/?q", "[2001:db8::1]"),
        ("OPTIONS", "*", "*", "h"),
        ("GET", "//double", "//double", "h"),
    ])
    func `each form of target is converted to the origin form`(
        _ method: String, _ target: String, _ originForm: String, _ host: String
    ) throws {
        let outcome = requests(lines("\(method) \(target) HTTP/1.1\nHost: h\n\n"))
        let request = try #require(outcome.values.first)
        #expect(request.target == originForm)
        #expect(request.fields.all("host") == [host])
    }

    @Test func `path and query are split at the first question mark`() {
        let request = HTTPRequest(method: "GET", target: "/a%2Fb?c=?d")
        #expect(request.path == "/a%2Fb")
        #expect(request.query == "c=?d")
        #expect(HTTPRequest(method: "GET", target: "/a").query == nil)
        #expect(HTTPRequest(method: "GET", target: "/a?").query == "")
    }

    @Test(
        arguments: [
            (HTTPVersion.http11, nil, true), (.http11, "close", false),
            (.http11, "x, Close", false),
            (.http10, nil, false), (.http10, "Keep-Alive", true),
            (.http10, "keep-alive, close", false),
        ] as [(HTTPVersion, String?, Bool)])
    func `the version and Connection decide if the connection is kept`(
        _ version: HTTPVersion, _ connection: String?, _ isKept: Bool
    ) {
        var request = HTTPRequest(method: "GET", target: "/", version: version)
        if let connection { request.fields.add("Connection", connection) }
        #expect(request.keepsAlive == isKept)
    }

    @Test func `a later minor version is handled as 1.1`() {
        let outcome = requests(lines("GET / HTTP/1.9\nHost: h\n\n"))
        #expect(outcome.values.first?.version == .http11)
    }

    @Test func `invalid UTF-8 in a value is replaced`() {
        let bytes = lines("GET / HTTP/1.1\nHost: h\nX: ") + [0xFF, 0x0D, 0x0A, 0x0D, 0x0A]
        #expect(requests(bytes).values.first?.fields.first("x") == "\u{FFFD}")
    }
}
