// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Requests that two servers would delimit differently: each gets one exact answer, and the
/// connection ends.
struct SmugglingAttackTests {
    /// A request, its answer, and the number of further requests that are answered after it.
    private struct Trick {
        let bytes: String
        let status: String
        let word: String
        let message: String

        init(_ bytes: String, _ status: String, _ message: String, _ word: String = "bad-request") {
            self.bytes = bytes
            self.status = status
            self.word = word
            self.message = message
        }
    }

    private static let post = "POST /poll HTTP/1.1\r\nHost: localhost\r\n"
    private static let get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
    /// A request that must never be answered: it is part of a body, or follows an ambiguous
    /// request.
    private static let hidden = "GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"

    private static let twice = "The length of the body is given more than once."
    private static let notANumber = "Content-Length is not a number."
    private static let coding = "Transfer-Encoding is malformed."
    private static let size = "A chunk size is malformed."
    private static let line = "A line must end with CR LF."

    private static let lengths = [
        Trick(
            post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
            "400 Bad Request", twice),
        Trick(
            post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + hidden,
            "400 Bad Request", twice),
        Trick(
            post + "Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + hidden, "400 Bad Request",
            twice),
        Trick(
            post + "Content-Length: 0\r\ncontent-length: 0\r\n\r\n" + hidden, "400 Bad Request",
            twice),
        Trick(post + "Content-Length: 0, 44\r\n\r\n" + hidden, "400 Bad Request", twice),
        Trick(post + "Content-Length: +0\r\n\r\n" + hidden, "400 Bad Request", notANumber),
        Trick(post + "Content-Length: 0x0\r\n\r\n" + hidden, "400 Bad Request", notANumber),
        Trick(post + "Content-Length:\r\n\r\n" + hidden, "400 Bad Request", notANumber),
        Trick(post + "Content-Length: \u{660}\r\n\r\n" + hidden, "400 Bad Request", notANumber),
        Trick(post + "Content-Length: -1\r\n\r\n" + hidden, "400 Bad Request", notANumber),
    ]

    private static let codings = [
        Trick(
            post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + hidden,
            "400 Bad Request", coding),
        Trick(
            post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + hidden,
            "400 Bad Request", coding),
        Trick(
            post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + hidden, "501 Not Implemented",
            "Only the transfer coding chunked is supported.", "not-supported"),
        Trick(
            post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + hidden, "400 Bad Request",
            "A space before the colon of a field is not allowed."),
        Trick(
            post + "Transfer-Encoding:\u{0B}chunked\r\n\r\n0\r\n\r\n" + hidden, "400 Bad Request",
            "The byte 11 is not allowed in a message's head."),
        Trick(
            "POST /poll HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden,
            "400 Bad Request", coding),
    ]

    private static let chunks = [
        "-1\r\n", "+1\r\n", "0x1\r\n", "1 \r\nx\r\n0\r\n\r\n", " 1\r\nx\r\n", "\r\n", ";\r\n",
        "g\r\n", "10000000000000000\r\n", "FFFFFFFFFFFFFFFF\r\n",
    ].map {
        Trick(post + "Transfer-Encoding: chunked\r\n\r\n\($0)" + hidden, "400 Bad Request", size)
    }

    private static let lineEnds = [
        Trick(
            get + "X: y\r\n folded: z\r\n\r\n" + hidden, "400 Bad Request",
            "A field must not be folded over several lines."),
        Trick(
            get + "X: y\r\n\tTransfer-Encoding: chunked\r\n\r\n" + hidden, "400 Bad Request",
            "A field must not be folded over several lines."),
        Trick(get + "X: a\rContent-Length: 44\r\n\r\n" + hidden, "400 Bad Request", line),
        Trick(get + "X: a\nContent-Length: 44\r\n\r\n" + hidden, "400 Bad Request", line),
        Trick(get + "X: a\r\n\n" + hidden, "400 Bad Request", line),
        Trick(
            get + "X: a\0b\r\n\r\n" + hidden, "400 Bad Request",
            "The byte 0 is not allowed in a message's head."),
        Trick(
            post + "Transfer-Encoding: chunked\r\n\r\n1\nx\n0\n\n" + hidden, "400 Bad Request",
            size),
        Trick(
            post + "Transfer-Encoding: chunked\r\n\r\n1\r\nxy0\r\n\r\n" + hidden,
            "400 Bad Request", "A chunk is not followed by CR LF."),
        Trick(
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n" + hidden,
            "400 Bad Request", "The Host field occurs more than once."),
        Trick(
            "GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n" + hidden, "400 Bad Request",
            "The Host field is malformed."),
        Trick(
            "GET /healthz\tHTTP/1.1\r\nHost: localhost\r\n\r\n" + hidden, "400 Bad Request",
            "The request target is malformed."),
        Trick(
            "CONNECT evil:443 HTTP/1.1\r\nHost: evil:443\r\n\r\n" + hidden, "501 Not Implemented",
            "CONNECT is not supported.", "not-supported"),
    ]

    /// Requests that are answered, with the statuses of all answers in order.
    private static let cuts: [(bytes: String, statuses: [Int])] = [
        // A second request inside a body is part of the body.
        (
            post + "Content-Length: \(hidden.utf8.count)\r\n\r\n" + hidden + get + "\r\n",
            [405, 200]
        ),
        (
            post + "Transfer-Encoding: chunked\r\n\r\n"
                + String(hidden.utf8.count, radix: 16) + ";a=b\r\n" + hidden
                + "\r\n0\r\nX: GET /hidden HTTP/1.1\r\n\r\n" + get + "\r\n", [405, 200]
        ),
        // A GET may have a body too.
        (get + "Content-Length: \(hidden.utf8.count)\r\n\r\n" + hidden + get + "\r\n", [200, 200]),
        // Two requests get two answers.
        (get + "\r\n" + get + "\r\n", [200, 200]),
    ]

    private func answer(_ fixture: EndToEndFixture, _ harness: AttackHarness, _ bytes: String)
        throws -> String
    {
        let client = RawClient(fixture, harness.gateway.http, bytes)
        try fixture.wait(for: "the end after \(bytes)") { client.recorder.isEnded }
        return client.recorder.text
    }

    @Test func `an ambiguous request is answered once, to the byte, and later requests are not`()
        throws
    {
        let fixture = try EndToEndFixture()
        let harness = try AttackHarness(fixture)
        try harness.expectReadersUnaffected("smuggling") {
            for trick in Self.lengths + Self.codings + Self.chunks + Self.lineEnds {
                let body = #"{"error":"\#(trick.word)","message":"\#(trick.message)"}"# + "\n"
                let expected =
                    "HTTP/1.1 \(trick.status)\r\nContent-Type: application/json\r\n"
                    + "Cache-Control: no-store\r\nContent-Length: \(body.utf8.count)\r\n"
                    + "Connection: close\r\n\r\n" + body
                let text = try answer(fixture, harness, trick.bytes)
                #expect(text == expected, "\(trick.bytes.debugDescription): \(text)")
            }
            for (bytes, statuses) in Self.cuts {
                let text = try answer(
                    fixture, harness, bytes + Self.get + "Connection: close\r\n\r\n")
                let found = text.split(separator: "HTTP/1.1 ").map { Int($0.prefix(3)) ?? 0 }
                #expect(found == statuses + [200], "\(bytes): \(text)")
            }
        }
    }
}
