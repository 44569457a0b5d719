// SPDX-License-Identifier: MIT

import PasserelleNet
import Testing

struct LogThrottleTests {
    @Test func `the first of a kind is logged, then one a minute with their number`() {
        var throttle = LogThrottle<Int?>()
        #expect(throttle.passes(4301, now: .zero) == 0)
        for time in 1...59 { #expect(throttle.passes(4301, now: .seconds(time)) == nil) }
        #expect(throttle.passes(nil, now: .seconds(30)) == 0)
        #expect(throttle.passes(4301, now: .milliseconds(59_999)) == nil)
        #expect(throttle.passes(4301, now: .seconds(60)) == 60)
        #expect(throttle.passes(4301, now: .seconds(61)) == nil)
        #expect(throttle.passes(4301, now: .seconds(1000)) == 1)
    }

    @Test func `after its end, a kind is logged again at once`() {
        var throttle = LogThrottle<Int>()
        #expect(throttle.end(1) == false)
        #expect(throttle.passes(1, now: .zero) == 0)
        #expect(throttle.passes(1, now: .seconds(1)) == nil)
        #expect(throttle.end(1) == true)
        #expect(throttle.passes(1, now: .seconds(2)) == 0)
    }

    @Test(arguments: [31, 32, 33, 10_000])
    func `a peer that invents kinds fills neither the memory nor the log`(kinds: Int) {
        var throttle = LogThrottle<Int>()
        let lines = (0..<kinds).count { throttle.passes($0, now: .zero) != nil }
        #expect(lines == min(kinds, 33))
    }
}
