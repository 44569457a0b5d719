// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

/// Losses of connections in simulated time.
///
/// With PASSERELLE_TEST_WHOLE=1 the runs are longer.
struct TwoConnectionsTests {
    @Test func `a thousand losses of one connection cause no gap, no loss and no duplicate`() {
        var drops = 0
        var seed: UInt64 = 0
        while drops < 1_000 {
            seed += 1
            var run = TwoConnections(seed: seed, losses: .ordinary)
            run.run(for: .seconds(600))
            let problems = run.problems()
            #expect(problems.isEmpty, "seed \(seed): \(problems.prefix(3))")
            #expect(run.gaps == 0 && run.duplicates == 0, "seed \(seed): \(run.duplicated)")
            drops += run.drops
        }
    }

    @Test func `five hours of losses and stalls at any time lose nothing without a gap`() {
        let hours = TestEnvironment.value("PASSERELLE_TEST_WHOLE") != nil ? 50 : 5
        var (drops, gaps, duplicates) = (0, 0, 0)
        for seed in 0..<UInt64(hours * 6) {
            var run = TwoConnections(seed: seed, losses: .anyTime)
            run.run(for: .seconds(600))
            let problems = run.problems()
            #expect(problems.isEmpty, "seed \(seed): \(problems.prefix(3))")
            drops += run.drops
            gaps += run.gaps
            duplicates += run.duplicates
        }
        print("\(hours) hours: \(drops) losses, \(gaps) gaps, \(duplicates) duplicates")
        // The connections are lost together often enough to check gaps, too.
        #expect(gaps > 50)
    }
}
