// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleUpstream
import Testing

struct NoticePlannerTests {
    private static let ask = "ask presence-bail-42"

    @Test func `everyone absent but the sender is told once the delay is over`() {
        let scene = NoticeScene()
        #expect(scene.say("m1") == [])
        #expect(scene.pass(.milliseconds(9_999)) == [])
        #expect(scene.pass(.milliseconds(1)) == [Self.ask])
        #expect(scene.answer([]) == ["send m1>ann", "send m1>eve"])
        #expect(scene.end(.sent) == [])
        #expect(scene.end(.sent) == [])
        #expect(scene.tally.sent == 2 && scene.pending == 0 && scene.deadline == nil)
    }

    @Test func `a path that leads nowhere is told once a channel, and everyone is told`() {
        let scene = NoticeScene { $0.recipients = ["message", "to"] }
        let first = scene.say("m1")
        #expect(first.count == 1 && first[0].hasPrefix("note noRecipients"))
        #expect(scene.say("m2") == [])
        scene.pass(.seconds(120))
        #expect(scene.say("m3") == [])
        #expect(scene.say("m4", on: "presence-bail-7").count == 1)
        #expect(scene.say("m5", to: "null", on: "presence-bail-8") == [])
        #expect(scene.answer([]).contains("send m1>ann"))
    }

    @Test func `of channels whose messages name nobody a bounded number is remembered`() {
        let scene = NoticeScene {
            $0.recipients = ["to"]
            $0.throttle = .zero
        }
        var told = 0
        for number in 0...NoticeConfiguration.channelsNoted {
            scene.now += .seconds(60)
            told += scene.say("m", on: "presence-bail-\(number)").count {
                $0.hasPrefix("note noRecipients")
            }
            scene.delete("m", on: "presence-bail-\(number)")
        }
        #expect(told == NoticeConfiguration.channelsNoted)
    }

    @Test func `who is a member of the hub's is not told, and Channels is not asked in vain`() {
        let scene = NoticeScene()
        scene.present = ["presence-bail-42 ann", "presence-bail-42 eve"]
        scene.say("m1")
        #expect(scene.pass(.seconds(10)) == [])
        #expect(scene.tally.present == 2 && scene.pending == 0)
    }

    @Test func `who reconnects within the delay came back first`() {
        let scene = NoticeScene()
        scene.say("m1")
        scene.pass(.seconds(9))
        scene.present = ["presence-bail-42 ann", "presence-bail-42 eve"]
        #expect(scene.pass(.seconds(60)) == [])
        #expect(scene.tally.sent == 0 && scene.tally.present == 2)
    }

    @Test func `who is there for Channels alone is not told`() {
        let scene = NoticeScene()
        scene.say("m1")
        scene.pass(.seconds(10))
        #expect(scene.answer(["eve", "zoe"]) == ["send m1>ann"])
        #expect(scene.tally.present == 1)
    }

    @Test func `who comes while Channels is being asked is not told`() {
        let scene = NoticeScene()
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.present = ["presence-bail-42 ann"]
        #expect(scene.answer([]) == ["send m1>eve"])
    }

    @Test func `where Channels does not answer the hub's members decide while they are right`() {
        let scene = NoticeScene()
        scene.say("m1")
        scene.pass(.seconds(10))
        let told = scene.answer(nil)
        #expect(told.contains("send m1>ann") && told.contains("send m1>eve"))
        #expect(told.contains { $0.hasPrefix("note unchecked") })
    }

