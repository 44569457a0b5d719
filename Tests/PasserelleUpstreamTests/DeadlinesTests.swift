// SPDX-License-Identifier: MIT

import PasserelleTesting
import Testing

@testable import PasserelleUpstream

struct DeadlinesTests {
    @Test func `nothing falls due before its time`() {
        var deadlines = Deadlines<String>()
        #expect(deadlines.first == nil && deadlines.popFirst(through: .seconds(9)) == nil)
        deadlines.add("late", at: .seconds(2))
        deadlines.add("early", at: .seconds(1))
        #expect(deadlines.first == .seconds(1))
        #expect(deadlines.popFirst(through: .milliseconds(999)) == nil)
        #expect(deadlines.popFirst(through: .seconds(1)) == "early")
        #expect(deadlines.popFirst(through: .seconds(1)) == nil)
        #expect(deadlines.count == 1)
        #expect(deadlines.popFirst(through: .seconds(3)) == "late")
        #expect(deadlines.count == 0)
    }

    @Test(arguments: 1...20)
    func `they come in the order of their times, and of arrival where those are equal`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var deadlines = Deadlines<Int>()
        var model: [(at: Int, item: Int)] = []
        for item in 0..<500 {
            if Int.random(in: 0..<3, using: &random) > 0 {
                let at = Int.random(in: 0..<20, using: &random)
                deadlines.add(item, at: .seconds(at))
                model.append((at, item))
            } else {
                let earliest = model.min { ($0.at, $0.item) < ($1.at, $1.item) }
                model.removeAll { $0.item == earliest?.item }
                #expect(deadlines.popFirst(through: .seconds(20)) == earliest?.item)
            }
            #expect(deadlines.count == model.count)
        }
    }
}
