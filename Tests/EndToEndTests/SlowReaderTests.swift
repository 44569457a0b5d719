// SPDX-License-Identifier: MIT
import PasserelleNet
import PasserelleTesting
import PasserelleWire
import Testing

/// A reader that takes nothing costs no memory and delays no other reader.
@Suite(.serialized)
struct SlowReaderTests {
    private static let channel = "presence-bail-1"
    /// The number of events.
    private static let total = 100_000
    /// The number of concurrent requests of ten events each: fewer events than the log holds.
    private static let window = 20
    /// The growth of the gateway allowed between a tenth of the events and all of them, in KiB.
    private static let growth = 4_096

    @Test(.enabled(if: Sanitizer.leavesMemory, "a sanitizer's allocator keeps freed memory"))
    func `a hundred thousand events to a slow and a fast reader cost no memory`() throws {
        let fixture = try EndToEndFixture()
        let sandbox = try SandboxProcess(fixture)
        let gateway = try GatewayProcess(
            fixture, upstreamPort: sandbox.port,
            variables: ["PASSERELLE_LOG": "info", "PASSERELLE_STALL": "1h"])
        let target = "/events?channel=\(Self.channel)"
        let fast = StreamClient(fixture, gateway.http, target)
        let slow = StreamClient(fixture, gateway.http, target)
        let line = LineClient(fixture, path: gateway.ipc)
        line.send("SUBSCRIBE \(Self.channel)")
        try fixture.wait(for: "all readers") {
            !fast.snapshots.isEmpty && !slow.snapshots.isEmpty && line.replies.count == 1
        }
        slow.pause()
        line.pause()
        fast.keepsAll = false
        let flood = Flood(sandbox, Self.channel, total: Self.total, window: Self.window)
        flood.pump(taken: 0)
        var early: Int?
        try fixture.wait(for: "all events at the fast reader") {
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
        try checkLate(fixture, slow, line)
        #expect(try gateway.stop() == 0)
    }

    /// Checks that slow readers receive the beginning, then a gap, then all entries that are still
    /// held, and no event twice.
    private func checkLate(
        _ fixture: EndToEndFixture, _ slow: StreamClient, _ line: LineClient
    ) throws {
        slow.resume()
        line.resume()
        try fixture.wait(for: "the rest at the slow readers") {
            [slow, line].allSatisfy { (reader: any SurfaceClient) in
                reader.delivered.last?.data == "{\"n\":\(Self.total)}"
            }
        }
        for reader in [slow, line] as [any SurfaceClient] {
            #expect(reader.delivered.count { $0.isGap } == 1)
            let gap = try #require(reader.delivered.first { $0.isGap })
            #expect(try JSONText(Array(gap.data.utf8)).string(["reason"]) == "evicted")
            var last = 0
            for event in reader.delivered {
                guard !event.isGap, let number = Int(event.data.dropFirst(5).dropLast()) else {
                    last = -1
                    continue
                }
                #expect(last == -1 || number == last + 1)
                last = number
            }
            #expect(reader.delivered.count < Self.total)
        }
    }
}

/// Publishes numbered events in batches of ten, at the pace of the reader.
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

    /// Publishes further batches; `taken` is the number of events that the reader has received.
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
