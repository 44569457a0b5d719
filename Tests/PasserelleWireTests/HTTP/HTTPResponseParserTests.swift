// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPResponseParserTests {
    static let stream = lines(
        """
        HTTP/1.1 100 Continue

        HTTP/1.1 103 Early Hints
        Link: </a>

        HTTP/1.1 200 OK
        Content-Length: 5

        helloHTTP/1.1 204 No Content

        HTTP/1.1 304 Not Modified
        Content-Length: 7
        ETag: "x"

        HTTP/1.1 200 Fine, really
        Transfer-Encoding: chunked

        3
        abc
        2
        de
        0

        HTTP/1.0 404 \nConnection: close

        gone
        """)

    static let expected: [HTTPResponse] = [
        HTTPResponse(status: 200, fields: ["Content-Length": "5"], body: Array("hello".utf8)),
        HTTPResponse(status: 204),
        HTTPResponse(status: 304, fields: ["Content-Length": "7", "ETag": "\"x\""]),
        HTTPResponse(
            status: 200, fields: ["Transfer-Encoding": "chunked"], body: Array("abcde".utf8)),
        HTTPResponse(
            status: 404, fields: ["Connection": "close"], body: Array("gone".utf8),
            version: .http10),
    ]

    @Test(arguments: 0...stream.count)
    func `the same bytes give the same responses in any pieces`(_ cut: Int) {
        let outcome = responses(Self.stream, cuts: [cut], closing: true)
        #expect(outcome.failure == nil)
        #expect(outcome.values == Self.expected)
    }

    @Test func `the same bytes give the same responses byte by byte`() {
        let cuts = Array(Self.stream.indices)
        #expect(responses(Self.stream, cuts: cuts, closing: true).values == Self.expected)
    }

    @Test func `a response to HEAD has no body, but the next response can have one`() throws {
        var parser = HTTPResponseParser()
        let bytes = lines("HTTP/1.1 200 OK\nContent-Length: 3\n\n")
        parser.requestWasHEAD()
        parser.append((bytes + bytes + Array("abc".utf8)).span)
        #expect(try parser.next()?.body == [])
        #expect(try parser.next()?.body == Array("abc".utf8))
        #expect(try parser.closedByPeer() == nil)
    }

    @Test func `bytes after a 101 are left for the next protocol`() throws {
        var parser = HTTPResponseParser()
        let bytes = lines("HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\n\n")
        parser.append((bytes + [0x81, 0x01, 0x61]).span)
        #expect(try parser.next()?.status == 101)
        #expect(try parser.next() == nil)
        #expect(parser.takeRemainder() == [0x81, 0x01, 0x61])
        #expect(try parser.closedByPeer() == nil)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\nContent-Length: 3\n\nab", "HTTP/1.1 200 OK\nContent-Len", "HTTP",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n1\na\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n",
    ])
    func `a connection that ends inside a response throws an error`(_ text: String) {
        #expect(responses(lines(text), closing: true).failure == .cutShort)
    }

    @Test(
        arguments: [
            ("HTTP/1.1 20 OK\n\n", .malformedStartLine),
            ("HTTP/1.1 2000 OK\n\n", .malformedStartLine),
            ("HTTP/1.1  200 OK\n\n", .malformedStartLine),
            ("HTTP/1.1 099 OK\n\n", .malformedStartLine),
            ("HTTP/1.1 2x0 OK\n\n", .malformedStartLine), ("HTTP/1.1\n\n", .malformedStartLine),
            ("ICY 200 OK\n\n", .malformedStartLine), ("\n", .malformedStartLine),
            ("HTTP/2 200\n\n", .malformedStartLine), ("HTTP/2.0 200 OK\n\n", .unsupportedVersion),
            ("HTTP/1.1 200 O\u{0}K\n\n", .forbiddenByte(0)),
            ("HTTP/1.1 200 OK\nA : b\n\n", .spaceBeforeColon),
            ("HTTP/1.1 200 OK\nA: b\n c\n\n", .foldedField),
            ("HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\n", .conflictingLengths),
            (
                "HTTP/1.1 200 OK\nContent-Length: 1\nTransfer-Encoding: chunked\n\n",
                .conflictingLengths
            ),
            ("HTTP/1.1 200 OK\nTransfer-Encoding: gzip\n\n", .unsupportedTransferCoding),
            ("HTTP/1.1 200 OK\nContent-Length: 10241\n\n", .bodyTooLarge(limit: 10_240)),
        ] as [(String, HTTPError)])
    func `a malformed response is refused`(_ text: String, _ error: HTTPError) {
        let bytes = lines(text)
        for cuts in [[], Array(bytes.indices)] {
            #expect(responses(bytes, cuts: cuts) == Outcome(failure: error))
        }
    }

    @Test(arguments: [-1, 0, 1]) func `a body that ends with the connection is limited`(
        _ over: Int
    ) {
        let limits = HTTPLimits(bodyBytes: 30)
        let bytes = lines("HTTP/1.1 200 OK\n\n") + [UInt8](repeating: 0x61, count: 30 + over)
        let outcome = responses(bytes, limits: limits, closing: true)
        #expect(outcome.failure == (over > 0 ? .bodyTooLarge(limit: 30) : nil))
        #expect(outcome.values.first?.body.count == (over > 0 ? nil : 30 + over))
    }

    @Test func `a status line may lack its reason and the space before it`() {
        let outcome = responses(lines("HTTP/1.1 200\nContent-Length: 0\n\n"))
        #expect(outcome.values == [HTTPResponse(status: 200, fields: ["Content-Length": "0"])])
    }
}

struct HTTPResponseStreamParserTests {
    @Test func `an endless body is returned in parts`() throws {
        var parser = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
        parser.append(lines("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nab").span)
        let head = HTTPResponse(status: 200, fields: ["Transfer-Encoding": "chunked"])
        #expect(try parser.next() == .head(head))
        #expect(try parser.next() == .body(Array("ab".utf8)))
        #expect(try parser.next() == nil)
        parser.append(lines("c\n1\nd\n0\n\n").span)
        #expect(try parser.next() == .body(Array("cd".utf8)))
        #expect(try parser.next() == .end)
        #expect(try parser.next() == nil)
    }

    @Test func `a body without a length ends with the connection`() throws {
        var parser = HTTPResponseStreamParser(limits: HTTPLimits(bodyBytes: .max))
        parser.append(lines("HTTP/1.1 200 OK\n\ndata").span)
        #expect(try parser.next() == .head(HTTPResponse(status: 200)))
        #expect(try parser.next() == .body(Array("data".utf8)))
        #expect(try parser.next() == nil)
        try parser.closedByPeer()
        #expect(try parser.next() == .end)
        #expect(try parser.next() == nil)
    }
}
