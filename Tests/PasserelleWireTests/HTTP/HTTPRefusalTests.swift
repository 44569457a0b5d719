// SPDX-License-Identifier: MIT

import PasserelleWire
import Testing

struct HTTPRefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let bytes: [UInt8]
        let error: HTTPError

        init(_ text: String, _ error: HTTPError) {
            bytes = Array(text.utf8)
            self.error = error
        }

        var testDescription: String { String(decoding: bytes, as: UTF8.self).debugDescription }
    }

    static let host = "Host: h\r\n"
    static let get = "GET / HTTP/1.1\r\n" + host
    static let post = "POST / HTTP/1.1\r\n" + host
    static let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

    static let startLines: [Case] = [
        Case("GET  / HTTP/1.1\r\n" + host + "\r\n", .malformedTarget),
        Case("GET / HTTP/1.1 \r\n" + host + "\r\n", .malformedStartLine),
        Case("GET /  HTTP/1.1\r\n" + host + "\r\n", .malformedStartLine),
        Case(" GET / HTTP/1.1\r\n" + host + "\r\n", .malformedMethod),
        Case("GET\t/ HTTP/1.1\r\n" + host + "\r\n", .malformedMethod),
        Case("G@T / HTTP/1.1\r\n" + host + "\r\n", .malformedMethod),
        Case("GET/ HTTP/1.1\r\n" + host + "\r\n", .malformedMethod),
        Case("GET /\r\n" + host + "\r\n", .malformedStartLine),
        Case("GET\r\n" + host + "\r\n", .malformedStartLine),
        Case("GET / http/1.1\r\n" + host + "\r\n", .malformedStartLine),
        Case("GET / HTTP/1\r\n" + host + "\r\n", .malformedStartLine),
        Case("GET / HTTP/11.1\r\n" + host + "\r\n", .malformedStartLine),
        Case("GET / HTTP/1.10\r\n" + host + "\r\n", .malformedStartLine),
        Case("GET / HTTP/2.0\r\n" + host + "\r\n", .unsupportedVersion),
        Case("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .unsupportedVersion),
        Case("GET / HTTP/0.9\r\n" + host + "\r\n", .unsupportedVersion),
        Case("GET / HTTP/1.1\n" + host + "\r\n", .bareLineEnd),
        Case("\nGET / HTTP/1.1\r\n" + host + "\r\n", .bareLineEnd),
        Case("GET / HTTP/1.1\r\r\n" + host + "\r\n", .bareLineEnd),
        Case("GET /\r HTTP/1.1\r\n" + host + "\r\n", .malformedStartLine),
        Case("GET /a\u{0}b HTTP/1.1\r\n" + host + "\r\n", .forbiddenByte(0)),
        Case("GET /é HTTP/1.1\r\n" + host + "\r\n", .forbiddenByte(0xC3)),
        Case("GET /a#b HTTP/1.1\r\n" + host + "\r\n", .malformedTarget),
        Case("\u{16}\u{3}\u{1}\r\n\r\n", .forbiddenByte(0x16)),
    ]

    static let targets: [Case] = [
        Case("CONNECT h:443 HTTP/1.1\r\n" + host + "\r\n", .tunnelRefused),
        Case("GET * HTTP/1.1\r\n" + host + "\r\n", .malformedTarget),
        Case("GET h:443 HTTP/1.1\r\n" + host + "\r\n", .malformedTarget),
        Case("GET a HTTP/1.1\r\n" + host + "\r\n", .malformedTarget),
        Case("GET ftp://h/ HTTP/1.1\r\n" + host + "\r\n", .malformedTarget),
        Case("GET http:/h HTTP/1.1\r\n" + host + "\r\n", .malformedTarget),
        Case("GET http:/// HTTP/1.1\r\n" + host + "\r\n", .malformedTarget),
        Case("GET http://u@h/ HTTP/1.1\r\n" + host + "\r\n", .malformedTarget),
        Case("GET / HTTP/1.1\r\n\r\n", .missingHost),
        Case("GET / HTTP/1.1\r\n" + host + host + "\r\n", .repeatedHost),
        Case("GET / HTTP/1.0\r\n" + host + "host: i\r\n\r\n", .repeatedHost),
        Case("GET / HTTP/1.1\r\nHost:\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: h:8x\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: h:123456\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: []\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", .malformedHost),
        Case("GET / HTTP/1.1\r\nHost: :80\r\n\r\n", .malformedHost),
    ]

    static let fields: [Case] = [
        Case(get + "A : b\r\n\r\n", .spaceBeforeColon),
        Case(get + "A\t: b\r\n\r\n", .spaceBeforeColon),
        Case(get + "A b: c\r\n\r\n", .malformedFieldName),
        Case(get + ": b\r\n\r\n", .malformedFieldName),
        Case(get + "A\r\n\r\n", .malformedFieldName),
        Case(get + "A(: b\r\n\r\n", .malformedFieldName),
        Case(get + "é: b\r\n\r\n", .malformedFieldName),
        Case(get + "A: b\r\n c\r\n\r\n", .foldedField),
        Case(get + "A: b\r\n\tc\r\n\r\n", .foldedField),
        Case("GET / HTTP/1.1\r\n A: b\r\n" + host + "\r\n", .foldedField),
        Case(get + "A: b\n\r\n", .bareLineEnd),
        Case(get + "A: b\rC: d\r\n\r\n", .bareLineEnd),
        Case(get + "A: b\r\r\n\r\n", .bareLineEnd),
        Case(get + "A: b\n\n", .bareLineEnd),
        Case(get + "A: b\r\n\n", .bareLineEnd),
        Case(get + "A\r: b\r\n\r\n", .bareLineEnd),
        Case(get + "A: b\u{0}\r\n\r\n", .forbiddenByte(0)),
        Case(get + "A\u{0}: b\r\n\r\n", .forbiddenByte(0)),
        Case(get + "A: \u{1B}[31m\r\n\r\n", .forbiddenByte(0x1B)),
        Case(get + "A: \u{7F}\r\n\r\n", .forbiddenByte(0x7F)),
    ]

    static let lengths: [Case] = [
        Case(post + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", .conflictingLengths),
        Case(post + "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", .conflictingLengths),
        Case(post + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", .conflictingLengths),
        Case(post + "Content-Length: 1\r\nContent-Length: 1\r\n\r\n", .conflictingLengths),
        Case(post + "Content-Length: 1, 1\r\n\r\n", .conflictingLengths),
        Case(post + "Content-Length:\r\n\r\n", .malformedLength),
        Case(post + "Content-Length: +1\r\n\r\n", .malformedLength),
        Case(post + "Content-Length: -1\r\n\r\n", .malformedLength),
        Case(post + "Content-Length: 0x1\r\n\r\n", .malformedLength),
        Case(post + "Content-Length: 1 1\r\n\r\n", .malformedLength),
        Case(post + "Content-Length: 1.0\r\n\r\n", .malformedLength),
        Case(post + "Content-Length: ١\r\n\r\n", .malformedLength),
        Case(
            post + "Content-Length: 99999999999999999999999\r\n\r\n", .bodyTooLarge(limit: 10_240)),
        Case(post + "Content-Length: 99999999999999999999999x\r\n\r\n", .malformedLength),
        Case(post + "Transfer-Encoding: gzip, chunked\r\n\r\n", .unsupportedTransferCoding),
        Case(post + "Transfer-Encoding: identity\r\n\r\n", .unsupportedTransferCoding),
        Case(post + "Transfer-Encoding: xchunked\r\n\r\n", .unsupportedTransferCoding),
        Case(post + "Transfer-Encoding: chunked;a\r\n\r\n", .unsupportedTransferCoding),
        Case(post + "Transfer-Encoding: \"chunked\"\r\n\r\n", .unsupportedTransferCoding),
        Case(post + "Transfer-Encoding: chunked, chunked\r\n\r\n", .malformedTransferCoding),
        Case(post + "Transfer-Encoding: chunked, gzip\r\n\r\n", .malformedTransferCoding),
        Case(post + "Transfer-Encoding:\r\n\r\n", .malformedTransferCoding),
        Case(post + "Transfer-Encoding: chunked,\r\n\r\n", .malformedTransferCoding),
        Case(
            post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            .malformedTransferCoding),
        Case(
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .malformedTransferCoding),
    ]

    static let chunks: [Case] = [
        Case(chunked + "\r\n", .malformedChunkSize),
        Case(chunked + "+1\r\na\r\n", .malformedChunkSize),
        Case(chunked + "-1\r\na\r\n", .malformedChunkSize),
        Case(chunked + "0x1\r\na\r\n", .malformedChunkSize),
        Case(chunked + " 1\r\na\r\n", .malformedChunkSize),
        Case(chunked + "1 \r\na\r\n", .malformedChunkSize),
        Case(chunked + "1 ;a\r\na\r\n", .malformedChunkSize),
        Case(chunked + "1\t\r\na\r\n", .malformedChunkSize),
        Case(chunked + "g\r\n", .malformedChunkSize),
        Case(chunked + ";a\r\n", .malformedChunkSize),
        Case(chunked + "1\na\r\n", .malformedChunkSize),
        Case(chunked + "1\ra\r\n", .bareLineEnd),
        Case(chunked + "1;a\nb\r\na\r\n", .malformedChunkSize),
        Case(chunked + "1;a\u{0}b\r\na\r\n", .malformedChunkSize),
        Case(chunked + "8000000000000000\r\n", .malformedChunkSize),
        Case(chunked + "FFFFFFFFFFFFFFFFF\r\n", .malformedChunkSize),
        Case(chunked + "10000000000000001\r\n", .malformedChunkSize),
        Case(chunked + "7FFFFFFFFFFFFFFF\r\n", .bodyTooLarge(limit: 10_240)),
        Case(chunked + "1\r\nab\r\n", .malformedChunkEnd),
        Case(chunked + "1\r\na\n", .malformedChunkEnd),
        Case(chunked + "1\r\na\rb", .malformedChunkEnd),
        Case(chunked + "0\r\nA : b\r\n\r\n", .spaceBeforeColon),
        Case(chunked + "0\r\n b\r\n\r\n", .foldedField),
        Case(chunked + "0\r\nA: b\n\r\n", .bareLineEnd),
        Case(chunked + "0\r\n\n", .bareLineEnd),
        Case(chunked + "0\r\nA: \u{0}\r\n\r\n", .forbiddenByte(0)),
    ]

    @Test(arguments: startLines + targets + fields + lengths + chunks)
    func `a malformed request is refused whole, cut at any byte, and byte by byte`(_ sample: Case) {
        #expect(requests(sample.bytes).failure == sample.error)
        #expect(requests(sample.bytes).values.isEmpty)
        for cut in sample.bytes.indices {
            let outcome = requests(sample.bytes, cuts: [cut])
            #expect(outcome == Outcome(failure: sample.error))
        }
        let slow = requests(sample.bytes, cuts: Array(sample.bytes.indices))
        #expect(slow == Outcome(failure: sample.error))
    }

    @Test func `after an error every call throws it, and no bytes are held`() {
        var parser = HTTPRequestParser(limits: HTTPLimits())
        parser.append(Array("GET\n".utf8).span)
        #expect(throws: HTTPError.bareLineEnd) { try parser.next() }
        parser.append(lines("GET / HTTP/1.1\nHost: h\n\n").span)
        #expect(throws: HTTPError.bareLineEnd) { try parser.next() }
        #expect(parser.isIdle)
    }

    @Test func `each error has a status and a sentence`() {
        let cases = Self.startLines + Self.targets + Self.fields + Self.lengths + Self.chunks
        for sample in cases {
            #expect([400, 413, 431, 501, 505].contains(sample.error.status))
            #expect(sample.error.message.hasSuffix("."))
        }
        #expect(HTTPError.headTooLarge(limit: 1).status == 431)
        #expect(HTTPError.tooManyFields(limit: 1).status == 431)
        #expect(HTTPError.bodyTooLarge(limit: 1).status == 413)
        #expect(HTTPError.unsupportedTransferCoding.status == 501)
        #expect(HTTPError.unsupportedVersion.status == 505)
    }
}
