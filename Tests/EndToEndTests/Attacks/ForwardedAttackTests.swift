// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

/// A client behind a trusted proxy that exceeds its request rate and sends as many `Forwarded` hops
/// as fit.
struct ForwardedAttackTests {
    private static let requests = 300

    private static func fields(_ name: String, _ front: String, of bytes: Int) -> String {
        let count = bytes / front.utf8.count
        return "\(name): \(String(repeating: front, count: count))"
    }

    @Test func `a refused request with endless hops costs no more than one with meaningless bytes`()
        throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_TRUSTED_PROXIES": "127.0.0.1", "PASSERELLE_REQUEST_RATE": "1",
                "PASSERELLE_REQUEST_BURST": "1", "PASSERELLE_LOG": "info",
            ])
        let own = "192.0.2.1"
        let padding = Self.fields("X-Padding", "x", of: 15_000)
        let plain = try cost(fixture, gateway, padding + "\r\nX-Forwarded-For: \(own)")
        for fields in [
            Self.fields("X-Forwarded-For", ",", of: 15_000) + own,
            Self.fields("X-Forwarded-For", "9.9.9.9,", of: 15_000) + own,
            Self.fields("Forwarded", "for=9.9.9.9,", of: 15_000) + "for=\(own)",
            Self.fields("Forwarded", "for=\"9.9.9.9\";by=\",\",", of: 15_000) + "for=\(own)",
        ] {
            let ticks = try cost(fixture, gateway, fields)
            #expect(ticks <= 4 * plain + 10, "\(ticks) and \(plain): \(fields.prefix(40))")
        }
    }

    /// The processor time of the gateway, in ticks, for requests of which all but the first are
    /// refused.
    private func cost(_ fixture: EndToEndFixture, _ gateway: GatewayProcess, _ fields: String)
        throws -> Int
    {
        let before = try processorTicks(of: gateway.process.pid)
        let head = "GET /poll?channel=presence-bail-1 HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n"
        let all = String(repeating: head + "\r\n", count: Self.requests - 1)
        let client = RawClient(fixture, gateway.http, all + head + "Connection: close\r\n\r\n")
        try fixture.wait(for: "the answers") { client.recorder.isEnded }
        let refused = client.recorder.text.split(separator: "HTTP/1.1 429 ").count
        #expect(refused > Self.requests / 2, "\(client.recorder.text.prefix(200))")
        return try processorTicks(of: gateway.process.pid) - before
    }
}
