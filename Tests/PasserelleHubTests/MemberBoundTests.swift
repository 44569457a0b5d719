// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleHub

/// The limits of member data, at the last byte that is kept and the first that is not.
struct MemberBoundTests {
    private func member(_ userID: String, info bytes: Int) -> Member {
        Member(userID: userID, userInfo: [UInt8](repeating: 0x31, count: bytes))
    }

    private func received(_ fixture: HubFixture, _ channel: String, _ members: [Member] = [])
        -> Listener
    {
        let listener = fixture.attach(channel)
        fixture.hub.subscribed(channel, members: members, at: fixture.now)
        fixture.hub.deliverUpdates()
        return listener
    }

    @Test(arguments: [(-1, true), (0, true), (1, false)])
    func `a user_info beyond the limit is left out, but its member is kept`(
        more: Int, isKept: Bool
    ) {
        let fixture = HubFixture { $0.memberInfoBytes = 1_000 }
        let reader = received(fixture, "c", [member("listed", info: 1_000 + more)])
        fixture.hub.memberAdded("c", member("come", info: 1_000 + more), at: fixture.now)
        fixture.hub.deliverUpdates()
        let members = fixture.hub.channel("c")?.members
        #expect(members?.list.map(\.userID) == ["listed", "come"])
        #expect(members?.list.allSatisfy { ($0.userInfo != nil) == isKept } == true)
        #expect(fixture.hub.counters.memberInfosDropped == (isKept ? 0 : 2))
        #expect(fixture.hub.counters.membersDropped == 0)
        #expect(reader.take() == ["snapshot(c: listed)", "c: +come"])
    }

    @Test(arguments: [(-1, 2), (0, 2), (1, 0)])
    func `a member with an id beyond the limit is ignored`(more: Int, count: Int) {
        let id = String(repeating: "x", count: HubConfiguration.memberIDBytes + more)
        let fixture = HubFixture()
        _ = received(fixture, "c", [member(id, info: 2)])
        fixture.hub.memberAdded("c", member("y" + id.dropFirst(), info: 2), at: fixture.now)
        #expect(fixture.hub.channel("c")?.members.count == count)
        #expect(fixture.hub.counters.membersDropped == 2 - count)
    }

    /// The limit fits exactly the two members with their `user_info`, plus or minus some bytes.
    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func `the byte limit of one channel's members is exact`(more: Int, isKept: Bool) {
        let members = [member("anne", info: 500), member("bob", info: 500)]
        let cost = members.reduce(0) { $0 + $1.cost }
        let fixture = HubFixture { $0.totalBytes = 8 * (cost + more) }
        #expect(fixture.hub.configuration.channelMemberBytes == cost + more)
        _ = received(fixture, "c", members)
        let kept = fixture.hub.channel("c")?.members
        #expect(kept?["anne"]?.userInfo != nil && (kept?["bob"]?.userInfo != nil) == isKept)
        #expect(kept?.count == 2)
        #expect(fixture.hub.counters.memberInfosDropped == (isKept ? 0 : 1))
    }

    @Test(arguments: [(-4, false), (0, true), (4, true)])
    func `the byte limit of all channels' members is exact`(more: Int, isKept: Bool) {
        let one = member("anne", info: 500)
        let fixture = HubFixture { $0.totalBytes = 4 * (4 * one.cost) + 4 * more }
        let names = ["a", "b", "c", "d"]
        for name in names { _ = received(fixture, name, [one]) }
        let kept = names.compactMap { fixture.hub.channel($0)?.members["anne"]?.userInfo }
        #expect(kept.count == (isKept ? 4 : 3))
        #expect(fixture.hub.memberBytes <= fixture.hub.configuration.memberBytes)
        // A member that leaves makes room.
        fixture.hub.memberRemoved("a", userID: "anne", at: fixture.now)
        fixture.hub.memberAdded("d", one, at: fixture.now)
        #expect(fixture.hub.channel("d")?.members["anne"]?.userInfo != nil)
    }

    @Test func `megabytes of member data stay within the limit, and all ids are kept`() {
        let fixture = HubFixture {
            $0.totalBytes = 1 << 20
            $0.memberInfoBytes = 4 << 20
        }
        for number in 0..<20 {
            let name = "c\(number)"
            _ = received(fixture, name, (0..<10).map { member("m\($0)", info: 100_000) })
            for user in 0..<10 {
                fixture.hub.memberAdded(name, member("n\(user)", info: 1_000_000), at: fixture.now)
            }
            #expect(fixture.hub.heldBytes <= 1 << 20)
            #expect(fixture.hub.channel(name)?.members.count == 20)
        }
        #expect(fixture.hub.memberBytes <= 1 << 18 && fixture.hub.seenMembers.bytes <= 1 << 17)
        for number in 0..<20 {
            fixture.hub.subscribed("c\(number)", members: [], at: fixture.now)
        }
        #expect(fixture.hub.memberBytes == 0)
    }

    @Test func `restored members obey the limits too`() {
        var seen = SeenMembers()
        seen.observe(
            SeenMember(member("anne", info: 2_000), time: moment(0).wall, isPresent: true),
            on: "c")
        let past = RestoredState(
            epochs: EpochHistory(3), sequence: 5, time: moment(0).wall,
            channels: [
                .init(
                    name: "c", wasSubscribed: true, horizon: .init(sequence: 1, reason: .idle),
                    events: [], since: moment(0).wall)
            ], seenMembers: seen)
        var configuration = HubConfiguration()
        configuration.memberInfoBytes = 1_999
        let hub = Hub(restoring: past, epoch: 9, configuration: configuration, at: moment(1))
        #expect(hub.channel("c")?.members["anne"] == Member(userID: "anne", userInfo: nil))
        #expect(hub.memberBytes == hub.channel("c")?.members.cost)
    }

