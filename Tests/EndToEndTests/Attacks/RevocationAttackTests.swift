// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A service of this host that keeps revoking users that do not exist.
struct RevocationAttackTests {
    private static let limit = 1_000
    private static let attempts = 60_000
    /// The number of commands sent before waiting for their answers.
    private static let batch = 1_000

    @Test func `revocations of invented users are kept up to the limit, and readers are served`()
        throws
    {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: [
                "PASSERELLE_AUTH": "token",
                "PASSERELLE_TOKEN_KEY": "0123456789abcdef0123456789abcdef",
                "PASSERELLE_MAX_REVOCATIONS": "\(Self.limit)",
            ])
        let before = try gateway.residentKiB
        let line = LineClient(fixture, path: gateway.ipc)
        let name = String(repeating: "x", count: 100)
        for first in stride(from: 0, to: Self.attempts, by: Self.batch) {
            for number in first..<first + Self.batch { line.send("REVOKE \(name)\(number)") }
            try fixture.wait(for: "answers to \(first + Self.batch) commands") {
                line.replies.count == first + Self.batch || line.end != nil
            }
            try #require(line.end == nil && line.failure == nil)
            if first % 10_000 == 0 { #expect(try gateway.get("/healthz").status == 200) }
        }
        let refused = line.replies.count {
            if case .error("rate-limited", let text) = $0 {
                text.contains("PASSERELLE_MAX_REVOCATIONS")
            } else {
                false
            }
        }
        #expect(refused == Self.attempts - Self.limit)
        let status = try gateway.status()
        #expect(try status.number(["served", "limited", "revocations"]) == refused)
        // Without a limit, sixty thousand revocations would take more than thirty megabytes.
        #expect(try gateway.residentKiB - before < 16_384 || !Sanitizer.leavesMemory)
        line.close()
    }
}
