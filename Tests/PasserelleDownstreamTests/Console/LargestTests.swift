// SPDX-License-Identifier: MIT

import PasserelleTesting
import Testing

@testable import PasserelleDownstream

struct LargestTests {
    @Test(arguments: [0, 1, 2, 49, 50, 51, 400])
    func `it keeps what sorting everything would put first`(count: Int) {
        var random = SeededRandom(seed: UInt64(count))
        let all = (0..<count).map { _ in Int.random(in: 0..<300, using: &random) }
        for limit in [0, 1, 49, 50, 51] {
            var largest = Largest<Int>(limit, by: >)
            for number in all { largest.offer(number) }
            #expect(largest.elements == Array(all.sorted(by: >).prefix(limit)))
        }
    }

    @Test func `it says whether an offer was among the first`() {
        var largest = Largest<Int>(2, by: >)
        let answers = [5, 3, 3, 2, 4, 9].map { largest.offer($0) }
        #expect(answers == [true, true, false, false, true, true])
        #expect(largest.elements == [9, 5])
    }
}
