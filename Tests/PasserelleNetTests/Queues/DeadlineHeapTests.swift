// SPDX-License-Identifier: MIT

import PasserelleNet
import PasserelleTesting
import Testing

struct DeadlineHeapTests {
    @Test func `an element is returned only when it is due`() {
        var deadlines = DeadlineHeap<String>()
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
    func `elements are ordered by deadline, equal ones by insertion`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var deadlines = DeadlineHeap<Int>()
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
