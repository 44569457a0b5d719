// SPDX-License-Identifier: MIT

import PasserelleDownstream
import Testing

struct PollIntervalTests {
    @Test(arguments: [
        (-5, 1_000), (0, 1_000), (9_999, 1_000), (10_000, 1_000), (10_010, 1_001),
        (30_000, 3_000), (49_990, 4_999), (50_000, 5_000), (50_010, 5_000),
        (3_600_000, 5_000),
    ])
    func `the interval is a tenth of the silence, within bounds`(
        silence: Int, expected: Int
    ) {
        let pace = PollInterval.milliseconds(silence: .milliseconds(silence), waits: false)
        #expect(pace == expected)
    }

    @Test func `the bounds hold if no event is held, and for any clock`() {
        #expect(PollInterval.milliseconds(silence: nil, waits: false) == PollInterval.longest)
        let ages = Duration.seconds(Int64.max)
        #expect(PollInterval.milliseconds(silence: ages, waits: false) == PollInterval.longest)
        #expect(
            PollInterval.milliseconds(silence: .zero - ages, waits: false) == PollInterval.shortest)
    }

    @Test(arguments: [(0, 100), (0.5, 1_550), (0.9999, 2_999)])
    func `during an outage waiting polls are repeated within three seconds`(
        fraction: Double, expected: Int
    ) {
        #expect(PollInterval.duringOutage(fraction) == expected)
    }

    @Test func `the interval of waiting polls is short after any silence`() {
        for silence in [nil, Duration.zero, .seconds(100)] {
            let pace = PollInterval.milliseconds(silence: silence, waits: true)
            #expect(pace == PollInterval.betweenWaits)
        }
    }
}
