// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A flood of network tests, which need no credentials.
struct DiagnoseAttackTests {
    private let fixture: EndToEndFixture

    init() throws {
        fixture = try EndToEndFixture()
    }

    private func open(
        _ harness: AttackHarness, _ target: String, from address: String
    ) -> RawClient {
        RawClient(
            fixture, harness.gateway.http,
            "GET \(target) HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: \(address)\r\n\r\n")
    }

    @Test func `test streams and polls take no more than their limits, and readers go on`() throws {
        let harness = try AttackHarness(
            fixture,
            variables: [
                "PASSERELLE_TRUSTED_PROXIES": "127.0.0.1", "PASSERELLE_MAX_DIAGNOSES": "100",
                "PASSERELLE_MAX_DIAGNOSES_PER_ADDRESS": "40",
            ],
            fields: { ["X-Forwarded-For": "198.51.100.\($0 + 1)"] })
        let count = AttackHarness.isWhole ? 4_000 : 600
        var clients: [RawClient] = []
        try harness.expectReadersUnaffected("network tests") {
            for number in 0..<count {
                let target = number % 2 == 0 ? "/diagnose/stream?for=75" : "/diagnose/poll?wait=55"
                clients.append(open(harness, target, from: "192.0.2.\(number % 2 + 1)"))
                if number % 100 == 99 { try fixture.rest(.milliseconds(50)) }
            }
            // Streams are open, polls wait; everything beyond the limit is refused.
            try fixture.wait(for: "an answer to each refused request") {
                clients.count { $0.recorder.text.contains("too-many-diagnoses") } == count - 80
            }
            // Another address has the rest.
            for _ in 0..<21 {
                clients.append(open(harness, "/diagnose/stream?for=75", from: "192.0.2.9"))
            }
            try fixture.wait(for: "the refusal of the last") {
                clients.count { $0.recorder.text.hasPrefix("HTTP/1.1 503") } == 1
                    && clients.count { $0.recorder.text.contains(#"{"n":0,"#) } == 60
            }
        }
        let status = try harness.gateway.status()
        #expect(try status.number(["served", "limited", "diagnoses_per_address"]) == count - 80)
        #expect(try status.number(["served", "limited", "diagnoses"]) == 1)
        for client in clients { client.close() }
        try fixture.wait(for: "room for a test") {
            let answer = try harness.gateway.get("/diagnose/poll?wait=0")
            return answer.status == 200
        }
    }
}
