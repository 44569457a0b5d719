// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Requests over each limit of size: refused at the first byte too many, with an exact answer.
struct OversizeAttackTests {
    private let fixture: EndToEndFixture
    private let harness: AttackHarness

    init() throws {
        fixture = try EndToEndFixture()
        harness = try AttackHarness(fixture)
    }

    private static func many(_ count: Int, _ text: String) -> String {
        String(repeating: text, count: count)
    }

    private static func get(_ target: String, _ fields: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)Connection: close\r\n\r\n"
    }

    private static func post(_ target: String, _ rest: String) -> String {
        "POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Connection: close\r\n" + rest
    }

    private static func sent(_ body: String) -> String {
        post(
            "/channels/presence-bail-0/events?user=anne",
            "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
    }

    private static let channels = (0..<101).map { "channel=presence-bail-\($0)" }
        .joined(separator: "&")
    private static let head = "The head is larger than 16384 bytes."
    private static let notJSON = "The body is not JSON."

    /// A request and its answer: status, code and message.
    private static let cases: [(bytes: String, status: Int, word: String, message: String)] = [
        (get("/healthz", "X: \(many(16_400, "y"))\r\n"), 431, "head-too-large", head),
        (get("/\(many(16_400, "y"))"), 431, "head-too-large", head),
        (many(20_000, "Y"), 431, "head-too-large", head),
        (
            get("/healthz", many(99, "X: y\r\n")), 431, "head-too-large",
            "There are more than 100 fields."
        ),
        (
            post("/poll", "Content-Length: 10241\r\n\r\n"), 413, "too-large",
            "The body is larger than 10240 bytes."
        ),
        (
            post("/poll", "Content-Length: \(many(40, "9"))\r\n\r\n"), 413, "too-large",
            "The body is larger than 10240 bytes."
        ),
        (
            post("/poll", "Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n"), 413,
            "too-large", "The body is larger than 10240 bytes."
        ),
        (
            post(
                "/poll",
                "Transfer-Encoding: chunked\r\n\r\n" + many(11, "400\r\n\(many(1024, "x"))\r\n")),
            413, "too-large", "The body is larger than 10240 bytes."
        ),
        (
            post("/poll", "Transfer-Encoding: chunked\r\n\r\n1;\(many(20_000, "x"))"), 400,
            "bad-request", "A chunk size is malformed."
        ),
        (
            post("/poll", "Transfer-Encoding: chunked\r\n\r\n0\r\nX: \(many(5_000, "y"))\r\n"),
            431, "head-too-large", "The trailer section is larger than 4096 bytes."
        ),
        (
            get("/poll?\(channels)"), 400, "bad-channel", "A request names at most 100 channels."
        ),
        (
            get("/poll?channel=\(many(165, "x"))"), 400, "bad-channel",
            "A channel name must be 1 to 164 of A-Z a-z 0-9 _-=@,.;"
        ),
        (
            get("/poll?channel=presence-bail-0&\(many(2048, "a&"))"), 400, "bad-query",
            "The query has more than 2048 items."
        ),
        (
            get("/poll?channel=presence-bail-0&user=\(many(129, "x"))"), 400, "bad-user",
            "user must have 1 to 128 characters and no control characters."
        ),
        (
            get(
                "/poll?channel=presence-bail-0&user=x&user_info=%7B%22a%22:%22\(many(1024, "x"))%22%7D"
            ),
            400, "bad-user", "user and user_info have at most 1024 bytes together."
        ),
        (sent(many(65, "[") + many(65, "]")), 400, "bad-body", notJSON),
        (sent(many(10_000, "[")), 400, "bad-body", notJSON),
        (sent(many(2_000, #"{"a":"#)), 400, "bad-body", notJSON),
        (
            sent(#"{"event":"client-typing","data":\#(many(64, "["))\#(many(64, "]"))}"#), 400,
            "bad-body", notJSON
        ),
    ]

    @Test func `each oversized part is refused with its own code`() throws {
        try harness.expectReadersUnaffected("oversized requests") {
            for (bytes, status, word, message) in Self.cases {
                let client = RawClient(fixture, harness.gateway.http, bytes)
                try fixture.wait(for: "the answer to \(bytes.prefix(90))") {
                    client.recorder.isEnded
                }
                let text = client.recorder.text
                let body = #"{"error":"\#(word)","message":"\#(message)"}"# + "\n"
                #expect(text.hasPrefix("HTTP/1.1 \(status) "), "\(bytes.prefix(90)): \(text)")
                #expect(text.hasSuffix("\r\n\r\n" + body), "\(bytes.prefix(90)): \(text)")
            }
        }
    }

    @Test func `a reader with a hundred channels receives them, and other readers are not delayed`()
        throws
    {
        try harness.expectReadersUnaffected("a hundred channels each") {
            let target =
                "/events?"
                + Self.channels.split(separator: "&").dropLast()
                .joined(separator: "&")
            let streams = (0..<(AttackHarness.isWhole ? 30 : 10)).map { _ in
                StreamClient(fixture, harness.gateway.http, target)
            }
            try fixture.wait(for: "all snapshots") {
                streams.allSatisfy { $0.snapshots.count == 100 }
            }
            for stream in streams { stream.close() }
        }
    }

    @Test func `a line that never ends is refused once, and the connection continues`() throws {
        let line = RawClient(fixture.loop, .unix(path: harness.gateway.ipc), Array("PING\n".utf8))
        try fixture.wait(for: "a pong") { line.recorder.text == "OK PING\n" }
        try harness.expectReadersUnaffected("endless lines") {
            for _ in 0..<(AttackHarness.isWhole ? 4_000 : 200) {
                line.send(Self.many(60_000, "x"))
                try fixture.wait(for: "room") { line.hasSent }
            }
            line.send("\nPING\n")
            try fixture.wait(for: "the second pong") {
                line.recorder.text.hasSuffix("\nOK PING\n")
            }
        }
        let expected = "OK PING\nERR too-large The line is longer than 65536 bytes.\nOK PING\n"
        #expect(line.recorder.text == expected)
        line.close()
    }
}
