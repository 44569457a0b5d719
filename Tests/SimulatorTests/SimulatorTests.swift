// SPDX-License-Identifier: MIT

import PasserelleTesting
import Testing

/// Runs days, and makes a failing one small enough to read.
private enum Judge {
    /// The first thing that goes wrong in a schedule, or `nil`; adds to `tally` what happened.
    static func verdict(
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

    static func verdict(_ steps: [Step], mutation: Mutation? = nil) -> String? {
        var tally = Tally()
        return verdict(steps, mutation: mutation, tally: &tally)
    }

    /// A shortest part of a failing schedule that still fails, found by leaving out ever smaller
    /// runs of steps.
    static func shrunk(_ steps: [Step], mutation: Mutation? = nil) -> [Step] {
        var steps = steps
        var size = max(1, steps.count / 2)
        while size >= 1 {
            var start = 0
            while start < steps.count {
                var shorter = steps
                shorter.removeSubrange(start..<min(start + size, steps.count))
                if verdict(shorter, mutation: mutation) != nil {
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
    /// How many seeds a run tries: a day has 300 steps.
    private static let seeds =
        ProcessEnvironment.value("PASSERELLE_SIMULATOR_SEEDS").flatMap(Int.init) ?? 2000
    private static let parts = 4

    @Test(arguments: 0..<parts)
    func `every event is told in order exactly once, or a gap is, or it was retracted`(
        part: Int
    ) {
        let count = max(1, Self.seeds / Self.parts)
        var tally = Tally()
        for index in 0..<count {
            let seed = UInt64(part * count + index)
            let steps = Schedule.steps(seed: seed, count: 300)
            guard let words = Judge.verdict(steps, tally: &tally) else { continue }
            let small = Judge.shrunk(steps)
            let cause = Judge.verdict(small) ?? ""
            Issue.record("seed \(seed): \(words)\nshrunk: \(cause)\nby \(small)")
            return
        }
        if ProcessEnvironment.value("PASSERELLE_SIMULATOR_SEEDS") != nil { print(part, tally) }
        // In fewer days than these, the rarest need not have happened.
        if count >= 500 { #expect(tally.missing.isEmpty) }
    }

    @Test(arguments: Mutation.allCases)
    func `a fault that is put in on purpose is found, and made small`(mutation: Mutation) {
        for seed in UInt64(0)..<1000 {
            let steps = Schedule.steps(seed: seed, count: 300)
            guard Judge.verdict(steps, mutation: mutation) != nil else { continue }
            let small = Judge.shrunk(steps, mutation: mutation)
            #expect(Judge.verdict(small, mutation: mutation) != nil)
            #expect(Judge.verdict(small) == nil)
            // To push anything out of a log takes seven entries, each said and delivered.
            #expect(small.count < 25)
            return
        }
        Issue.record("1000 days did not show the fault \(mutation)")
    }
}
