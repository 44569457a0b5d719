// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleHub

/// The users that are remembered after they left: the recipients of a message that names no
/// recipients.
struct SeenMembersTests {
    private static let month = 30 * 86_400_000

    private func seen(_ userID: String, at milliseconds: Int, isPresent: Bool) -> SeenMember {
        SeenMember(
            Member(userID: userID, userInfo: nil),
            time: WallTime(milliseconds: Int64(milliseconds)), isPresent: isPresent)
    }

    private func users(_ members: SeenMembers, of channel: String = "c") -> [String] {
        members.members(of: channel).map(\.member.userID)
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func `a user that left is remembered for thirty days`(milliseconds: Int, isRemembered: Bool) {
        var members = SeenMembers()
        members.observe(seen("anne", at: 0, isPresent: true), on: "c")
        members.observe(seen("bob", at: 0, isPresent: true), on: "c")
        _ = members.left("anne", of: "c", at: WallTime(milliseconds: 5_000))
        members.expire(at: WallTime(milliseconds: Int64(5_000 + Self.month + milliseconds)))
        // Bob came before that, and never left.
        #expect(users(members) == (isRemembered ? ["anne", "bob"] : ["bob"]))
        #expect(members.count == (isRemembered ? 2 : 1))
    }

    @Test(arguments: [2, 3, 4])
    func `the number of remembered users is limited until others expire`(number: Int) {
        var members = SeenMembers(limit: 3)
        for user in 0..<number {
            members.observe(seen("u\(user)", at: user, isPresent: false), on: "c\(user)")
        }
        #expect(members.count == min(number, 3) && members.names.count == min(number, 3))
        // A known user is renewed all the same, and is not counted twice.
        members.observe(seen("u0", at: 9, isPresent: true), on: "c0")
        #expect(members.count == min(number, 3))
        members.expire(at: WallTime(milliseconds: Int64(Self.month + 10)))
        #expect(members.count == 1 && users(members, of: "c0") == ["u0"])
        members.observe(seen("new", at: 9, isPresent: true), on: "c")
        #expect(users(members) == ["new"])
    }

    @Test func `a gateway that runs for a month forgets users that left at its start`() {
        let fixture = HubFixture()
        _ = fixture.attach("c")
        fixture.hub.subscribed(
            "c", members: ["anne", "bob"].map { Member(userID: $0, userInfo: nil) },
            at: moment(0))
        fixture.hub.expire(at: moment(1))
        fixture.hub.memberRemoved("c", userID: "anne", at: moment(10))
        let month = 30 * 86_400
        for hour in stride(from: 3600, to: month, by: 3600) { fixture.hub.expire(at: moment(hour)) }
        fixture.hub.expire(at: moment(month))
        #expect(users(fixture.hub.seenMembers) == ["anne", "bob"])
        // All users are examined once an hour.
        fixture.hub.expire(at: moment(month + 3600))
        #expect(users(fixture.hub.seenMembers) == ["bob"])
    }

    @Test(arguments: [(2, 2), (3, 3), (4, 3)])
    func `the number of users per channel is limited, and the first to leave is forgotten`(
        number: Int, count: Int
    ) {
        var members = SeenMembers(channelLimit: 3)
        for user in 0..<number {
            members.observe(seen("u\(user)", at: user, isPresent: false), on: "c")
            members.observe(seen("u\(user)", at: user, isPresent: false), on: "d\(user)")
        }
        #expect(users(members) == (number - count..<number).map { "u\($0)" })
        #expect(members.count == count + number)
        // Users that are present are not forgotten for others.
        var present = SeenMembers(channelLimit: 3)
        for user in 0..<number {
            present.observe(seen("u\(user)", at: user, isPresent: true), on: "c")
        }
        #expect(users(present) == (0..<count).map { "u\($0)" })
    }

    @Test(arguments: [(-1, ["bob"]), (0, ["anne", "bob"]), (1, ["anne", "bob"])])
    func `the byte limit of remembered users is exact`(more: Int, kept: [String]) {
        let both = ["anne", "bob"].map { seen($0, at: 1, isPresent: false) }
        let cost = both.reduce(0) { $0 + $1.cost(on: "c") }
        var members = SeenMembers(byteLimit: cost + more)
        for seen in both { members.observe(seen, on: "c") }
        #expect(users(members) == kept && members.bytes <= cost + more)
        // A user that is renewed is counted once.
        for seen in both { members.observe(seen, on: "c") }
        #expect(members.bytes <= cost + more && members.count == kept.count)
        members.setByteLimit(0)
        #expect(members.count == 0 && members.bytes == 0)
    }

    @Test func `if there is no room for the user_info, only the id is remembered`() {
        let large = Member(userID: "anne", userInfo: [UInt8](repeating: 0x31, count: 5_000))
        var members = SeenMembers(byteLimit: 1_000)
        members.observe(
            SeenMember(large, time: WallTime(milliseconds: 1), isPresent: true), on: "c")
        #expect(members.members(of: "c").map(\.member) == [Member(userID: "anne", userInfo: nil)])
    }

    @Test func `a user that comes and goes repeatedly costs no more than once`() {
        var members = SeenMembers()
        for round in 0..<100_000 {
            members.observe(seen("u\(round % 10)", at: round, isPresent: true), on: "c")
            _ = members.left("u\(round % 10)", of: "c", at: WallTime(milliseconds: Int64(round)))
        }
        let departures = members.departureCount
        #expect(members.count == 10 && departures.all <= 2 * 10 + 1025)
        #expect(departures.ofChannels <= 2 * 10 + 65)
    }

    /// All users left at the same time, so their order is the order of the calls.
    @Test func `the users that left first are forgotten, one for each new user`() {
        var members = SeenMembers(channelLimit: 10)
        for user in 0..<9 { members.observe(seen("u\(user)", at: 0, isPresent: true), on: "c") }
        for user in (0..<9).reversed() {
            _ = members.left("u\(user)", of: "c", at: WallTime(milliseconds: 5))
        }
        for user in 0..<4 { members.observe(seen("v\(user)", at: 6, isPresent: true), on: "c") }
        #expect(users(members) == (0..<6).map { "u\($0)" } + (0..<4).map { "v\($0)" })
        // A user that came back and left again is forgotten last.
        members.observe(seen("u5", at: 7, isPresent: true), on: "c")
        _ = members.left("u5", of: "c", at: WallTime(milliseconds: 8))
        for user in 4..<9 { members.observe(seen("v\(user)", at: 9, isPresent: true), on: "c") }
        #expect(users(members) == ["u5"] + (0..<9).map { "v\($0)" })
    }

    /// Each list replaces nine thousand users; its cost must not depend on how many have left.
    @Test func `a list that replaces another costs at most a few times as much as the first`() {
        var members = SeenMembers()
        func take(_ round: Int) -> Duration {
            let start = ContinuousClock.now
            for user in 0..<9_000 where round > 0 {
                _ = members.left(
                    "r\(round - 1)-\(user)", of: "c", at: WallTime(milliseconds: 5))
            }
            for user in 0..<9_000 {
                members.observe(seen("r\(round)-\(user)", at: 6, isPresent: true), on: "c")
            }
            return ContinuousClock.now - start
        }
        let first = take(0)
        let others = (1..<4).map(take)
        #expect(others.min() ?? .zero < first * 8, "\(first) and \(others)")
        #expect(members.count == SeenMembers.channelLimit)
    }
}
