// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Clients that hold on to connections and do nothing with them.
@Suite(.timeLimit(.minutes(10)))
struct SlowPeerAttackTests {
    private static let tooLate =
        #"{"error":"request-timeout","message":"The request took too long to come."}"# + "\n"
    private static let post =
        "POST /channels/presence-bail-0/events HTTP/1.1\r\nHost: localhost\r\n"
        + "Content-Type: application/json\r\n"

    private let stage: Stage
    private let town: Town

    init() throws {
        stage = try Stage()
        town = try Town(
            stage, variables: ["PASSERELLE_HEADER_TIME": "4s", "PASSERELLE_BODY_TIME": "4s"])
    }

    /// Connects a crowd, each with these first bytes, and waits until all are in.
    private func crowd(_ count: Int, _ beginning: String) throws -> [RawClient] {
        var clients: [RawClient] = []
        while clients.count < count {
            for _ in 0..<min(250, count - clients.count) {
                clients.append(RawClient(stage, town.gateway.http, beginning))
            }
            try stage.wait(for: "\(clients.count) connections") {
                clients.allSatisfy { $0.recorder.isOpened || $0.recorder.isEnded }
            }
        }
        return clients
    }

    /// Each is told so and cut; those who say nothing at all are just cut.
    private func expectCut(_ clients: [RawClient], isTold: Bool) throws {
        try stage.wait(for: "the end of the crowd") {
            clients.allSatisfy(\.recorder.isEnded)
        }
        for client in clients.prefix(20) {
            let text = client.recorder.text
            #expect(text.hasPrefix(isTold ? "HTTP/1.1 408 Request Timeout\r\n" : ""))
            #expect(isTold ? text.hasSuffix("\r\n\r\n" + Self.tooLate) : text.isEmpty, "\(text)")
        }
    }

    /// Sends a piece more from each, again and again, until all are cut.
    private func trickle(_ clients: [RawClient], _ piece: String) throws {
        var next = ContinuousClock.now
        try stage.wait(for: "the end of the crowd") {
            if ContinuousClock.now > next {
                for client in clients where !client.recorder.isEnded { client.send(piece) }
                next = .now + .milliseconds(250)
            }
            return clients.allSatisfy(\.recorder.isEnded)
        }
    }

    @Test func `heads that come byte by byte`() throws {
        try town.endure("slow heads") {
            let clients = try crowd(Town.isWhole ? 2_000 : 200, "GET /events HTTP/1.1\r\n")
            try trickle(clients, "X: y\r\n")
            try expectCut(clients, isTold: true)
        }
    }

    @Test func `bodies that come byte by byte`() throws {
        try town.endure("slow bodies") {
            let count = Town.isWhole ? 1_000 : 100
            let sized = try crowd(count, Self.post + "Content-Length: 10000\r\n\r\n{")
            let chunked = try crowd(count, Self.post + "Transfer-Encoding: chunked\r\n\r\n")
            try trickle(sized + chunked, "1\r\n \r\n")
            try expectCut(sized + chunked, isTold: true)
        }
    }

    @Test func `connections on which nothing is ever sent`() throws {
        try town.endure("half-open connections") {
            let clients = try crowd(Town.isWhole ? 10_000 : 1_500, "")
            try expectCut(clients, isTold: false)
        }
    }

    @Test func `readers that take nothing`() throws {
        let flood = "presence-bail-flood"
        var slow: [PlainStream] = []
        try town.endure("slow readers") {
            let target = "/events?channel=\(flood)"
            slow = (0..<(Town.isWhole ? 500 : 50)).map { _ in
                PlainStream(stage, town.gateway.http, target, isPaused: true)
            }
            let witness = StreamClient(stage, town.gateway.http, target)
            witness.keepsAll = false
            try stage.wait(for: "a reader of the flood") { !witness.snapshots.isEmpty }
            let padding = Array("\"\(String(repeating: "x", count: 20_000))\"".utf8)
            let text = ServerMessage.event(
                channel: flood, name: "new-message", data: padding, userID: nil
            ).encoded()
            var said = 0
            try stage.wait(for: "the flood, after \(witness.count)", within: .seconds(240)) {
                while said < 400, said - witness.count < 8, town.say(text, on: flood) { said += 1 }
                return witness.count == 400
            }
            witness.close()
        }
        slow[0].resume()
        try stage.wait(for: "a gap in what a slow reader is told") {
            slow[0].has(#""reason":"evicted""#)
        }
        for stream in slow { stream.close() }
    }
}