    @Test func `where nobody knows who is there the notice waits, for an hour at most`() {
        let scene = NoticeScene { $0.recipients = ["message", "to"] }
        scene.isHeard = false
        scene.say("m1", to: #""ann""#)
        var asked = 0
        scene.pass(.seconds(10))
        while scene.pending > 0, asked < 1_000 {
            asked += 1
            scene.answer(nil)
            guard let deadline = scene.deadline else { break }
            scene.pass(deadline - scene.now)
        }
        #expect(scene.tally.givenUp == 1 && scene.tally.sent == 0)
        #expect((10...30).contains(asked), "\(asked)")
        #expect(scene.now <= .seconds(1_000 + 10 + 3_600))
    }

    @Test func `nobody known and nobody named is nobody to tell`() {
        let scene = NoticeScene()
        scene.seen = []
        scene.say("m1")
        #expect(scene.pass(.seconds(10)) == [] && scene.pending == 0)
        scene.seen = ["bob", "passerelle"]
        scene.say("m2")
        #expect(scene.pass(.seconds(10)) == [] && scene.pending == 0)
    }

    @Test func `a message to oneself is told to nobody, one of an unknown sender to everybody`() {
        let scene = NoticeScene { $0.recipients = ["message", "to"] }
        scene.say("m1", from: "ann", to: #""ann""#)
        #expect(scene.pass(.seconds(10)) == [])
        scene.say("m2", from: "nobody-we-know", to: #"["ann"]"#)
        scene.pass(.seconds(10))
        #expect(scene.answer([]) == ["send m2>ann"])
        scene.end(.sent)
        scene.seen = ["cat"]
        scene.say("m3", from: nil)
        scene.pass(.seconds(10))
        #expect(scene.answer([]) == ["send m3>cat"])
    }

    @Test func `a message that comes twice is one message`() {
        let scene = NoticeScene()
        scene.say("m1")
        scene.say("m1")
        #expect(scene.pending == 1)
        #expect(scene.deliver() == [Self.ask, "send m1>ann", "send m1>eve"])
    }

    @Test func `one question serves all that wait on a channel, and two run at once`() {
        let scene = NoticeScene { $0.recipients = ["message", "to"] }
        for number in 1...3 {
            scene.say("m\(number)", to: #"["u\#(number)"]"#)
            scene.say("n\(number)", to: #"["u"]"#, on: "presence-bail-\(number)")
        }
        let told = scene.pass(.seconds(10))
        #expect(told == [Self.ask, "ask presence-bail-1"])
        #expect(
            scene.answer([]) == ["send m1>u1", "send m2>u2", "ask presence-bail-2"])
        #expect(scene.end(.sent) == ["send m3>u3"])
    }

    @Test func `of more notices than calls the others wait their turn`() {
        let scene = NoticeScene()
        scene.seen = ["a", "b", "c", "d"]
        scene.say("m1")
        scene.pass(.seconds(10))
        #expect(scene.answer([]) == ["send m1>a", "send m1>b"])
        scene.present = ["presence-bail-42 c"]
        #expect(scene.end(.sent) == ["send m1>d"])
        #expect(scene.tally.present == 1)
    }

    @Test func `an answer about who is there does not stay good for long`() {
        let scene = NoticeScene()
        scene.seen = ["a", "b", "c"]
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.answer([])
        scene.pass(.milliseconds(30_001))
        #expect(scene.end(.sent) == [Self.ask])
        #expect(scene.answer(["c"]) == [])
        #expect(scene.tally.present == 1)
    }

    @Test func `too many messages are dropped and told once`() {
        let scene = NoticeScene()
        for number in 0..<NoticeConfiguration.messages { scene.say("m\(number)") }
        #expect(scene.tally.dropped == 0)
        #expect(scene.say("one").count == 1)
        #expect(scene.say("two").isEmpty)
        #expect(scene.tally.dropped == 2)
        scene.pass(.milliseconds(1))
    }

    @Test func `too many notices are dropped`() {
        let scene = NoticeScene()
        scene.seen = (0..<NoticeConfiguration.notices / 2 + 1).map { "u\($0)" }
        scene.isHeard = false
        scene.say("m1", on: "presence-bail-1")
        scene.say("m2", on: "presence-bail-2")
        scene.pass(.seconds(10))
        #expect(scene.pending == NoticeConfiguration.notices)
        #expect(scene.tally.dropped == 2)
    }
}
