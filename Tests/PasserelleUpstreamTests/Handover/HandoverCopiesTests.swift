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

    private static func typing() -> UpstreamSession.Report {
        .event(channel: "a", name: "client-typing", data: Array("{}".utf8), userID: nil)
    }

    /// Copies of events that the running process received, each with its time in milliseconds.
    private func copies(
        _ received: [(UpstreamSession.Report, Int64)], subscribedAt: Int64 = 10_000
    ) throws -> HandoverCopies {
        var digests = ReceivedDigests()
        for (report, time) in received { digests.note(report, at: Self.wall(time)) }
        var copies = HandoverCopies()
        for bytes in digests.encoded { try copies.add(bytes) }
        copies.begin(["a": Self.wall(subscribedAt)])
        return copies
    }

    @Test func `an event that both processes received is a copy once`() throws {
        var copies = try copies([(Self.event("1"), 10_100), (Self.event("2"), 10_200)])
        let held = [10_150, 10_160].map { copies.takeHeld(Self.event("1"), at: Self.wall($0)) }
        #expect(held == [true, false])
        copies.tookOver(frozen: Self.wall(11_000), at: .zero)
        // The other one arrives after the take-over.
        let later = (0..<2).map { _ in copies.take(Self.event("2"), at: .zero) }
        #expect(later == [true, false])
        #expect(copies.isEmpty(at: .zero))
    }

    @Test func `two equal events are two`() throws {
        var copies = try copies([(Self.event("1"), 10_100), (Self.event("1"), 10_200)])
        let held = (0..<3).map { _ in copies.takeHeld(Self.event("1"), at: Self.wall(10_200)) }
        #expect(held == [true, true, false])
    }

    @Test func `the sender does not matter, since only one connection may know it`() throws {
        var copies = try copies([(Self.event("1"), 10_100)])
        let isCopy = copies.takeHeld(
            .event(channel: "a", name: "m", data: Array("1".utf8), userID: "u"),
            at: Self.wall(10_100))
        #expect(isCopy)
    }

    @Test func `an event from well before the subscription hides no equal one`() throws {
        var copies = try copies([(Self.event("1"), 8_900), (Self.event("2"), 9_100)])
        let early = copies.takeHeld(Self.event("1"), at: Self.wall(10_000))
        let late = copies.takeHeld(Self.event("2"), at: Self.wall(10_000))
        #expect(!early && late)
    }

    @Test func `typing that repeats is not taken for a copy`() throws {
        // Received here only from the third on, since the subscription came before it.
        let times: [Int64] = [9_600, 9_900, 10_200, 10_500, 10_800]
        var copies = try copies(times.map { (Self.typing(), $0) })
        let held = [10_210, 10_510, 10_790].map {
            copies.takeHeld(Self.typing(), at: Self.wall($0))
        }
        #expect(held == [true, true, true])
        copies.tookOver(frozen: Self.wall(11_000), at: .zero)
        #expect(copies.isEmpty(at: .zero))
        let isCopy = copies.take(Self.typing(), at: .zero)
        #expect(!isCopy)
    }

    @Test func `other channels, and events after the wait, are no copies`() throws {
        var copies = try copies([(Self.event("1"), 10_900), (Self.event("2"), 10_900)])
        copies.tookOver(frozen: Self.wall(11_000), at: .zero)
        let other = copies.take(Self.event("1", on: "b"), at: .zero)
        let inTime = copies.take(Self.event("1"), at: .milliseconds(1_999))
        let late = copies.take(Self.event("2"), at: .seconds(2))
        #expect(!other && inTime && !late)
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
        let members = [member("u2"), member("u3")]
        #expect(reports.subscriptions == [.subscribed(channel: "a", members: members), refusal])
        #expect(reports.events.map(\.report) == [Self.event("1"), Self.event("2")])
        #expect(reports.missing == ["c"] && held.isConnected)
    }

    @Test func `a lost connection forgets the subscriptions, but no event`() {
        var held = HeldReports()
        _ = held.take(.established(socketID: "1.1"), at: Self.wall(1))
        _ = held.take(.subscribed(channel: "a", members: nil), at: Self.wall(1))
        _ = held.take(Self.event("1"), at: Self.wall(1))
        #expect(held.take(.lost, at: Self.wall(2)) == .lost)
        let reports = held.takeReports(live: ["a"])
        #expect(reports.events.map(\.report) == [Self.event("1")])
        #expect(reports.subscriptions.isEmpty)
        #expect(reports.missing == ["a"] && !held.isConnected)
    }

    @Test func `a permanent refusal ends the hand-over`() {
        var held = HeldReports()
        #expect(
            held.take(.rejectedPermanently(code: 4001, message: "x"), at: Self.wall(1))
                == .failed("Channels refuses its connection: 4001 x"))
    }
}
