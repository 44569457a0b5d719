// SPDX-License-Identifier: MIT
import Testing

@testable import PasserelleHub

/// Who is remembered after they went: the recipients of a message that names none.
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
    func `who went is remembered for thirty days`(milliseconds: Int, isRemembered: Bool) {
        var members = SeenMembers()
        members.saw(seen("anne", at: 0, isPresent: true), on: "c")
        members.saw(seen("bob", at: 0, isPresent: true), on: "c")
        _ = members.left("anne", of: "c", at: WallTime(milliseconds: 5_000))
        members.expire(at: WallTime(milliseconds: Int64(5_000 + Self.month + milliseconds)))
        // Bob came before that, and never went.
        #expect(users(members) == (isRemembered ? ["anne", "bob"] : ["bob"]))
        #expect(members.count == (isRemembered ? 2 : 1))
    }

    @Test(arguments: [2, 3, 4])
    func `so many are remembered, and others once there is room`(number: Int) {
        var members = SeenMembers(limit: 3)
        for user in 0..<number {
            members.saw(seen("u\(user)", at: user, isPresent: false), on: "c\(user)")
        }
        #expect(members.count == min(number, 3) && members.names.count == min(number, 3))
        // One who is known is renewed all the same, and nobody is counted twice.
        members.saw(seen("u0", at: 9, isPresent: true), on: "c0")
        #expect(members.count == min(number, 3))
        members.expire(at: WallTime(milliseconds: Int64(Self.month + 10)))
        #expect(members.count == 1 && users(members, of: "c0") == ["u0"])
        members.saw(seen("new", at: 9, isPresent: true), on: "c")
        #expect(users(members) == ["new"])
    }

    @Test func `a gateway that runs for a month forgets who left at its beginning`() {
        let scene = Scene()
        _ = scene.attach("c")
        scene.hub.subscribed(
            "c", members: ["anne", "bob"].map { Member(userID: $0, userInfo: nil) },
            at: moment(0))
        scene.hub.expire(at: moment(1))
        scene.hub.memberRemoved("c", userID: "anne", at: moment(10))
        let month = 30 * 86_400
        for hour in stride(from: 3600, to: month, by: 3600) { scene.hub.expire(at: moment(hour)) }
        scene.hub.expire(at: moment(month))
        #expect(users(scene.hub.seenMembers) == ["anne", "bob"])
        // Everybody is looked at once an hour.
        scene.hub.expire(at: moment(month + 3600))
        #expect(users(scene.hub.seenMembers) == ["bob"])
    }
}
