// SPDX-License-Identifier: MIT
import PasserelleHub
import PasserelleNotices
import PasserelleUpstream
import Testing

struct NoticeRetryTests {
    private func fixture() -> NoticePlannerFixture {
        let fixture = NoticePlannerFixture()
        fixture.seen = ["ann"]
        return fixture
    }

    private func sentOnce() -> NoticePlannerFixture {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.answer([])
        return fixture
    }

    @Test(arguments: [NoticeOutcome.failed(.status(500)), .unknown(.words("no answer"))])
    func `a failed call is retried with the same id, with growing delays`(outcome: NoticeOutcome) {
        let fixture = sentOnce()
        let id = fixture.sending[0].event.id
        var waits: [Duration] = []
        for _ in 1...11 {
            fixture.end(outcome)
            let deadline = fixture.deadline ?? .zero
            waits.append(deadline - fixture.now)
            fixture.pass(waits[waits.count - 1])
            fixture.answer([])
            #expect(fixture.sending.map(\.event.id) == [id])
        }
        let seconds: [Int] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
        #expect(waits == seconds.map { .seconds($0) })
        #expect(fixture.end(.sent).first?.hasPrefix("note recovered") == true)
        #expect(fixture.tally.sent == 1 && fixture.tally.failed == 11 && fixture.pending == 0)
    }

    @Test func `after an hour a notice is given up, logged without its content, and counted`() {
        let fixture = sentOnce()
        var output: [String] = []
        var attempts = 0
        while !fixture.sending.isEmpty, attempts < 1_000 {
            attempts += 1
            output = fixture.end(.failed(.status(500)))
            guard let deadline = fixture.deadline else { break }
            fixture.pass(deadline - fixture.now)
            fixture.answer([])
        }
        #expect(fixture.tally.givenUp == 1 && fixture.pending == 0)
        #expect(fixture.now > .seconds(1_000 + 3_000) && fixture.now <= .seconds(1_000 + 3_610))
        #expect(output.count == 1 && output[0].hasPrefix("note givenUp"))
        #expect(!output[0].contains("hello"))
    }

    @Test(arguments: [400, 406, 413])
    func `a refused notice is given up at once`(status: Int) {
        let fixture = sentOnce()
        let output = fixture.end(.refused(status: status))
        #expect(output.count == 1 && output[0].contains("givenUp"))
        #expect(output[0].contains("cause: status \(status)"))
        #expect(fixture.tally.givenUp == 1 && fixture.pending == 0 && fixture.deadline == nil)
    }

    @Test func `of similar records one is logged, and the next one has the number of the others`() {
        let fixture = NoticePlannerFixture()
        fixture.seen = (0..<5).map { "u\($0)" }
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.answer([])
        var output: [String] = []
        while !fixture.sending.isEmpty { output += fixture.end(.refused(status: 400)) }
        #expect(output.count { $0.hasPrefix("note") } == 1)
        fixture.pass(.seconds(60))
        fixture.publish("m2")
        fixture.pass(.seconds(10))
        fixture.answer([])
        #expect(fixture.end(.refused(status: 400)).contains { $0.hasSuffix("+4") })
    }

    @Test(arguments: [301, 401, 403, 404, 409, 412, 429])
    func `an error that an operator can correct is retried for an hour`(status: Int) {
        let fixture = sentOnce()
        let id = fixture.sending[0].event.id
        var attempts = 0
        // Until just before the end of the hour.
        while fixture.now < .seconds(1_000 + 10 + 3_000) {
            attempts += 1
            let output = fixture.end(.failed(.status(status)))
            #expect(output.contains { $0.contains("status \(status)") } == (attempts == 1))
            fixture.pass((fixture.deadline ?? .zero) - fixture.now)
            fixture.answer([])
        }
        #expect(attempts > 15)
        #expect(fixture.sending.map(\.event.id) == [id])
        fixture.end(.sent)
        #expect(fixture.tally.sent == 1 && fixture.tally.givenUp == 0 && fixture.pending == 0)
    }

    @Test func `a failure is logged when its cause changes`() {
        let fixture = sentOnce()
        func fail(_ cause: NoticeCause) -> Int {
            let output = fixture.end(.failed(cause))
            fixture.pass(.seconds(400))
            fixture.answer([])
            return output.count { $0.hasPrefix("note failing") }
        }
        #expect(fail(.status(503)) == 1)
        #expect(fail(.status(503)) == 0)
        #expect(fail(.status(401)) == 1)
        #expect(fail(.words("refused")) == 1)
        #expect(fail(.words("refused")) == 0)
    }

