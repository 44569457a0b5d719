// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// Clients that read their answer slowly, but never stop: `PASSERELLE_STALL` does not cover them.
struct SlowAnswerAttackTests {
    private static let group = "presence-bail-group"

    @Test func `answers read a few bytes at a time end after the answer time`() throws {
        let fixture = try EndToEndFixture()
        let harness = try AttackHarness(
            fixture, variables: ["PASSERELLE_ANSWER_TIME": "2s", "PASSERELLE_STALL": "1h"])
        let usual = harness.server.onMessage
        let members = (0..<3_000).map {
            ChannelMember(userID: "user-\($0)", userInfo: Array(#"{"name":"a name"}"#.utf8))
        }
        harness.server.onMessage = { connection, message in
            guard case .subscribe(Self.group, _, _) = message else {
                usual?(connection, message)
                return
            }
            connection.send(.subscriptionSucceeded(channel: Self.group, members: members))
        }
        let count = AttackHarness.isWhole ? 1_000 : 100
        try harness.expectReadersUnaffected("slowly read answers") {
            let clients = try (0..<count).map { _ in
                try StalledClient(harness.gateway.http, "/channels/\(Self.group)/members")
            }
            // At this pace, an answer would take minutes.
            try fixture.wait(for: "the end of all answers") {
                for client in clients { _ = client.take(64) }
                let status = try harness.gateway.status()
                return try status.number(["served", "limited", "answer_time"]) == count
            }
            for client in clients { client.close() }
        }
    }
}
