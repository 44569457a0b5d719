// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct AlarmTests {
    @Test func `an alarm fires once at its deadline, and again when it is set again`() throws {
        let loop = try EventLoop()
        var fired: [Duration] = []
        let alarm = Alarm(loop) { [unowned loop] in fired.append(loop.now) }
        let first = loop.now + .milliseconds(20)
        alarm.set(first)
        try run(loop, until: { fired.count == 1 })
        let second = loop.now + .milliseconds(20)
        alarm.set(second)
        try run(loop, until: { fired.count == 2 })
        #expect(fired[0] >= first && fired[1] >= second)
        try loop.runOnce(timeout: .milliseconds(30))
        #expect(fired.count == 2)
    }

    @Test func `an earlier deadline counts at once, a later one after the earlier has passed`()
        throws
    {
        let loop = try EventLoop()
        var fired = 0
        let alarm = Alarm(loop) { fired += 1 }
        alarm.set(loop.now + .seconds(3600))
        alarm.set(loop.now)
        alarm.set(loop.now + .seconds(3600))
        try run(loop, until: { fired == 1 })
        // It was not set since it fired.
        try loop.runOnce(timeout: .zero)
        #expect(fired == 1)
    }

    @Test func `an alarm that was cancelled or released does not fire`() throws {
        let loop = try EventLoop()
        var fired = 0
        let alarm = Alarm(loop) { fired += 1 }
        alarm.set(loop.now)
        alarm.set(nil)
        var gone: Alarm? = Alarm(loop) { fired += 1 }
        gone?.set(loop.now)
        gone = nil
        try loop.runOnce(timeout: .zero)
        try loop.runOnce(timeout: .zero)
        #expect(fired == 0)
        alarm.set(loop.now)
        try run(loop, until: { fired == 1 })
    }
}