    // MARK: - Lists

    @Test(arguments: [7, 8, 9])
    func `a list that would fill the log is replaced by a gap and a snapshot`(count: Int) {
        let fixture = HubFixture { $0.log.events = 8 }
        let reader = received(fixture, "c")
        fixture.publish("c", "said")
        #expect(reader.take() == ["snapshot(c: )", "c: said"])
        let users = (0..<count).map { "u\($0)" }
        fixture.hub.subscribed("c", members: users.map { member($0, info: 2) }, at: fixture.now)
        fixture.hub.deliverUpdates()
        if count <= 8 {
            #expect(reader.take() == users.map { "c: +\($0)" })
        } else {
            let snapshot = "snapshot(c: \(users.joined(separator: " ")))"
            #expect(reader.take() == ["gap(c: evicted)", snapshot])
            #expect(fixture.hub.channel("c")?.log.count == 0)
        }
        fixture.publish("c", "next")
        #expect(reader.take() == ["c: next"])
    }

    @Test func `repeated lists are limited per second`() {
        let fixture = HubFixture()
        let reader = received(fixture, "c")
        _ = reader.take()
        fixture.hub.gathersChanges = true
        for round in 0..<20 {
            let list = (0..<9_000).map { member("r\(round)-\($0)", info: 2) }
            fixture.hub.subscribed("c", members: list, at: fixture.now)
        }
        // Two lists pass the limit of changes: one of 9,000, and one that replaces it.
        #expect(fixture.hub.takeChanges().count < 30_000)
        #expect(fixture.hub.channel("c")?.members["r1-0"] != nil)
        fixture.hub.memberAdded("c", member("late", info: 2), at: fixture.now)
        fixture.hub.memberRemoved("c", userID: "r19-5", at: fixture.now)
        fixture.hub.expire(at: moment(1))
        let members = fixture.hub.channel("c")?.members
        #expect(members?.count == 9_000 && members?["late"] != nil && members?["r19-5"] == nil)
        #expect(members?["r19-6"] != nil)
        #expect(fixture.hub.memberBytes == members?.cost)
        fixture.hub.deliverUpdates()
        #expect(reader.take().count < 20)
    }

    @Test(arguments: [(19_999, 0), (20_000, 1), (20_001, 1)])
    func `a list is deferred to the next second if the limit of changes is reached`(
        changes: Int, deferred: Int
    ) {
        let fixture = HubFixture { $0.membersPerChannel = 30_000 }
        _ = received(fixture, "c")
        _ = received(fixture, "d")
        let list = (0..<changes).map { member("u\($0)", info: 2) }
        fixture.hub.subscribed("c", members: list, at: fixture.now)
        fixture.hub.subscribed("d", members: [member("anne", info: 2)], at: fixture.now)
        #expect(Int(fixture.hub.counters.listsDeferred) == deferred)
        #expect(fixture.hub.channel("d")?.members.count == 1 - deferred)
        fixture.hub.expire(at: moment(1))
        #expect(fixture.hub.channel("d")?.members["anne"] != nil)
        let cost = fixture.hub.channels.values.reduce(0) { $0 + $1.members.cost }
        #expect(fixture.hub.memberBytes == cost)
    }

    @Test func `a list without changes counts its members too`() {
        let fixture = HubFixture()
        _ = received(fixture, "c")
        let list = (0..<9_000).map { member("u\($0)", info: 2) }
        for _ in 0..<9 { fixture.hub.subscribed("c", members: list, at: fixture.now) }
        #expect(fixture.hub.counters.listsDeferred == 6)
        fixture.hub.lost(at: fixture.now)
        fixture.hub.subscribed("c", members: list, at: fixture.now)
        #expect(fixture.hub.memberBytes == fixture.hub.channel("c")?.members.cost)
    }

    @Test func `a list that fills the log after an outage keeps the outage's times in the gap`() {
        let fixture = HubFixture { $0.log.events = 8 }
        let reader = received(fixture, "c")
        reader.isStalled = true
        fixture.hub.lost(at: moment(5))
        let list = (0..<9).map { member("u\($0)", info: 2) }
        fixture.hub.subscribed("c", members: list, at: moment(9))
        guard case .gap(_, let gap) = fixture.hub.next(&reader.cursor, at: .zero) else {
            Issue.record("the next item is not a gap")
            return
        }
        #expect(gap.reason == .upstream)
        #expect(gap.since == moment(5).wall && gap.until == moment(9).wall)
        #expect(fixture.hub.counters.gaps.total == 1)
        fixture.hub.subscribed("c", members: [], at: moment(9))
        #expect(fixture.hub.counters.gaps[.evicted] == 1)
    }

    @Test func `members stay in the order of arrival after any number of departures`() {
        var members = Members()
        for number in 0..<1_000 { members.insert(member("u\(number)", info: 1)) }
        for number in 0..<1_000 where number % 10 != 3 {
            #expect(members.remove("u\(number)") == true)
            #expect(members.remove("u\(number)") == false)
        }
        members.insert(member("new", info: 1))
        let expected = stride(from: 3, to: 1_000, by: 10).map { "u\($0)" } + ["new"]
        #expect(members.list.map(\.userID) == expected)
        #expect(members.first(2).map(\.userID) == ["u3", "u13"])
        #expect(members.cost == members.list.reduce(0) { $0 + $1.cost })
        #expect(members == Members(members.list))
    }
}
