// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Clients that request much and read nothing, and clients that keep sending without reading
/// answers.
struct OutputAttackTests {
    private static let flood = "presence-bail-flood"
    private static let group = "presence-bail-group"

    private let fixture: EndToEndFixture
    private let harness: AttackHarness

    init() throws {
        fixture = try EndToEndFixture()
        harness = try AttackHarness(fixture, variables: ["PASSERELLE_MAX_OUTPUT": "16 MiB"])
    }

    private func limited(_ word: String) throws -> Double {
        Double(try harness.gateway.status().number(["served", "limited", word]))
    }

    /// Clients that send the same request and do not read the answer.
    private func askers(_ count: Int, _ target: String) throws -> [StalledClient] {
        let before = try requests()
        var clients: [StalledClient] = []
        for _ in 0..<count {
            clients.append(try StalledClient(harness.gateway.http, target))
            if clients.count % 50 == 0 { try fixture.loop.runOnce(timeout: .zero) }
        }
        try fixture.wait(for: "\(count) requests") {
            try requests() >= before + count
        }
        return clients
    }

    /// The number of connections that the gateway has accepted; each sends a request at once.
    private func requests() throws -> Int {
        let status = try harness.gateway.status()
        return Int(try status.number(["readers", "http_connections"]))
            + Int(try status.number(["served", "limited", "output"]))
    }

    @Test func `answers to polls that no client reads`() throws {
        var clients: [StalledClient] = []
        try harness.expectReadersUnaffected("unread polls", growth: 32 * 1024) {
            let witness = StreamClient(
                fixture, harness.gateway.http, "/events?channel=\(Self.flood)")
            try fixture.wait(for: "a reader of the flood") { !witness.snapshots.isEmpty }
            let padding = Array("\"\(String(repeating: "x", count: 20_000))\"".utf8)
            let text = ServerMessage.event(
                channel: Self.flood, name: "new-message", data: padding, userID: nil
            ).encoded()
            var published = 0
            try fixture.wait(for: "the flood, after \(witness.count)") {
                while published < 24, published - witness.count < 8,
                    harness.send(text, on: Self.flood)
                {
                    published += 1
                }
                return witness.count == 24
            }
            witness.close()
            clients = try askers(
                AttackHarness.isWhole ? 2_000 : 300, "/poll?channel=\(Self.flood)&after=earliest")
        }
        #expect(try limited("output") == 0, "the answers share the log's entries")
        for client in clients { client.close() }
    }

    @Test func `member lists that no client reads`() throws {
        let usual = harness.server.onMessage
        harness.server.onMessage = { connection, message in
            guard case .subscribe(Self.group, _, _) = message else {
                usual?(connection, message)
                return
            }
            let members = (0..<3_000).map {
                ChannelMember(userID: "user-\($0)", userInfo: Array(#"{"name":"someone"}"#.utf8))
            }
            connection.send(.subscriptionSucceeded(channel: Self.group, members: members))
        }
        var clients: [StalledClient] = []
        try harness.expectReadersUnaffected("unread member lists") {
            clients = try askers(
                AttackHarness.isWhole ? 2_000 : 400, "/channels/\(Self.group)/members")
        }
        #expect(try limited("output") > 0)
        for client in clients { client.close() }
    }

    @Test func `a hundred kilobytes after a request that waits`() throws {
        let one =
            "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "
            + String(repeating: "x", count: 900) + "\r\n\r\n"
        let text =
            "GET /poll?channel=\(Self.flood)&after=now&wait=55 HTTP/1.1\r\nHost: localhost\r\n\r\n"
            + String(repeating: one, count: 136)
        var clients: [RawClient] = []
        try harness.expectReadersUnaffected("pipelined bytes", growth: 32 * 1024) {
            let count = AttackHarness.isWhole ? 2_000 : 400
            let before = try requests()
            clients = (0..<count).map { _ in RawClient(fixture, harness.gateway.http, text) }
            try fixture.wait(for: "\(count) polls") {
                try requests() >= before + count
                    && clients.allSatisfy(\.recorder.isOpened)
            }
        }
        for client in clients { client.close() }
    }
}
