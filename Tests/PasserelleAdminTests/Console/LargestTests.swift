// SPDX-License-Identifier: MIT

import PasserelleTesting
import Testing

@testable import PasserelleAdmin

struct LargestTests {
    @Test(arguments: [0, 1, 2, 49, 50, 51, 400])
    func `it keeps the first elements of the sorted list`(count: Int) {
        var random = SeededRandom(seed: UInt64(count))
        let all = (0..<count).map { _ in Int.random(in: 0..<300, using: &random) }
        for limit in [0, 1, 49, 50, 51] {
            var largest = LargestElements<Int>(limit, by: >)
            for number in all { largest.offer(number) }
            #expect(largest.elements == Array(all.sorted(by: >).prefix(limit)))
        }
    }

    @Test func `an offer returns true if the element is among the first`() {
        var largest = LargestElements<Int>(2, by: >)
        let answers = [5, 3, 3, 2, 4, 9].map { largest.offer($0) }
        #expect(answers == [true, true, false, false, true, true])
        #expect(largest.elements == [9, 5])
    }
}