    @Test func `a recipient that returned before a retry is not notified`() {
        let fixture = sentOnce()
        fixture.end(.failed(.status(500)))
        fixture.present = ["presence-bail-42 ann"]
        #expect(fixture.pass(.seconds(600)) == [])
        #expect(fixture.tally.present == 1 && fixture.pending == 0)
        // Absent again: the first message was displayed, the next one is not.
        fixture.present = []
        #expect(fixture.pass(.seconds(600)) == [])
        fixture.publish("m2")
        #expect(fixture.deliver().contains("send m2>ann"))
        #expect(fixture.tally.sent == 1)
    }

    @Test func `a recipient present only at Channels before a retry is not notified`() {
        let fixture = sentOnce()
        fixture.end(.unknown(.status(504)))
        #expect(fixture.pass(.seconds(1)) == ["ask presence-bail-42"])
        #expect(fixture.answer(["ann"]) == [])
        #expect(fixture.tally.present == 1 && fixture.pending == 0 && fixture.sending.isEmpty)
    }

    @Test func `a message retracted before its notice is not announced`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.pass(.milliseconds(9_999))
        #expect(fixture.delete("m1") == ["erase"])
        #expect(fixture.pass(.seconds(60)) == [])
        #expect(fixture.pending == 0 && fixture.tally.retracted == 1)
    }

    @Test func `a retracted message that waits for an answer or a retry is not announced`() {
        var fixture = fixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.delete("m1")
        #expect(fixture.answer([]) == [] && fixture.pending == 0)
        fixture = sentOnce()
        fixture.end(.failed(.status(500)))
        fixture.delete("m1")
        #expect(fixture.pass(.seconds(3_600)) == [] && fixture.pending == 0)
    }

    @Test func `a call in flight is not undone by a retraction, but not retried`() {
        var fixture = sentOnce()
        fixture.delete("m1")
        #expect(fixture.end(.sent) == [] && fixture.tally.sent == 1 && fixture.pending == 0)
        fixture = sentOnce()
        fixture.delete("m1")
        fixture.end(.failed(.status(500)))
        #expect(fixture.deadline == nil && fixture.pending == 0 && fixture.tally.retracted == 1)
    }

    @Test func `a retraction after the notice, or of another message, has no effect`() {
        let fixture = fixture()
        fixture.publish("m1")
        #expect(fixture.delete("m2") == [])
        #expect(fixture.delete("m1", on: "presence-bail-7") == [])
        fixture.deliver()
        #expect(fixture.delete("m1") == [])
        #expect(fixture.tally.sent == 1 && fixture.tally.retracted == 0)
    }

    @Test func `pending notices continue after a restart and are not sent twice`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.pass(.seconds(4))
        fixture.restart(after: .seconds(1))
        #expect(fixture.pending == 1)
        #expect(fixture.pass(.milliseconds(4_999)) == [])
        #expect(fixture.pass(.milliseconds(1)) == ["ask presence-bail-42"])
        fixture.answer([])
        let id = fixture.sending[0].event.id
        // It was in flight when the process ended: it is sent again with the same id.
        fixture.restart(after: .seconds(1))
        #expect(fixture.pass(.seconds(1)) == ["ask presence-bail-42"])
        fixture.answer([])
        #expect(fixture.sending.map(\.event.id) == [id])
        fixture.end(.sent)
        #expect(id.hasPrefix("passerelle-") && id.count == 43)
        // The throttle of other messages is unchanged.
        fixture.restart(after: .seconds(1))
        fixture.publish("m2")
        fixture.deliver()
        #expect(fixture.tally.sent == 0 && fixture.tally.throttled == 1)
    }

    @Test func `a recipient that was notified before a restart is not notified again`() {
        let fixture = NoticePlannerFixture()
        fixture.publish("m1")
        fixture.pass(.seconds(10))
        fixture.answer([])
        fixture.end(.sent)
        fixture.end(.failed(.status(500)))
        for rewrites in [false, true] {
            fixture.restart(after: .seconds(400), rewrites: rewrites)
            fixture.pass(.seconds(1))
            #expect(fixture.answer([]) == ["send m1>eve"])
        }
    }

    @Test func `retracted or old messages are gone after a restart`() {
        var fixture = fixture()
        fixture.publish("m1")
        fixture.delete("m1")
        fixture.restart()
        #expect(fixture.pending == 0)
        fixture = self.fixture()
        fixture.publish("m1")
        fixture.restart(after: .seconds(3_610))
        #expect(fixture.pending == 0)
    }

    @Test func `rewriting the store does not change the state`() {
        let fixture = NoticePlannerFixture()
        fixture.publish("m1")
        fixture.deliver()
        fixture.publish("m2")
        let records = fixture.planner.records(at: fixture.moment)
        #expect(records.count == 3, "\(records)")
        let again = NoticeRecord.read(records.flatMap(\.line))
        #expect(again.records == records && again.bad == 0)
    }

    @Test func `a torn or unknown line is ignored`() {
        let fixture = fixture()
        fixture.publish("m1")
        fixture.publish("m2")
        let bytes = fixture.kept.flatMap(\.line)
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
