// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A reader that takes nothing costs no memory and holds up nobody.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SlowReaderTests {
    private static let channel = "presence-bail-1"
    /// Events in all: a hundred thousand.
    private static let total = 100_000
    /// Requests of ten events each that are under way at a time: fewer events than the log holds.
    private static let window = 20
    /// What the gateway may grow by from a tenth of the events to all of them, in KiB.
    private static let growth = 4_096

    @Test(
        .enabled(
            if: Sanitizer.ofBinary == nil,
            "sanitized, it tells for longer than a minute, in which a reader has to take something")
    )
    func `a hundred thousand events to a slow reader and a fast one cost no memory`() throws {
        let stage = try Stage()
        let sandbox = try SandboxProcess(stage)
        let gateway = try GatewayProcess(
            stage, upstreamPort: sandbox.port, variables: ["PASSERELLE_LOG": "info"])
        let target = "/events?channel=\(Self.channel)"
        let fast = StreamClient(stage, gateway.http, target)
        let slow = StreamClient(stage, gateway.http, target)
        let line = LineClient(stage, path: gateway.ipc)
        line.say("SUBSCRIBE \(Self.channel)")
        try stage.wait(for: "all readers") {
            !fast.snapshots.isEmpty && !slow.snapshots.isEmpty && line.replies.count == 1
        }
        slow.pause()
        line.pause()
        fast.keepsAll = false
        let flood = Flood(sandbox, Self.channel, total: Self.total, window: Self.window)
        flood.pump(taken: 0)
        var early: Int?
        try stage.wait(for: "all events at the fast reader", within: .seconds(240)) {
            flood.pump(taken: fast.count)
            if early == nil, fast.count >= Self.total / 10 { early = try gateway.residentKiB }
            return fast.count >= Self.total
        }
        let late = try gateway.residentKiB
        #expect(fast.count == Self.total, "every one, and no gap among them")
        #expect(fast.gapCount == 0)
        #expect(fast.newest?.data == "{\"n\":\(Self.total)}")
        #expect(flood.refusals.isEmpty)
        let first = try #require(early)
        #expect(late - first < Self.growth, "from \(first) KiB to \(late) KiB")
        try checkLate(stage, slow, line)
        #expect(try gateway.stop() == 0)
    }

    /// The slow ones hear the beginning, then a gap, then all that is still held, and nothing twice.
    private func checkLate(
        _ stage: Stage, _ slow: StreamClient, _ line: LineClient
    ) throws {
        slow.resume()
        line.resume()
        try stage.wait(for: "the rest at the slow readers") {
            [slow, line].allSatisfy { (ear: any Ear) in
                ear.told.last?.data == "{\"n\":\(Self.total)}"
            }
        }
        for ear in [slow, line] as [any Ear] {
            #expect(ear.told.count { $0.isGap } == 1)
            let gap = try #require(ear.told.first { $0.isGap })
            #expect(try JSONText(Array(gap.data.utf8)).string(["reason"]) == "evicted")
            var last = 0
            for event in ear.told {
                guard !event.isGap, let number = Int(event.data.dropFirst(5).dropLast()) else {
                    last = -1
                    continue
                }
                #expect(last == -1 || number == last + 1)
                last = number
            }
            #expect(ear.told.count < Self.total)
        }
    }
}

/// Numbered events in batches of ten, as many as a reader keeps up with.
private final class Flood {
    private(set) var refusals: [Int] = []
    private let sandbox: SandboxProcess
    private let channel: String
    private let total: Int
    private let window: Int
    private var begun = 0

    init(_ sandbox: SandboxProcess, _ channel: String, total: Int, window: Int) {
        self.sandbox = sandbox
        self.channel = channel
        self.total = total
        self.window = window
    }

    /// Publishes on; the reader has got so many.
    func pump(taken: Int) {
        while begun < total, begun - taken <= window * 10 - 10 {
            let data = (1...10).map { "{\"n\":\(begun + $0)}" }
            begun += 10
            sandbox.publishBatch(channel, "new-message", data) { [weak self] status in
                if status != 200 { self?.refusals.append(status) }
            }
        }
    }
}
