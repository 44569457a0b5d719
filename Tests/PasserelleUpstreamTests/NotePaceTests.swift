// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleUpstream

struct NotePaceTests {
    @Test func `the first of a kind has a line, and then one a minute with their number`() {
        var pace = NotePace<Int?>()
        #expect(pace.passes(4301, now: .zero) == 0)
        for time in 1...59 { #expect(pace.passes(4301, now: .seconds(time)) == nil) }
        #expect(pace.passes(nil, now: .seconds(30)) == 0)
        #expect(pace.passes(4301, now: .milliseconds(59_999)) == nil)
        #expect(pace.passes(4301, now: .seconds(60)) == 60)
        #expect(pace.passes(4301, now: .seconds(61)) == nil)
        #expect(pace.passes(4301, now: .seconds(1000)) == 1)
    }

    @Test(arguments: [31, 32, 33, 10_000])
    func `a peer that makes up kinds does not fill memory or log`(kinds: Int) {
        var pace = NotePace<Int>()
        let lines = (0..<kinds).count { pace.passes($0, now: .zero) != nil }
        #expect(lines == min(kinds, 33))
    }
}
