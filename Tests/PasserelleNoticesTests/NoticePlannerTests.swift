// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNotices
import PasserelleUpstream
import Testing

struct NoticePlannerTests {
    private static let ask = "ask presence-bail-42"

    @Test func `all absent recipients but the sender are notified after the delay`() {
        let fixture = NoticePlannerFixture()
        #expect(fixture.publish("m1") == [])
        #expect(fixture.pass(.milliseconds(9_999)) == [])
        #expect(fixture.pass(.milliseconds(1)) == [Self.ask])
        #expect(fixture.answer([]) == ["send m1>ann", "send m1>eve"])
        #expect(fixture.end(.sent) == [])
        #expect(fixture.end(.sent) == [])
        #expect(fixture.tally.sent == 2 && fixture.pending == 0 && fixture.deadline == nil)
    }

    @Test func `a path without a value is logged once per channel and means every user`() {
        let fixture = NoticePlannerFixture { $0.recipients = ["message", "to"] }
        let first = fixture.publish("m1")
        #expect(first.count == 1 && first[0].hasPrefix("note noRecipients"))
        #expect(fixture.publish("m2") == [])
        fixture.pass(.seconds(120))
        #expect(fixture.publish("m3") == [])
        #expect(fixture.publish("m4", on: "presence-bail-7").count == 1)
        #expect(fixture.publish("m5", to: "null", on: "presence-bail-8") == [])
        #expect(fixture.answer([]).contains("send m1>ann"))
    }

    @Test func `a bounded number of channels without recipients is remembered`() {
        let fixture = NoticePlannerFixture {
            $0.recipients = ["to"]
            $0.throttle = .zero
        }
        var output = 0
        for number in 0...NoticeConfiguration.channelsNoted {
            fixture.now += .seconds(60)
            output += fixture.publish("m", on: "presence-bail-\(number)").count {
                $0.hasPrefix("note noRecipients")
            }
            fixture.delete("m", on: "presence-bail-\(number)")
        }
        #expect(output == NoticeConfiguration.channelsNoted)
    }

    @Test func `members in the hub are not notified, and Channels is not asked about them`() {
        let fixture = NoticePlannerFixture()
        fixture.present = ["presence-bail-42 ann", "presence-bail-42 eve"]
        fixture.publish("m1")
        #expect(fixture.pass(.seconds(10)) == [])
        #expect(fixture.tally.present == 2 && fixture.pending == 0)
    }

    @Test func `a recipient that reconnects within the delay is not notified`() {
        let fixture = NoticePlannerFixture()
        fixture.publish("m1")
        fixture.pass(.seconds(9))
        fixture.present = ["presence-bail-42 ann", "presence-bail-42 eve"]
        #expect(fixture.pass(.seconds(60)) == [])
        #expect(fixture.tally.sent == 0 && fixture.tally.present == 2)
    }

    @Test func `a recipient present only at Channels is not notified`() {
        let fixture = NoticePlannerFixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        #expect(fixture.answer(["eve", "zoe"]) == ["send m1>ann"])
        #expect(fixture.tally.present == 1)
    }

    @Test func `a recipient that arrives while Channels is asked is not notified`() {
        let fixture = NoticePlannerFixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.present = ["presence-bail-42 ann"]
        #expect(fixture.answer([]) == ["send m1>eve"])
    }

    @Test func `without an answer from Channels, the hub's members decide if they are current`() {
        let fixture = NoticePlannerFixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        let output = fixture.answer(nil)
        #expect(output.contains("send m1>ann") && output.contains("send m1>eve"))
        #expect(output.contains { $0.hasPrefix("note unchecked") })
    }

