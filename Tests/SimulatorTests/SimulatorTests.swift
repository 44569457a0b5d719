// SPDX-License-Identifier: MIT

import Testing

/// Runs days, and makes a failing one small enough to read.
private enum Judge {
    /// The first thing that goes wrong in a schedule, or `nil`.
    static func verdict(_ steps: [Step], mutation: Simulation.Mutation) -> String? {
        let simulation = Simulation(mutation: mutation)
        defer { simulation.close() }
        do throws(Simulation.Violation) {
            for step in steps { try simulation.take(step) }
            try simulation.finish()
            return nil
        } catch {
            return error.description
        }
    }

    /// A shortest part of a failing schedule that still fails, found by leaving out ever smaller
    /// runs of steps.
    static func shrunk(_ steps: [Step], mutation: Simulation.Mutation) -> [Step] {
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
        ProcessEnvironmentNumber.named("PASSERELLE_SIMULATOR_SEEDS") ?? 1000

    @Test(arguments: 0..<4)
    func `every event is told in order exactly once, or a gap is, or it was retracted`(
        part: Int
    ) {
        for index in 0..<Self.seeds / 4 {
            let seed = UInt64(part * Self.seeds / 4 + index)
            let steps = Schedule.steps(seed: seed, count: 300)
            guard let words = Judge.verdict(steps, mutation: .none) else { continue }
            let small = Judge.shrunk(steps, mutation: .none)
            let cause = Judge.verdict(small, mutation: .none) ?? ""
            Issue.record("seed \(seed): \(words)\nshrunk: \(cause)\nby \(small)")
            return
        }
    }

    @Test(arguments: [
        Simulation.Mutation.dropOnResume, .repeatOnResume, .forgetOutage,
    ])
    func `a fault that is put in on purpose is found, and made small`(
        mutation: Simulation.Mutation
    ) {
        for seed in UInt64(0)..<500 {
            let steps = Schedule.steps(seed: seed, count: 300)
            guard Judge.verdict(steps, mutation: mutation) != nil else { continue }
            let small = Judge.shrunk(steps, mutation: mutation)
            #expect(Judge.verdict(small, mutation: mutation) != nil)
            #expect(small.count < 20)
            return
        }
        Issue.record("500 days did not show the fault \(mutation)")
    }
}
