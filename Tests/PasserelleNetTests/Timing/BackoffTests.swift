// SPDX-License-Identifier: MIT
import PasserelleNet
import Testing

struct BackoffTests {
    private let backoff = Backoff(first: .seconds(2), longest: .seconds(60))

    @Test(
        arguments: zip(
            [.min, 0, 1, 2, 3, 4, 5, 6, 7, 63, .max], [2, 2, 2, 4, 8, 16, 32, 60, 60, 60, 60]))
    func `delays range from one second to a bound that doubles up to a minute`(
        failures: Int, bound: Int
    ) {
        #expect(backoff.delay(failures: failures) == .seconds(bound))
        func delay(_ jitter: Double) -> Duration {
            backoff.delay(failures: failures, from: .seconds(1), jitter: jitter)
        }
        #expect(delay(0) == .seconds(1))
        #expect(delay(1) == .seconds(bound))
        #expect(delay(0.5) == .seconds(1) + .seconds(bound - 1) / 2)
    }

    @Test(arguments: [-1, 2, .infinity, -.infinity] as [Double])
    func `a jitter outside its range gives a delay within the bounds`(jitter: Double) {
        let delay = backoff.delay(failures: 9, from: .seconds(1), jitter: jitter)
        #expect(delay == (jitter < 0 ? .seconds(1) : backoff.longest))
    }
}