    @Test func `while presence is unknown the notice waits, for at most an hour`() {
        let fixture = NoticePlannerFixture { $0.recipients = ["message", "to"] }
        fixture.isSubscribed = false
        fixture.publish("m1", to: #""ann""#)
        var asked = 0
        fixture.pass(.seconds(10))
        while fixture.pending > 0, asked < 1_000 {
            asked += 1
            fixture.answer(nil)
            guard let deadline = fixture.deadline else { break }
            fixture.pass(deadline - fixture.now)
        }
        #expect(fixture.tally.givenUp == 1 && fixture.tally.sent == 0)
        #expect((10...30).contains(asked), "\(asked)")
        #expect(fixture.now <= .seconds(1_000 + 10 + 3_600))
    }

    @Test func `without seen or named recipients no notice is sent`() {
        let fixture = NoticePlannerFixture()
        fixture.seen = []
        fixture.publish("m1")
        #expect(fixture.pass(.seconds(10)) == [] && fixture.pending == 0)
        fixture.seen = ["bob", "passerelle"]
        fixture.publish("m2")
        #expect(fixture.pass(.seconds(10)) == [] && fixture.pending == 0)
    }

    @Test func `a sender is not notified of its own message; an unknown one excludes no user`() {
        let fixture = NoticePlannerFixture { $0.recipients = ["message", "to"] }
        fixture.publish("m1", from: "ann", to: #""ann""#)
        #expect(fixture.pass(.seconds(10)) == [])
        fixture.publish("m2", from: "nobody-we-know", to: #"["ann"]"#)
        fixture.pass(.seconds(10))
        #expect(fixture.answer([]) == ["send m2>ann"])
        fixture.end(.sent)
        fixture.seen = ["cat"]
        fixture.publish("m3", from: nil)
        fixture.pass(.seconds(10))
        #expect(fixture.answer([]) == ["send m3>cat"])
    }

    @Test func `a repeated message is ignored`() {
        let fixture = NoticePlannerFixture()
        fixture.publish("m1")
        fixture.publish("m1")
        #expect(fixture.pending == 1)
        #expect(fixture.deliver() == [Self.ask, "send m1>ann", "send m1>eve"])
    }

    @Test func `one question serves all notices of a channel, and two questions run at once`() {
        let fixture = NoticePlannerFixture { $0.recipients = ["message", "to"] }
        for number in 1...3 {
            fixture.publish("m\(number)", to: #"["u\#(number)"]"#)
            fixture.publish("n\(number)", to: #"["u"]"#, on: "presence-bail-\(number)")
        }
        let output = fixture.pass(.seconds(10))
        #expect(output == [Self.ask, "ask presence-bail-1"])
        #expect(
            fixture.answer([]) == ["send m1>u1", "send m2>u2", "ask presence-bail-2"])
        #expect(fixture.end(.sent) == ["send m3>u3"])
    }

    @Test func `notices beyond the call limit wait`() {
        let fixture = NoticePlannerFixture()
        fixture.seen = ["a", "b", "c", "d"]
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        #expect(fixture.answer([]) == ["send m1>a", "send m1>b"])
        fixture.present = ["presence-bail-42 c"]
        #expect(fixture.end(.sent) == ["send m1>d"])
        #expect(fixture.tally.present == 1)
    }

    @Test func `an answer about present users is used for a limited time only`() {
        let fixture = NoticePlannerFixture()
        fixture.seen = ["a", "b", "c"]
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.answer([])
        fixture.pass(.milliseconds(30_001))
        #expect(fixture.end(.sent) == [Self.ask])
        #expect(fixture.answer(["c"]) == [])
        #expect(fixture.tally.present == 1)
    }

    @Test func `messages beyond the limit are dropped and logged once`() {
        let fixture = NoticePlannerFixture()
        for number in 0..<NoticeConfiguration.messages { fixture.publish("m\(number)") }
        #expect(fixture.tally.dropped == 0)
        #expect(fixture.publish("one").count == 1)
        #expect(fixture.publish("two").isEmpty)
        #expect(fixture.tally.dropped == 2)
        fixture.pass(.milliseconds(1))
    }

    @Test func `notices beyond the limit are dropped`() {
        let fixture = NoticePlannerFixture()
        fixture.seen = (0..<NoticeConfiguration.notices / 2 + 1).map { "u\($0)" }
        fixture.isSubscribed = false
        fixture.publish("m1", on: "presence-bail-1")
        fixture.publish("m2", on: "presence-bail-2")
        fixture.pass(.seconds(10))
        #expect(fixture.pending == NoticeConfiguration.notices)
        #expect(fixture.tally.dropped == 2)
    }
}
