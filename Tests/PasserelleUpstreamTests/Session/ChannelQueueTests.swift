// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

@testable import PasserelleUpstream

struct ChannelQueueTests {
    @Test func `channels are returned in order of insertion, each once`() {
        var queue = ChannelQueue()
        for channel in ["a", "b", "a", "c"] { queue.append(channel) }
        #expect(queue.count == 3)
        queue.remove("b")
        queue.remove("never")
        queue.append("b")
        let order = [queue.popFirst(), queue.popFirst(), queue.popFirst(), queue.popFirst()]
        #expect(order == ["a", "c", "b", nil] && queue.count == 0)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `it behaves like an array under random operations`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = ChannelQueue()
        var model: [String] = []
        for step in 0..<20_000 {
            let channel = "c\(UInt8.random(in: 0..<200, using: &random))"
            switch Int.random(in: 0..<(step % 2_000 < 1_000 ? 4 : 3), using: &random) {
            case 0:
                model.removeAll { $0 == channel }
                queue.remove(channel)
            case 1:
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            default:
                if !model.contains(channel) { model.append(channel) }
                queue.append(channel)
            }
            #expect(queue.count == model.count)
        }
    }
}
