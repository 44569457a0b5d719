// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPWriterTests {
    @Test func `a request has a length if it has a body or its method expects one`() {
        let get = HTTPRequest(method: "GET", target: "/a?b", fields: ["Host": "h"])
        #expect(HTTPWriter.request(get) == lines("GET /a?b HTTP/1.1\nHost: h\n\n"))
        let post = HTTPRequest(
            method: "POST", target: "/", fields: ["Host": "h", "content-length": "9"])
        #expect(
            HTTPWriter.request(post) == lines("POST / HTTP/1.1\nHost: h\nContent-Length: 0\n\n"))
        let old = HTTPRequest(
            method: "DELETE", target: "/", body: Array("x".utf8), version: .http10)
        #expect(HTTPWriter.request(old) == lines("DELETE / HTTP/1.0\nContent-Length: 1\n\nx"))
    }

    @Test func `no text can break the request line`() {
        let request = HTTPRequest(method: "G E\r\nT", target: "/ \r\né")
        #expect(HTTPWriter.request(request) == lines("GET /%20%0D%0A%C3%A9 HTTP/1.1\n\n"))
    }

    @Test func `encoded messages survive parsing`() {
        let request = HTTPRequest(
            method: "POST", target: "/x?y=%20", fields: ["Host": "h:1", "A": "b", "A": "c"],
            body: Array(0...255))
        let read = requests(HTTPWriter.request(request)).values.first
        #expect(read?.body == request.body)
        #expect(read?.target == request.target)
        #expect(read?.fields.all("a") == ["b", "c"])
        let response = HTTPResponse(status: 418, fields: ["A": "b"], body: Array(0...255))
        let answer = responses(HTTPWriter.response(response, keepAlive: true)).values.first
        #expect(answer?.status == 418)
        #expect(answer?.body == response.body)
    }

    @Test(arguments: [
        (HTTPVersion.http11, true, ""), (.http11, false, "Connection: close\n"),
        (.http10, true, "Connection: keep-alive\n"), (.http10, false, "Connection: close\n"),
    ])
    func `a response has the Connection field for its version`(
        _ version: HTTPVersion, _ keepAlive: Bool, _ line: String
    ) {
        let response = HTTPResponse(status: 200, fields: ["A": "b"], body: Array("hi".utf8))
        let bytes = HTTPWriter.response(response, version: version, keepAlive: keepAlive)
        #expect(bytes == lines("HTTP/1.1 200 OK\nA: b\nContent-Length: 2\n\(line)\nhi"))
    }

    @Test func `a response has a body only if its status and method allow one`() {
        let body = Array("hi".utf8)
        func written(_ status: Int, isHEAD: Bool = false, _ fields: HTTPFields = [:]) -> [UInt8] {
            HTTPWriter.response(
                HTTPResponse(status: status, fields: fields, body: body), keepAlive: true,
                isHEAD: isHEAD)
        }
        #expect(written(204) == lines("HTTP/1.1 204 No Content\n\n"))
        #expect(written(304) == lines("HTTP/1.1 304 Not Modified\n\n"))
        #expect(written(200, isHEAD: true) == lines("HTTP/1.1 200 OK\nContent-Length: 2\n\n"))
        #expect(
            written(200, ["Content-Length": "9", "Transfer-Encoding": "chunked"])
                == lines("HTTP/1.1 200 OK\nContent-Length: 2\n\nhi"))
        let head = HTTPResponse(status: 200, fields: ["Content-Length": "9"])
        #expect(
            HTTPWriter.response(head, keepAlive: true, isHEAD: true)
                == lines("HTTP/1.1 200 OK\nContent-Length: 9\n\n"))
        let upgrade = HTTPResponse(status: 101, fields: ["Connection": "Upgrade"])
        #expect(
            HTTPWriter.response(upgrade, keepAlive: false)
                == lines("HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\n\n"))
        #expect(
            HTTPWriter.response(HTTPResponse(status: 404), keepAlive: true)
                == lines("HTTP/1.1 404 Not Found\nContent-Length: 0\n\n"))
    }

    @Test func `a stream is chunked for 1.1 and ends by closing for 1.0`() {
        let fields: HTTPFields = ["Content-Type": "text/event-stream"]
        #expect(
            HTTPWriter.streamHead(status: 200, fields: fields, version: .http11)
                == lines(
                    "HTTP/1.1 200 OK\nContent-Type: text/event-stream\n"
                        + "Transfer-Encoding: chunked\n\n"))
        #expect(
            HTTPWriter.streamHead(status: 200, fields: fields, version: .http10)
                == lines(
                    "HTTP/1.1 200 OK\nContent-Type: text/event-stream\nConnection: close\n\n"))
    }

    @Test func `encoded chunks survive parsing`() {
        var bytes = HTTPWriter.streamHead(status: 200, fields: [:], version: .http11)
        for count in [1, 0, 15, 16, 300] {
            HTTPWriter.chunk([UInt8](repeating: 0x61, count: count).span, into: &bytes)
        }
        bytes += HTTPWriter.lastChunk
        #expect(responses(bytes).values.first?.body.count == 332)
    }
}
