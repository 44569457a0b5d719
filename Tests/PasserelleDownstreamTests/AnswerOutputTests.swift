// SPDX-License-Identifier: MIT

import PasserelleHub
import PasserelleTesting
import Testing

@testable import PasserelleDownstream

struct AnswerOutputTests {
    private let hub: Hub
    private let encoder: EventEncoder
    private let now = Moment(steady: .zero, wall: WallTime(milliseconds: 0))

    init() {
        var configuration = HubConfiguration()
        configuration.log.events = 50
        hub = Hub(epoch: 7, configuration: configuration, at: now)
        encoder = EventEncoder(hub: hub)
        _ = hub.requestChannel(named: "c", at: now)
        hub.subscribed("c", members: [], at: now)
    }

    private func publish(_ bytes: Int, on channel: String = "c", key: String? = nil) -> Event? {
        let data = Array(("\"" + String(repeating: "x", count: bytes) + "\"").utf8)
        hub.received(channel, event: "e", data: data, userID: nil, key: key, at: now)
        return hub.channel(channel)?.log.newest
    }

    private func body(_ events: [Event]) -> AnswerBody {
        var body = AnswerBody(Array("[".utf8))
        for (index, event) in events.enumerated() {
            body.append(event, bytes: encoder.form(of: event).json.count, isFirst: index == 0)
        }
        body.append(Array("]".utf8))
        return body
    }

    @Test(arguments: [
        (1, 300), (2, 300), (7, 300), (4_096, 70_000), (65_535, 70_000), (65_536, 70_000),
        (65_537, 70_000),
    ])
    func `an answer is the same however much of each piece the client reads`(
        share: Int, largest: Int
    ) throws {
        let body = body([0, largest, 1, largest, 2].compactMap { publish($0) })
        let whole = body.joined(encoder)
        #expect(whole.count == body.count && whole.last == UInt8(ascii: "]"))
        var output = AnswerOutput(body)
        var taken: [UInt8] = []
        while output.count > 0 {
            var piece: [UInt8] = []
            try #require(output.fill(&piece, encoder) && !piece.isEmpty)
            #expect(piece.count <= AnswerOutput.pieceBytes + 1)
            let some = min(piece.count, share)
            taken += piece.prefix(some)
            output.took(some, encoder)
        }
        #expect(taken == whole)
    }

    @Test func `events in the log cost an answer a few bytes each`() {
        let events = (0..<40).compactMap { _ in publish(10_000) }
        var output = AnswerOutput(body(events))
        #expect(MemoryLayout<AnswerBody.Part>.stride == 8)
        #expect(output.count > 400_000 && output.heldBytes(hub) < 1_000)
    }

    @Test func `evicted events count in full until they are sent`() throws {
        let events = (0..<40).compactMap { _ in publish(10_000) }
        var output = AnswerOutput(body(events))
        for _ in 0..<50 { _ = publish(1) }
        #expect(output.heldBytes(hub) > 400_000)
        while output.count > 1 {
            var piece: [UInt8] = []
            try #require(output.fill(&piece, encoder))
            output.took(min(piece.count, output.count - 1), encoder)
        }
        #expect(output.heldBytes(hub) < 1_000)
    }

    @Test func `the oldest event of each channel is examined, not only the next one`() throws {
        _ = hub.requestChannel(named: "d", at: now)
        hub.subscribed("d", members: [], at: now)
        var events: [Event] = []
        for _ in 0..<20 {
            events += [publish(10_000, on: "d"), publish(10_000)].compactMap(\.self)
        }
        var output = AnswerOutput(body(events))
        #expect(output.heldBytes(hub) < 1_000)
        // The next event is of `d`, which keeps all of its log; `c` evicts.
        for _ in 0..<50 { _ = publish(1) }
        #expect(output.heldBytes(hub) > 400_000)
        while output.count > 10_000 {
            var piece: [UInt8] = []
            try #require(output.fill(&piece, encoder))
            output.took(min(piece.count, 8_192), encoder)
            _ = output.heldBytes(hub)
        }
        #expect(output.heldBytes(hub) >= output.count)
    }

    @Test func `bytes that only this answer holds count in full`() {
        var output = AnswerOutput(AnswerBody([UInt8](repeating: 1, count: 300_000)))
        #expect((300_000..<300_100).contains(output.heldBytes(hub)))
    }

    @Test func `an answer with a deleted event cannot be completed`() throws {
        let event = try #require(publish(100, key: "k"))
        let output = AnswerOutput(body([event]))
        var piece: [UInt8] = []
        #expect(output.fill(&piece, encoder))
        hub.received("c", event: "d", data: [0x31], userID: nil, retracts: "k", at: now)
        #expect(!output.fill(&piece, encoder))
    }
}
