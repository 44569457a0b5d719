// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleUpstream
import Testing

struct NoticeThrottleTests {
    private static let five: Duration = .seconds(300)

    private func scene() -> NoticeScene {
        let scene = NoticeScene()
        scene.seen = ["ann"]
        return scene
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func `the next notice comes five minutes after the last, and not a moment sooner`(
        offset: Int, isSent: Bool
    ) {
        let scene = scene()
        scene.say("m1")
        scene.deliver()
        #expect(scene.tally.sent == 1)
        // The second message's delay ends just so long after the first notice.
        scene.pass(Self.five - .seconds(10) + .milliseconds(offset))
        scene.say("m2")
        scene.deliver()
        #expect(scene.tally.sent == (isSent ? 2 : 1))
        #expect(scene.tally.throttled == (isSent ? 0 : 1))
    }

    @Test(arguments: [(-1, false), (0, true), (1, true)])
    func `a restart does not begin it anew`(offset: Int, isSent: Bool) {
        let scene = scene()
        scene.say("m1")
        scene.deliver()
        scene.restart(after: Self.five - .seconds(10) + .milliseconds(offset))
        scene.say("m2")
        scene.deliver()
        #expect(scene.tally.sent == (isSent ? 1 : 0))
    }

    @Test func `a clock that stepped back holds nobody longer than the throttle`() {
        let scene = scene()
        scene.say("m1")
        scene.deliver()
        scene.restart(wallStepsBack: true)
        scene.say("m2")
        scene.deliver()
        #expect(scene.tally.throttled == 1)
        scene.pass(Self.five - .seconds(20))
        scene.say("m3")
        scene.deliver()
        #expect(scene.tally.sent == 1)
    }

    @Test func `other recipients and other channels have their own`() {
        let scene = scene()
        scene.say("m1")
        scene.deliver()
        scene.seen = ["ann", "cat"]
        scene.say("m2")
        #expect(scene.deliver().contains("send m2>cat"))
        scene.say("m3", on: "presence-bail-7")
        #expect(scene.pass(.seconds(10)) == ["ask presence-bail-7"])
        #expect(scene.answer([], on: "presence-bail-7") == ["send m3>ann", "send m3>cat"])
    }

    @Test func `zero is no throttle`() {
        let scene = NoticeScene { $0.throttle = .zero }
        scene.seen = ["ann"]
        for number in 1...3 {
            scene.say("m\(number)")
            scene.deliver()
        }
        #expect(scene.tally.sent == 3)
    }

    @Test func `it is counted from the answer, and kept before the call`() {
        let scene = scene()
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.answer([])
        let pair = NoticePair(channel: NoticeScene.channel, userID: "ann")
        let wall = scene.moment.wall.milliseconds
        let place = "presence-bail-42 m1"
        #expect(
            scene.kept.last
                == .sending(pair, WallTime(milliseconds: wall + 10_000), place: place))
        scene.pass(.seconds(8))
        scene.end(.sent)
        #expect(scene.kept.contains(.sent(pair, scene.moment.wall, place: place)))
        scene.pass(Self.five - .seconds(10) - .milliseconds(1))
        scene.say("m2")
        scene.deliver()
        #expect(scene.tally.throttled == 1)
    }

    @Test func `a refusal is no notice: the next message has its own`() {
        let scene = scene()
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.answer([])
        scene.end(.refused(status: 400))
        #expect(
            scene.kept.contains(.unsent(NoticePair(channel: NoticeScene.channel, userID: "ann"))))
        scene.say("m2")
        scene.deliver()
        #expect(scene.tally.sent == 1 && scene.tally.givenUp == 1)
    }

    @Test func `later messages wait behind one that is tried again, and it stands for them`() {
        let scene = scene()
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.answer([])
        scene.end(.failed(.status(503)))
        for number in 2...NoticeConfiguration.behind + 2 { scene.say("m\(number)") }
        scene.pass(.milliseconds(500))
        #expect(scene.pass(.milliseconds(500)) == ["ask presence-bail-42"])
        #expect(scene.answer([]) == ["send m1>ann"])
        scene.pass(.seconds(10))
        #expect(scene.pending == 1 + NoticeConfiguration.behind)
        #expect(scene.tally.throttled == 1)
        scene.end(.sent)
        #expect(scene.pending == 0)
        #expect(scene.tally.throttled == UInt64(NoticeConfiguration.behind) + 1)
        #expect(scene.tally.sent == 1)
    }

    @Test func `where the first is taken back the one behind it goes`() {
        let scene = scene()
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.answer([])
        scene.end(.failed(.status(503)))
        scene.say("m2")
        scene.pass(.milliseconds(999))
        scene.delete("m1")
        #expect(scene.tally.retracted == 1)
        let told = scene.deliver()
        #expect(told.prefix(2) == ["ask presence-bail-42", "send m2>ann"])
        #expect(scene.tally.sent == 1)
    }

    @Test func `one that may have gone out counts as one that did`() {
        let scene = scene()
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.answer([])
        scene.end(.unknown(.words("no answer within 10 s")))
        scene.delete("m1")
        scene.say("m2")
        scene.deliver()
        #expect(scene.tally.sent == 0 && scene.tally.throttled == 1)
    }

    @Test func `marks are bounded, and the oldest is forgotten first`() {
        var marks = ThrottleMarks(throttle: Self.five)
        func pair(_ number: Int) -> NoticePair { NoticePair(channel: "c", userID: "\(number)") }
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
}
