// SPDX-License-Identifier: MIT
import PasserelleNet
import Testing

struct DeadlineTests {
    @Test func `a deadline that moves to later keeps its timer`() {
        var deadline = Deadline()
        #expect(deadline.move(to: .seconds(10)) == .seconds(10))
        for second in 11...20 { #expect(deadline.move(to: .seconds(second)) == nil) }
        #expect(deadline.fired(at: .seconds(10)) == .setAgain(.seconds(20)))
        #expect(deadline.move(to: .seconds(21)) == nil)
        #expect(deadline.fired(at: .seconds(20)) == .setAgain(.seconds(21)))
        #expect(deadline.fired(at: .seconds(21)) == .reached)
        #expect(deadline.move(to: .seconds(30)) == .seconds(30))
    }

    @Test func `a deadline that moves to sooner needs a sooner timer`() {
        var deadline = Deadline()
        #expect(deadline.move(to: .seconds(75)) == .seconds(75))
        #expect(deadline.move(to: .seconds(10)) == .seconds(10))
        #expect(deadline.fired(at: .seconds(10)) == .reached)
    }

    @Test func `a cancelled deadline is not reached, and can be set again`() {
        var deadline = Deadline()
        _ = deadline.move(to: .seconds(10))
        deadline.cancel()
        #expect(deadline.move(to: .seconds(12)) == nil)
        deadline.cancel()
        #expect(deadline.fired(at: .seconds(10)) == .idle)
        #expect(deadline.move(to: .seconds(20)) == .seconds(20))
        #expect(deadline.fired(at: .milliseconds(19_999)) == .setAgain(.seconds(20)))
        #expect(deadline.fired(at: .seconds(20)) == .reached)
        #expect(deadline.fired(at: .seconds(21)) == .idle)
    }
}
