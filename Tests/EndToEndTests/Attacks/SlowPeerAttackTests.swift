// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Clients that keep connections open and idle.
struct SlowPeerAttackTests {
    private static let tooLate =
        #"{"error":"request-timeout","message":"The request did not arrive in time."}"# + "\n"
    private static let post =
        "POST /channels/presence-bail-0/events HTTP/1.1\r\nHost: localhost\r\n"
        + "Content-Type: application/json\r\n"

    private let fixture: EndToEndFixture
    private let harness: AttackHarness

    init() throws {
        fixture = try EndToEndFixture()
        harness = try AttackHarness(
            fixture,
            variables: [
                "PASSERELLE_HEADER_TIME": "4s", "PASSERELLE_BODY_TIME": "4s",
                "PASSERELLE_STALL": "1h",
            ])
    }

    /// Opens `count` connections, each with these first bytes, and waits until all are open.
    private func group(_ count: Int, _ beginning: String) throws -> [RawClient] {
        var clients: [RawClient] = []
        while clients.count < count {
            for _ in 0..<min(250, count - clients.count) {
                clients.append(RawClient(fixture, harness.gateway.http, beginning))
            }
            try fixture.wait(for: "\(clients.count) connections") {
                clients.allSatisfy { $0.recorder.isOpened || $0.recorder.isEnded }
            }
        }
        return clients
    }

    /// Checks that each client was cut.
    ///
    /// If `isAnswered` is true, each must have received the 408 answer; a client that sent no byte
    /// is cut without an answer.
    private func expectCut(_ clients: [RawClient], isAnswered: Bool) throws {
        try fixture.wait(for: "the end of the clients") {
            clients.allSatisfy(\.recorder.isEnded)
        }
        for client in clients.prefix(20) {
            let text = client.recorder.text
            #expect(text.hasPrefix(isAnswered ? "HTTP/1.1 408 Request Timeout\r\n" : ""))
            #expect(
                isAnswered ? text.hasSuffix("\r\n\r\n" + Self.tooLate) : text.isEmpty, "\(text)")
        }
    }

    /// Sends a further piece from each client, repeatedly, until all are cut.
    private func trickle(_ clients: [RawClient], _ piece: String) throws {
        var next = ContinuousClock.now
        try fixture.wait(for: "the end of the clients") {
            if ContinuousClock.now > next {
                for client in clients where !client.recorder.isEnded { client.send(piece) }
                next = .now + .milliseconds(250)
            }
            return clients.allSatisfy(\.recorder.isEnded)
        }
    }

    @Test func `heads that arrive byte by byte`() throws {
        try harness.expectReadersUnaffected("slow heads") {
            let clients = try group(AttackHarness.isWhole ? 2_000 : 200, "GET /events HTTP/1.1\r\n")
            try trickle(clients, "X: y\r\n")
            try expectCut(clients, isAnswered: true)
        }
    }

    @Test func `bodies that arrive byte by byte`() throws {
        try harness.expectReadersUnaffected("slow bodies") {
            let count = AttackHarness.isWhole ? 1_000 : 100
            let sized = try group(count, Self.post + "Content-Length: 10000\r\n\r\n{")
            let chunked = try group(count, Self.post + "Transfer-Encoding: chunked\r\n\r\n")
            try trickle(sized + chunked, "1\r\n \r\n")
            try expectCut(sized + chunked, isAnswered: true)
        }
    }

    @Test func `connections on which no byte is ever sent`() throws {
        try harness.expectReadersUnaffected("half-open connections") {
            let clients = try group(AttackHarness.isWhole ? 10_000 : 1_500, "")
            try expectCut(clients, isAnswered: false)
        }
    }

    @Test func `readers that take nothing`() throws {
        let flood = "presence-bail-flood"
        var slow: [PlainStream] = []
        try harness.expectReadersUnaffected("slow readers") {
            let target = "/events?channel=\(flood)"
            slow = (0..<(AttackHarness.isWhole ? 500 : 50)).map { _ in
                PlainStream(fixture, harness.gateway.http, target, isPaused: true)
            }
            let witness = StreamClient(fixture, harness.gateway.http, target)
            witness.keepsAll = false
            try fixture.wait(for: "a reader of the flood") { !witness.snapshots.isEmpty }
            let padding = Array("\"\(String(repeating: "x", count: 20_000))\"".utf8)
            let text = ServerMessage.event(
                channel: flood, name: "new-message", data: padding, userID: nil
            ).encoded()
            var published = 0
            try fixture.wait(for: "the flood, after \(witness.count)") {
                while published < 400, published - witness.count < 8, harness.send(text, on: flood)
                {
                    published += 1
                }
                return witness.count == 400
            }
            witness.close()
        }
        slow[0].resume()
        try fixture.wait(for: "a gap at a slow reader") {
            slow[0].has(#""reason":"evicted""#)
        }
        for stream in slow { stream.close() }
    }
}
