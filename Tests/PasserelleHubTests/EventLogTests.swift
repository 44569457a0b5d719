// SPDX-License-Identifier: MIT

@testable import PasserelleHub
import PasserelleTesting
import Testing

struct EventLogTests {
    private func event(_ sequence: UInt64, bytes: Int = 0, at seconds: Int = 0) -> Event {
        Event(
            sequence: sequence, at: moment(seconds), channel: "c",
            content: .message(name: "", data: [UInt8](repeating: 1, count: bytes), userID: nil))
    }

    @Test(arguments: [(2, nil), (3, nil), (4, LogLimit.events)])
    func `the event limit is exact`(held: Int, limit: LogLimit?) {
        var log = EventLog()
        for sequence in 1...held { log.append(event(UInt64(sequence))) }
        #expect(log.exceeded(LogLimits(events: 3), now: .zero) == limit)
    }

    @Test(arguments: [(99, nil), (100, nil), (101, LogLimit.bytes)])
    func `the byte limit is exact`(bytes: Int, limit: LogLimit?) {
        var log = EventLog()
        log.append(event(1, bytes: bytes))
        let limits = LogLimits(bytes: event(1, bytes: 100).cost + EventLog.fixedCost)
        #expect(log.exceeded(limits, now: .zero) == limit)
    }

    @Test(arguments: [(9, nil), (10, nil), (11, LogLimit.age)])
    func `the age limit is exact`(seconds: Int, limit: LogLimit?) {
        var log = EventLog()
        log.append(event(1))
        #expect(log.exceeded(LogLimits(age: .seconds(10)), now: .seconds(seconds)) == limit)
    }

    @Test func `random operations give the same contents as a plain array`() {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededRandom(seed: seed)
        var log = EventLog()
        var model: [Event] = []
        var sequence: UInt64 = 0
        for _ in 0..<20_000 {
            if Int.random(in: 0..<100, using: &random) < 55 {
                sequence += UInt64.random(in: 1...3, using: &random)
                let new = event(sequence, bytes: Int.random(in: 0..<50, using: &random))
                log.append(new)
                model.append(new)
            } else {
                let removed = log.removeOldest()
                #expect(removed === (model.isEmpty ? nil : model.removeFirst()), "seed \(seed)")
            }
            let asked = UInt64.random(in: 0...(sequence + 2), using: &random)
            let expected = model.firstIndex { $0.sequence > asked } ?? model.count
            #expect(log.index(after: asked) == expected, "seed \(seed)")
            #expect(log.count == model.count && log.newest === model.last, "seed \(seed)")
            let cost = model.reduce(model.isEmpty ? 0 : EventLog.fixedCost) { $0 + $1.cost }
            #expect(log.bytes == cost, "seed \(seed)")
        }
    }

    @Test(arguments: ["client-x", "client-\u{301}x", "client-"])
    func `a client event is recognized by the bytes of its name`(name: String) {
        let event = Event(
            sequence: 1, at: moment(0), channel: "c",
            content: .message(name: name, data: [], userID: nil))
        #expect(event.isEphemeral)
    }
}
