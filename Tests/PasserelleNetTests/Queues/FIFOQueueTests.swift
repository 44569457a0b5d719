// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import Testing

struct FIFOQueueTests {
    @Test(arguments: 1...8)
    func `the queue returns the same elements as an array`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = FIFOQueue<Int>()
        var model: [Int] = []
        for number in 0..<5_000 {
            if Int.random(in: 0..<100, using: &random) < 40 + (number / 1_000) % 2 * 20 {
                queue.append(number)
                model.append(number)
            } else {
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            }
            #expect(queue.isEmpty == model.isEmpty)
        }
    }
}
