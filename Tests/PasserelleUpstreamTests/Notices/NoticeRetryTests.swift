// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleUpstream
import Testing

struct NoticeRetryTests {
    private func scene() -> NoticeScene {
        let scene = NoticeScene()
        scene.seen = ["ann"]
        return scene
    }

    private func sentOnce() -> NoticeScene {
        let scene = scene()
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.answer([])
        return scene
    }

    @Test(arguments: [NoticeOutcome.failed(.status(500)), .unknown(.words("no answer"))])
    func `a failure is tried again with the same id, later each time`(outcome: NoticeOutcome) {
        let scene = sentOnce()
        let id = scene.sending[0].event.id
        var waits: [Duration] = []
        for _ in 1...11 {
            scene.end(outcome)
            let deadline = scene.deadline ?? .zero
            waits.append(deadline - scene.now)
            scene.pass(waits[waits.count - 1])
            scene.answer([])
            #expect(scene.sending.map(\.event.id) == [id])
        }
        let seconds: [Int] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
        #expect(waits == seconds.map { .seconds($0) })
        #expect(scene.end(.sent).first?.hasPrefix("note recovered") == true)
        #expect(scene.tally.sent == 1 && scene.tally.failed == 11 && scene.pending == 0)
    }

    @Test func `after an hour it is given up, logged without its content, and counted`() {
        let scene = sentOnce()
        var told: [String] = []
        var attempts = 0
        while !scene.sending.isEmpty, attempts < 1_000 {
            attempts += 1
            told = scene.end(.failed(.status(500)))
            guard let deadline = scene.deadline else { break }
            scene.pass(deadline - scene.now)
            scene.answer([])
        }
        #expect(scene.tally.givenUp == 1 && scene.pending == 0)
        #expect(scene.now > .seconds(1_000 + 3_000) && scene.now <= .seconds(1_000 + 3_610))
        #expect(told.count == 1 && told[0].hasPrefix("note givenUp"))
        #expect(!told[0].contains("hello"))
    }

    @Test(arguments: [400, 406, 413])
    func `a refusal is given up at once`(status: Int) {
        let scene = sentOnce()
        let told = scene.end(.refused(status: status))
        #expect(told.count == 1 && told[0].contains("givenUp"))
        #expect(told[0].contains("cause: status \(status)"))
        #expect(scene.tally.givenUp == 1 && scene.pending == 0 && scene.deadline == nil)
    }

    @Test func `of many alike one is told, and the number of the others with the next`() {
        let scene = NoticeScene()
        scene.seen = (0..<5).map { "u\($0)" }
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.answer([])
        var told: [String] = []
        while !scene.sending.isEmpty { told += scene.end(.refused(status: 400)) }
        #expect(told.count { $0.hasPrefix("note") } == 1)
        scene.pass(.seconds(60))
        scene.say("m2")
        scene.pass(.seconds(10))
        scene.answer([])
        #expect(scene.end(.refused(status: 400)).contains { $0.hasSuffix("+4") })
    }

    @Test(arguments: [301, 401, 403, 404, 409, 412, 429])
    func `what somebody may set right is tried for an hour, and sent once it is`(status: Int) {
        let scene = sentOnce()
        let id = scene.sending[0].event.id
        var attempts = 0
        // Until just before the hour is over.
        while scene.now < .seconds(1_000 + 10 + 3_000) {
            attempts += 1
            let told = scene.end(.failed(.status(status)))
            #expect(told.contains { $0.contains("status \(status)") } == (attempts == 1))
            scene.pass((scene.deadline ?? .zero) - scene.now)
            scene.answer([])
        }
        #expect(attempts > 15)
        #expect(scene.sending.map(\.event.id) == [id])
        scene.end(.sent)
        #expect(scene.tally.sent == 1 && scene.tally.givenUp == 0 && scene.pending == 0)
    }

    @Test func `another cause than before is told, the same one is not`() {
        let scene = sentOnce()
        func fail(_ cause: NoticeCause) -> Int {
            let told = scene.end(.failed(cause))
            scene.pass(.seconds(400))
            scene.answer([])
            return told.count { $0.hasPrefix("note failing") }
        }
        #expect(fail(.status(503)) == 1)
        #expect(fail(.status(503)) == 0)
        #expect(fail(.status(401)) == 1)
        #expect(fail(.words("refused")) == 1)
        #expect(fail(.words("refused")) == 0)
    }

    @Test func `who came back before a retry is not told`() {
        let scene = sentOnce()
        scene.end(.failed(.status(500)))
        scene.present = ["presence-bail-42 ann"]
        #expect(scene.pass(.seconds(600)) == [])
        #expect(scene.tally.present == 1 && scene.pending == 0)
        // Gone again: that message was on the screen, the next one is not.
        scene.present = []
        #expect(scene.pass(.seconds(600)) == [])
        scene.say("m2")
        #expect(scene.deliver().contains("send m2>ann"))
        #expect(scene.tally.sent == 1)
    }

