// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// The connections to Channels that readers need, by the formula in deploy/README.md.
struct PresenceCostTests {
    private let fixture: EndToEndFixture
    private let sandbox: SandboxProcess

    init() throws {
        fixture = try EndToEndFixture()
        sandbox = try SandboxProcess(fixture)
    }

    /// The number of connections at Channels, the observer's included.
    private func connections() throws -> Int {
        let answer = try fixture.request(sandbox.address, "GET", "/sandbox/state")
        return try JSONText(answer.body).elements(["connections"]).count
    }

    private func members(_ channel: Int) throws -> Int {
        try sandbox.users(of: "presence-bail-\(channel)").count
    }

    @Test func `the connections are the users of the largest channel and one, and end with them`()
        throws
    {
        let gateway = try GatewayProcess(fixture, upstreamPort: sandbox.port)
        func stream(_ channel: Int, _ user: String) -> StreamClient {
            StreamClient(
                fixture, gateway.http, "/events?channel=presence-bail-\(channel)&user=\(user)")
        }

        // The notary is one user on every channel, and has two tabs on the first one.
        let channelCount = 20
        let few =
            (0..<channelCount).flatMap { [stream($0, "notary"), stream($0, "client-\($0)")] }
            + [stream(0, "notary")]
        try fixture.wait(for: "two members on each channel") {
            try (0..<channelCount).allSatisfy { try members($0) == 2 }
        }
        try fixture.wait(for: "three connections") { try connections() == 3 }
        let status = try gateway.status()
        #expect(try status.number(["presence", "connections"]) == 2)
        #expect(try status.number(["presence", "members"]) == 2 * channelCount)

        let many = (0..<12).map { stream(channelCount, "user-\($0)") }
        try fixture.wait(for: "twelve members") { try members(channelCount) == 12 }
        try fixture.wait(for: "thirteen connections") { try connections() == 13 }
        for stream in many { stream.close() }
        // After their grace period.
        try fixture.wait(for: "three connections again") { try connections() == 3 }
        #expect(try members(channelCount) == 0 && members(0) == 2)
        #expect(few.allSatisfy { $0.end == nil })
    }
}
