// SPDX-License-Identifier: MIT
import PasserelleUpstream
import Testing

struct BackoffTests {
    @Test(
        arguments: zip(
            [0, 1, 2, 3, 4, 5, 6, 7, 63, Int.max], [2, 2, 4, 8, 16, 32, 60, 60, 60, 60]))
    func `delays reach from one second to a bound that doubles up to a minute`(
        failures: Int, bound: Int
    ) {
        #expect(Backoff.delay(failures: failures, jitter: 0) == .seconds(1))
        #expect(Backoff.delay(failures: failures, jitter: 1) == .seconds(bound))
        let middle = Duration.seconds(1) + .seconds(bound - 1) / 2
        #expect(Backoff.delay(failures: failures, jitter: 0.5) == middle)
    }

    @Test(arguments: [-1, 2, .infinity, -.infinity] as [Double])
    func `a jitter outside of its range stays in the bounds`(jitter: Double) {
        let delay = Backoff.delay(failures: 9, jitter: jitter)
        #expect(delay == (jitter < 0 ? Backoff.least : Backoff.most))
    }
}