    @Test func `who is there only for Channels before a retry is not told either`() {
        let scene = sentOnce()
        scene.end(.unknown(.status(504)))
        #expect(scene.pass(.seconds(1)) == ["ask presence-bail-42"])
        #expect(scene.answer(["ann"]) == [])
        #expect(scene.tally.present == 1 && scene.pending == 0 && scene.sending.isEmpty)
    }

    @Test func `a message that is taken back before its notice went out is not announced`() {
        let scene = scene()
        scene.say("m1")
        scene.pass(.milliseconds(9_999))
        #expect(scene.delete("m1") == ["erase"])
        #expect(scene.pass(.seconds(60)) == [])
        #expect(scene.pending == 0 && scene.tally.retracted == 1)
    }

    @Test func `nor one that waits for an answer or for its next attempt`() {
        var scene = scene()
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.delete("m1")
        #expect(scene.answer([]) == [] && scene.pending == 0)
        scene = sentOnce()
        scene.end(.failed(.status(500)))
        scene.delete("m1")
        #expect(scene.pass(.seconds(3_600)) == [] && scene.pending == 0)
    }

    @Test func `what is on its way cannot be called back, but is not tried again`() {
        var scene = sentOnce()
        scene.delete("m1")
        #expect(scene.end(.sent) == [] && scene.tally.sent == 1 && scene.pending == 0)
        scene = sentOnce()
        scene.delete("m1")
        scene.end(.failed(.status(500)))
        #expect(scene.deadline == nil && scene.pending == 0 && scene.tally.retracted == 1)
    }

    @Test func `a deletion after the notice, of another channel or of nothing changes nothing`() {
        let scene = scene()
        scene.say("m1")
        #expect(scene.delete("m2") == [])
        #expect(scene.delete("m1", on: "presence-bail-7") == [])
        scene.deliver()
        #expect(scene.delete("m1") == [])
        #expect(scene.tally.sent == 1 && scene.tally.retracted == 0)
    }

    @Test func `what waits goes on after a restart, and is not told twice`() {
        let scene = scene()
        scene.say("m1")
        scene.pass(.seconds(4))
        scene.restart(after: .seconds(1))
        #expect(scene.pending == 1)
        #expect(scene.pass(.milliseconds(4_999)) == [])
        #expect(scene.pass(.milliseconds(1)) == ["ask presence-bail-42"])
        scene.answer([])
        let id = scene.sending[0].event.id
        // It was on its way when the process died: it is sent again, by the same id.
        scene.restart(after: .seconds(1))
        #expect(scene.pass(.seconds(1)) == ["ask presence-bail-42"])
        scene.answer([])
        #expect(scene.sending.map(\.event.id) == [id])
        scene.end(.sent)
        #expect(id.hasPrefix("passerelle-") && id.count == 43)
        // Another message finds the throttle as it was.
        scene.restart(after: .seconds(1))
        scene.say("m2")
        scene.deliver()
        #expect(scene.tally.sent == 0 && scene.tally.throttled == 1)
    }

    @Test func `of a message with two recipients the one who had it has it no more`() {
        let scene = NoticeScene()
        scene.say("m1")
        scene.pass(.seconds(10))
        scene.answer([])
        scene.end(.sent)
        scene.end(.failed(.status(500)))
        for rewrites in [false, true] {
            scene.restart(after: .seconds(400), rewrites: rewrites)
            scene.pass(.seconds(1))
            #expect(scene.answer([]) == ["send m1>eve"])
        }
    }

    @Test func `what was taken back or is too old is not there after a restart`() {
        var scene = scene()
        scene.say("m1")
        scene.delete("m1")
        scene.restart()
        #expect(scene.pending == 0)
        scene = self.scene()
        scene.say("m1")
        scene.restart(after: .seconds(3_610))
        #expect(scene.pending == 0)
    }

    @Test func `what is kept can be written anew without a change`() {
        let scene = NoticeScene()
        scene.say("m1")
        scene.deliver()
        scene.say("m2")
        let records = scene.planner.records(at: scene.moment)
        #expect(records.count == 3, "\(records)")
        let again = NoticeRecord.read(records.flatMap(\.line))
        #expect(again.records == records && again.bad == 0)
    }

    @Test func `a torn or foreign line is passed over`() {
        let scene = scene()
        scene.say("m1")
        scene.say("m2")
        let bytes = scene.kept.flatMap(\.line)
        for cut in 0..<bytes.count {
            let (records, bad) = NoticeRecord.read(Array(bytes[..<cut]))
            #expect(records.count <= 2 && bad <= 1)
        }
        let (records, bad) = NoticeRecord.read(
            Array("{}\n[]\n\u{0}\n{\"sent\":-1,\"channel\":\"c\",\"user_id\":\"u\"}\n".utf8) + bytes
        )
        #expect(records.count == 2 && bad == 4)
    }
}
