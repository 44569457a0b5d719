// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A hostile Channels server that sends more member data than the gateway can hold.
struct MemberAttackTests {
    private static let group = "presence-bail-group"
    private let fixture: EndToEndFixture

    init() throws {
        fixture = try EndToEndFixture()
    }

    @Test func `members with a megabyte of data each cost no more than the limit`() throws {
        let harness = try AttackHarness(fixture, variables: ["PASSERELLE_MEMORY": "16MiB"])
        #expect(try harness.gateway.get("/poll?channel=\(Self.group)").status == 200)
        let info = Array("{\"x\":\"\(String(repeating: "y", count: 1_000_000))\"}".utf8)
        let count = AttackHarness.isWhole ? 200 : 60
        try harness.expectReadersUnaffected("large members", growth: 64 * 1024) {
            for number in 0..<count {
                let member = ChannelMember(userID: "user-\(number)", userInfo: info)
                let joined = ServerMessage.memberAdded(channel: Self.group, member).encoded()
                #expect(harness.send(joined, on: Self.group), "member \(number)")
                // The server's connection queues no more than a few of these messages.
                guard number % 3 == 2 || number == count - 1 else { continue }
                try fixture.wait(for: "member \(number)") {
                    try harness.gateway.members(of: Self.group).count == number + 1
                }
            }
        }
        #expect(try harness.gateway.members(of: Self.group).values.allSatisfy { $0 == "null" })
        let status = try harness.gateway.status()
        #expect(try status.number(["log", "member_infos_dropped"]) == count)
        #expect(try status.number(["log", "member_bytes"]) <= 4 << 20)
        #expect(harness.gateway.process.errors.contains("member data exceeds a limit"))
    }

    @Test func `repeated lists of thousands of new members leave the journal on`() throws {
        let harness = try AttackHarness(
            fixture, variables: ["PASSERELLE_STATE_DIR": fixture.directory.file("state")])
        #expect(try harness.gateway.get("/poll?channel=\(Self.group)").status == 200)
        try harness.expectReadersUnaffected("lists of members", growth: 160 * 1024) {
            for round in 0..<(AttackHarness.isWhole ? 100 : 15) {
                let members = (0..<9_000).map { ChannelMember(userID: "user-\(round)-\($0)") }
                let list = ServerMessage.subscriptionSucceeded(
                    channel: Self.group, members: members)
                #expect(harness.send(list.encoded(), on: Self.group))
                try fixture.wait(for: "an answer") {
                    try harness.gateway.get("/healthz").status == 200
                }
            }
            // The last list is applied, though up to a second later.
            let last = "user-\(AttackHarness.isWhole ? 99 : 14)-8999"
            try fixture.wait(for: "the last list") {
                let body = try harness.gateway.get("/channels/\(Self.group)/members").body
                return String(decoding: body, as: UTF8.self).contains("\"\(last)\"")
            }
        }
        let status = try harness.gateway.status()
        #expect(try status.string(["journal", "state"]) == "on")
        #expect(try status.number(["journal", "failures"]) == 0)
        #expect(!harness.gateway.process.errors.contains("journalling is off"))
    }
}
