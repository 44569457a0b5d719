// SPDX-License-Identifier: MIT
import PasserelleHub
@testable import PasserelleUpstream
import PasserelleWire
import Testing

struct HandoverCopiesTests {
    private static func event(_ data: String, on channel: String = "a") -> UpstreamSession.Report {
        .event(channel: channel, name: "m", data: Array(data.utf8), userID: nil)
    }

    private static func wall(_ milliseconds: Int64) -> WallTime {
        WallTime(milliseconds: milliseconds)
    }

    /// Copies of events that the running process received, each with its time.
    private func copies(
        _ received: [(String, Int64)], subscribedAt: Int64 = 10_000
    ) throws -> HandoverCopies {
        var digests = ReceivedDigests()
        for (data, time) in received { digests.note(Self.event(data), at: Self.wall(time)) }
        var copies = HandoverCopies()
        for bytes in digests.encoded { try copies.add(bytes) }
        copies.keepsOnly(["a": Self.wall(subscribedAt)], at: .zero)
        return copies
    }

    @Test func `an event that both processes received is a copy once`() throws {
        var copies = try copies([("1", 10_100), ("2", 10_200)])
        let isCopy1 = copies.take(Self.event("1"), at: .zero)
        #expect(isCopy1)
        let again = copies.take(Self.event("1"), at: .zero)
        #expect(!again)
        #expect(!copies.isEmpty(at: .zero))
        let isCopy2 = copies.take(Self.event("2"), at: .zero)
        #expect(isCopy2)
        #expect(copies.isEmpty(at: .zero))
    }

    @Test func `two equal events are two`() throws {
        var copies = try copies([("1", 10_100), ("1", 10_200)])
        let taken = (0..<3).map { _ in copies.take(Self.event("1"), at: .zero) }
        #expect(taken == [true, true, false])
    }

    @Test func `the sender does not matter, since only one connection may know it`() throws {
        var copies = try copies([("1", 10_100)])
        let isCopy = copies.take(
            .event(channel: "a", name: "m", data: Array("1".utf8), userID: "u"), at: .zero)
        #expect(isCopy)
    }

    @Test func `an event from well before the subscription hides no equal one`() throws {
        var copies = try copies([("1", 8_900), ("2", 9_100)])
        let early = copies.take(Self.event("1"), at: .zero)
        #expect(!early)
        let isCopy3 = copies.take(Self.event("2"), at: .zero)
        #expect(isCopy3)
    }

    @Test func `other channels, and events after the wait, are no copies`() throws {
        var copies = try copies([("1", 10_100), ("2", 10_100)])
        let other = copies.take(Self.event("1", on: "b"), at: .zero)
        #expect(!other)
        let isCopy4 = copies.take(Self.event("1"), at: .milliseconds(4_999))
        #expect(isCopy4)
        let late = copies.take(Self.event("2"), at: .seconds(5))
        #expect(!late)
    }

    @Test func `damaged digests are refused`() throws {
        var digests = ReceivedDigests()
        digests.note(Self.event("1"), at: Self.wall(5))
        let bytes = try #require(digests.encoded.first)
        for count in bytes.indices {
            var copies = HandoverCopies()
            #expect(throws: HandoverError.malformed) { try copies.add(Array(bytes[..<count])) }
        }
    }

    @Test func `held reports become one list of members and the events in order`() {
        var held = HeldReports()
        func member(_ id: String) -> ChannelMember { ChannelMember(userID: id, userInfo: nil) }
        let now = Self.wall(1)
        #expect(held.take(.established(socketID: "1.1"), at: now) == .connected)
        let list = [member("u1"), member("u2")]
        #expect(held.take(.subscribed(channel: "a", members: list), at: now) == .answered(["a"]))
        #expect(held.take(Self.event("1"), at: now) == nil)
        #expect(held.take(.memberRemoved(channel: "a", userID: "u1"), at: now) == nil)
        #expect(held.take(.memberAdded(channel: "a", member("u3")), at: now) == nil)
        #expect(held.take(Self.event("2"), at: now) == nil)
        let refusal = UpstreamSession.Report.refused(channel: "b", status: 403, message: "no")
        #expect(held.take(refusal, at: now) == .answered(["b"]))
        let reports = held.takeReports(live: ["a", "b", "c"])
        #expect(
            reports.list == [
                .subscribed(channel: "a", members: [member("u2"), member("u3")]), refusal,
                Self.event("1"), Self.event("2"),
            ])
        #expect(reports.missing == ["c"] && reports.isConnected)
    }

    @Test func `a lost connection forgets the subscriptions, but no event`() {
        var held = HeldReports()
        _ = held.take(.established(socketID: "1.1"), at: Self.wall(1))
        _ = held.take(.subscribed(channel: "a", members: nil), at: Self.wall(1))
        _ = held.take(Self.event("1"), at: Self.wall(1))
        #expect(held.take(.lost, at: Self.wall(2)) == .lost)
        let reports = held.takeReports(live: ["a"])
        #expect(reports.list == [Self.event("1")])
        #expect(reports.missing == ["a"] && !reports.isConnected)
    }

    @Test func `a permanent refusal ends the hand-over`() {
        var held = HeldReports()
        #expect(
            held.take(.rejectedPermanently(code: 4001, message: "x"), at: Self.wall(1))
                == .failed("Channels refuses its connection: 4001 x"))
    }
}
