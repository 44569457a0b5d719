// SPDX-License-Identifier: MIT
import PasserelleHub
@testable import PasserelleNotices
import PasserelleUpstream
import Testing

struct NoticeThrottleTests {
    private static let five: Duration = .seconds(300)

    private func fixture() -> NoticePlannerFixture {
        let fixture = NoticePlannerFixture()
        fixture.seen = ["ann"]
        return fixture
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func `the next notice is sent no earlier than five minutes after the last`(
        offset: Int, isSent: Bool
    ) {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.deliver()
        #expect(fixture.tally.sent == 1)
        // The second message's delay ends this long after the first notice.
        fixture.pass(Self.five - .seconds(10) + .milliseconds(offset))
        fixture.publish("m2")
        fixture.deliver()
        #expect(fixture.tally.sent == (isSent ? 2 : 1))
        #expect(fixture.tally.throttled == (isSent ? 0 : 1))
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func `a restart does not reset the throttle`(offset: Int, isSent: Bool) {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.deliver()
        fixture.restart(after: Self.five - .seconds(10) + .milliseconds(offset))
        fixture.publish("m2")
        fixture.deliver()
        #expect(fixture.tally.sent == (isSent ? 1 : 0))
    }

    @Test func `after the clock stepped back the throttle is not longer than configured`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.deliver()
        fixture.restart(wallStepsBack: true)
        fixture.publish("m2")
        fixture.deliver()
        #expect(fixture.tally.throttled == 1)
        fixture.pass(Self.five - .seconds(20))
        fixture.publish("m3")
        fixture.deliver()
        #expect(fixture.tally.sent == 1)
    }

    @Test func `other recipients and other channels have their own throttle`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.deliver()
        fixture.seen = ["ann", "cat"]
        fixture.publish("m2")
        #expect(fixture.deliver().contains("send m2>cat"))
        fixture.publish("m3", on: "presence-bail-7")
        #expect(fixture.pass(.seconds(10)) == ["ask presence-bail-7"])
        #expect(fixture.answer([], on: "presence-bail-7") == ["send m3>ann", "send m3>cat"])
    }

    @Test func `a throttle of zero is off`() {
        let fixture = NoticePlannerFixture { $0.throttle = .zero }
        fixture.seen = ["ann"]
        for number in 1...3 {
            fixture.publish("m\(number)")
            fixture.deliver()
        }
        #expect(fixture.tally.sent == 3)
    }

    @Test func `the throttle is stored before the call, and counts from the answer`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.answer([])
        let pair = ChannelUser(NoticePlannerFixture.channel, "ann")
        let wall = fixture.moment.wall.milliseconds
        let place = "presence-bail-42 m1"
        #expect(
            fixture.kept.last
                == .sending(pair, WallTime(milliseconds: wall + 10_000), place: place))
        fixture.pass(.seconds(8))
        fixture.end(.sent)
        #expect(fixture.kept.contains(.sent(pair, fixture.moment.wall, place: place)))
        fixture.pass(Self.five - .seconds(10) - .milliseconds(1))
        fixture.publish("m2")
        fixture.deliver()
        #expect(fixture.tally.throttled == 1)
    }

    @Test func `a refused notice does not throttle the next message`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.answer([])
        fixture.end(.refused(status: 400))
        #expect(
            fixture.kept.contains(
                .unsent(ChannelUser(NoticePlannerFixture.channel, "ann"))))
        fixture.publish("m2")
        fixture.deliver()
        #expect(fixture.tally.sent == 1 && fixture.tally.givenUp == 1)
    }

    @Test func `later messages wait behind a retried notice and are throttled by it`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.answer([])
        fixture.end(.failed(.status(503)))
        for number in 2...NoticeConfiguration.behind + 2 { fixture.publish("m\(number)") }
        fixture.pass(.milliseconds(500))
        #expect(fixture.pass(.milliseconds(500)) == ["ask presence-bail-42"])
        #expect(fixture.answer([]) == ["send m1>ann"])
        fixture.pass(.seconds(10))
        #expect(fixture.pending == 1 + NoticeConfiguration.behind)
        #expect(fixture.tally.throttled == 1)
        fixture.end(.sent)
        #expect(fixture.pending == 0)
        #expect(fixture.tally.throttled == UInt64(NoticeConfiguration.behind) + 1)
        #expect(fixture.tally.sent == 1)
    }

    @Test func `if the first message is retracted, the notice behind it is sent`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.answer([])
        fixture.end(.failed(.status(503)))
        fixture.publish("m2")
        fixture.pass(.milliseconds(999))
        fixture.delete("m1")
        #expect(fixture.tally.retracted == 1)
        let output = fixture.deliver()
        #expect(output.prefix(2) == ["ask presence-bail-42", "send m2>ann"])
        #expect(fixture.tally.sent == 1)
    }

    @Test func `a notice that may have been sent throttles like one that was`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.answer([])
        fixture.end(.unknown(.words("no answer within 10 s")))
        fixture.delete("m1")
        fixture.publish("m2")
        fixture.deliver()
        #expect(fixture.tally.sent == 0 && fixture.tally.throttled == 1)
    }

    @Test func `marks are bounded, and the oldest is dropped first`() {
        var marks = ThrottleMarks(throttle: Self.five)
        func pair(_ number: Int) -> ChannelUser { ChannelUser("c", "\(number)") }
        for number in 0..<ThrottleMarks.limit {
            marks.set(pair(number), at: .microseconds(number), now: .zero)
        }
        #expect(marks.count == ThrottleMarks.limit && marks.holds(pair(0), at: .seconds(1)))
        marks.set(pair(-1), at: .seconds(1), now: .seconds(1))
        #expect(marks.count == ThrottleMarks.limit && !marks.holds(pair(0), at: .seconds(1)))
        #expect(marks.holds(pair(1), at: .seconds(1)))
        marks.set(pair(-2), at: .seconds(301), now: .seconds(301))
        #expect(marks.count == 1)
    }

    @Test func `users whose ids differ only in their bytes are throttled separately`() {
        var marks = ThrottleMarks(throttle: .seconds(60))
        marks.set(ChannelUser("presence-a", "\u{e9}"), at: .zero, now: .zero)
        #expect(marks.holds(ChannelUser("presence-a", "\u{e9}"), at: .seconds(1)))
        #expect(!marks.holds(ChannelUser("presence-a", "e\u{301}"), at: .seconds(1)))
    }
}
