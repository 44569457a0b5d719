// SPDX-License-Identifier: MIT
import PasserelleTesting
import Testing

@testable import PasserelleNet

struct TimersTests {
    @Test func `earlier deadlines come first, equal ones in the order they were set`() {
        var timers = DeadlineHeap<() -> Void>()
        var fired: [Int] = []
        for (name, at) in [(1, 30), (2, 10), (3, 20), (4, 10), (5, 30), (6, 5)] {
            timers.add({ fired.append(name) }, at: .milliseconds(at))
        }
        #expect(timers.first == .milliseconds(5))
        while let body = timers.popFirst(through: .milliseconds(20), upTo: timers.mark) { body() }
        #expect(fired == [6, 2, 4, 3])
        while let body = timers.popFirst(through: .milliseconds(30), upTo: timers.mark) { body() }
        #expect(fired == [6, 2, 4, 3, 1, 5])
        #expect(timers.first == nil)
    }

    @Test func `a cancelled timer is removed, and its token is never reused`() {
        var timers = DeadlineHeap<() -> Void>()
        var fired: [Int] = []
        let first = timers.add({ fired.append(1) }, at: .zero)
        timers.remove(first)
        timers.remove(first)
        timers.add({ fired.append(2) }, at: .zero)
        timers.remove(first)
        #expect(timers.count == 1)
        while let body = timers.popFirst(through: .zero, upTo: timers.mark) { body() }
        #expect(fired == [2])
    }

    @Test func `random operations agree with a sorted list`() {
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &generator)
        var random = SplitMix(state: seed)
        var timers = DeadlineHeap<() -> Void>()
        var model: [(at: Int, order: Int, token: TimerToken)] = []
        var fired: [Int] = []
        var expected: [Int] = []
        for order in 0..<5_000 {
            switch random.next() % 4 {
            case 0, 1:
                let at = Int(random.next() % 100)
                let token = timers.add({ fired.append(order) }, at: .milliseconds(at))
                model.append((at, order, token))
            case 2 where !model.isEmpty:
                let index = Int(random.next() % UInt64(model.count))
                timers.remove(model.remove(at: index).token)
            default:
                let now = Int(random.next() % 60)
                while let body = timers.popFirst(through: .milliseconds(now), upTo: timers.mark) {
                    body()
                }
                let due = model.filter { $0.at <= now }.sorted {
                    ($0.at, $0.order) < ($1.at, $1.order)
                }
                expected += due.map(\.order)
                model.removeAll { $0.at <= now }
            }
            #expect(timers.count == model.count, "seed \(seed)")
        }
        #expect(fired == expected, "seed \(seed)")
    }
}

/// A small generator with a seed that can be printed (Steele, Lea, Flood 2014).
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
