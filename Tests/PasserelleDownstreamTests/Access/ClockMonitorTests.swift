// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleDownstream

struct ClockMonitorTests {
    @Test func `a wall clock that advances like the steady clock was not set`() {
        var watch = ClockMonitor(steady: .seconds(5), wallMilliseconds: 1_000_000)
        for second in 1..<1000 {
            let wall = Int64(1_000_000 + second * 1000 + second % 7)
            let wasSet = watch.wasSet(steady: .seconds(5 + second), wallMilliseconds: wall)
            #expect(!wasSet)
        }
    }

    @Test(arguments: [499, 500, 501, 3_600_000, -499, -500, -501, -3_600_000])
    func `a difference of half a second is detected once as a clock that was set`(step: Int64) {
        var watch = ClockMonitor(steady: .zero, wallMilliseconds: 10_000_000)
        let wall = 10_001_000 + step
        let wasSet = watch.wasSet(steady: .seconds(1), wallMilliseconds: wall)
        #expect(wasSet == (step.magnitude >= 500))
        let wasSetAgain = watch.wasSet(steady: .seconds(2), wallMilliseconds: wall + 1000)
        #expect(!wasSetAgain)
    }

    @Test func `small corrections are detected once they have added up`() {
        var watch = ClockMonitor(steady: .zero, wallMilliseconds: 0)
        let noticed = (1...100).filter {
            watch.wasSet(steady: .seconds($0), wallMilliseconds: Int64($0 * 1010))
        }
        #expect(noticed == [50, 100])
    }
}
