// SPDX-License-Identifier: MIT
import Testing

struct RandomServerTests {
    @Test(arguments: 0..<20)
    func `whatever a server does, every wanted channel is heard in the end`(round: Int) {
        let seeds = (0..<25).map { _ in UInt64.random(in: 0..<1_000_000_000) }
        for seed in seeds {
            var server = RandomServer(seed: seed)
            for _ in 0..<600 { server.step() }
            #expect(server.settle() == true, "seed \(seed): \(server.faults)")
            server.stop()
            #expect(server.faults == [], "seed \(seed), after the stop")
        }
    }
}
