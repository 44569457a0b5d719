// SPDX-License-Identifier: MIT

import PasserelleTesting
import Testing

/// Runs schedules, and shrinks a failing one until it is readable.
private enum Checker {
    /// Returns the first violation in a schedule, or `nil`; adds the schedule's counts to `tally`.
    static func firstViolation(
        _ steps: [Step], mutation: Mutation? = nil, tally: inout Tally
    ) -> String? {
        let simulation = Simulation(mutation: mutation)
        defer {
            simulation.close()
            tally.add(simulation.tally)
        }
        do throws(Simulation.Violation) {
            for step in steps { try simulation.take(step) }
            try simulation.finish()
            return nil
        } catch {
            return error.description
        }
    }

    static func firstViolation(_ steps: [Step], mutation: Mutation? = nil) -> String? {
        var tally = Tally()
        return firstViolation(steps, mutation: mutation, tally: &tally)
    }

    /// Returns a short part of a failing schedule that still fails, by leaving out ever smaller
    /// runs of steps.
    static func shrunk(_ steps: [Step], mutation: Mutation? = nil) -> [Step] {
        var steps = steps
        var size = max(1, steps.count / 2)
        while size >= 1 {
            var start = 0
            while start < steps.count {
                var shorter = steps
                shorter.removeSubrange(start..<min(start + size, steps.count))
                if firstViolation(shorter, mutation: mutation) != nil {
                    steps = shorter
                } else {
                    start += size
                }
            }
            size /= 2
        }
        return steps
    }
}

struct SimulatorTests {
    private static let isWhole = TestEnvironment.value("PASSERELLE_TEST_WHOLE") != nil
    /// The number of seeds per run; each gives a scenario of 300 steps.
    private static let seeds =
        TestEnvironment.value("PASSERELLE_SIMULATOR_SEEDS").flatMap(Int.init)
        ?? (isWhole ? 2000 : 500)
    /// Each part is long enough for the rarest events.
    private static let parts = max(1, seeds / 500)

    @Test(arguments: 0..<parts)
    func `every event is delivered in order exactly once, or covered by a gap, or retracted`(
        part: Int
    ) {
        let count = max(1, Self.seeds / Self.parts)
        var tally = Tally()
        for index in 0..<count {
            let seed = UInt64(part * count + index)
            let steps = Schedule.steps(seed: seed, count: 300)
            guard let words = Checker.firstViolation(steps, tally: &tally) else { continue }
            let small = Checker.shrunk(steps)
            let cause = Checker.firstViolation(small) ?? ""
            Issue.record("seed \(seed): \(words)\nshrunk: \(cause)\nby \(small)")
            return
        }
        if TestEnvironment.value("PASSERELLE_SIMULATOR_SEEDS") != nil { print(part, tally) }
        // If there are fewer scenarios, the rarest events may not occur.
        if count >= 500 { #expect(tally.missing.isEmpty) }
    }

    @Test(arguments: Mutation.allCases)
    func `a deliberate fault is found and shrunk`(mutation: Mutation) {
        for seed in UInt64(0)..<1000 {
            let steps = Schedule.steps(seed: seed, count: 300)
            guard Checker.firstViolation(steps, mutation: mutation) != nil else { continue }
            let small = Checker.shrunk(steps, mutation: mutation)
            #expect(Checker.firstViolation(small, mutation: mutation) != nil)
            #expect(Checker.firstViolation(small) == nil)
            // Seven entries are needed to evict one, each published and delivered.
            #expect(small.count < 25)
            return
        }
        Issue.record("1000 scenarios did not show the fault \(mutation)")
    }
}
