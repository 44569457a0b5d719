// SPDX-License-Identifier: MIT

import PasserelleDownstream
import Testing

struct PollPaceTests {
    @Test(arguments: [
        (-5, 1_000), (0, 1_000), (9_999, 1_000), (10_000, 1_000), (10_010, 1_001),
        (30_000, 3_000), (49_990, 4_999), (50_000, 5_000), (50_010, 5_000),
        (3_600_000, 5_000),
    ])
    func `who polls comes back after a tenth of the silence, within bounds`(
        silence: Int, expected: Int
    ) {
        let pace = PollPace.milliseconds(silence: .milliseconds(silence), waits: false)
        #expect(pace == expected)
    }

    @Test func `where nothing is held, and on any clock, the bounds hold`() {
        #expect(PollPace.milliseconds(silence: nil, waits: false) == PollPace.longest)
        let ages = Duration.seconds(Int64.max)
        #expect(PollPace.milliseconds(silence: ages, waits: false) == PollPace.longest)
        #expect(PollPace.milliseconds(silence: .zero - ages, waits: false) == PollPace.shortest)
    }

    @Test func `who waits for news comes back at once, however silent it is`() {
        for silence in [nil, Duration.zero, .seconds(100)] {
            let pace = PollPace.milliseconds(silence: silence, waits: true)
            #expect(pace == PollPace.betweenWaits)
        }
    }
}
