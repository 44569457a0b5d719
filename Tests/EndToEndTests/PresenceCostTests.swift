// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// What readers cost in connections to Channels, as README's formula says it.
@Suite(.timeLimit(.minutes(5)))
struct PresenceCostTests {
    @Test func `as many connections as users of one channel, and one: no more, and no longer`()
        throws
    {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(stage, upstreamPort: sandbox.port)
        func stream(_ channel: Int, _ user: String) -> StreamClient {
            StreamClient(
                stage, gateway.http, "/events?channel=presence-bail-\(channel)&user=\(user)")
        }
        /// How many connections Channels counts, the observer's among them.
        func connections() throws -> Int {
            let answer = try stage.request(sandbox.address, "GET", "/sandbox/state")
            return try JSONText(answer.body).elements(["connections"]).count
        }
        func members(_ channel: Int) throws -> Int {
            try sandbox.users(of: "presence-bail-\(channel)").count
        }

        // The notary is the same person everywhere, with two tabs on the first lease.
        let leases = 20
        let few =
            (0..<leases).flatMap { [stream($0, "notary"), stream($0, "client-\($0)")] }
            + [stream(0, "notary")]
        try stage.wait(for: "two members on each lease") {
            try (0..<leases).allSatisfy { try members($0) == 2 }
        }
        try stage.wait(for: "three connections") { try connections() == 3 }
        let status = try gateway.status()
        #expect(try status.number(["presence", "connections"]) == 2)
        #expect(try status.number(["presence", "members"]) == 2 * leases)

        let many = (0..<12).map { stream(leases, "user-\($0)") }
        try stage.wait(for: "twelve members") { try members(leases) == 12 }
        try stage.wait(for: "thirteen connections") { try connections() == 13 }
        for stream in many { stream.close() }
        // Behind their grace.
        try stage.wait(for: "three connections again") { try connections() == 3 }
        #expect(try members(leases) == 0 && members(0) == 2)
        #expect(few.allSatisfy { $0.end == nil })
    }
}
