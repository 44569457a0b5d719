// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleHub

struct JournalCopyTests {
    private static let dataBytes = 300
    /// What one entry and all that is written beside a slice may take.
    private static let slack = 2048

    private static func filledHub() -> Hub {
        let hub = Hub(epoch: 1, configuration: HubConfiguration(), at: moment(0))
        for channel in (0..<200).map({ "presence-bail-\($0)" }) {
            let reader = Listener(hub)
            hub.attach(reader, to: [channel], from: .now, wantsSnapshot: false, at: moment(0))
            hub.detach(reader, at: moment(0))
            hub.subscribed(
                channel, members: [Member(userID: "u", userInfo: nil)], at: moment(0))
            for _ in 0..<20 {
                hub.heard(
                    channel, event: "e", data: [UInt8](repeating: 0x20, count: dataBytes),
                    userID: nil, at: moment(0))
            }
        }
        _ = hub.takeDemands()
        return hub
    }

    @Test func `all that is held is written anew in slices, so that no turn does much`() {
        let hub = Self.filledHub()
        var recovery = JournalRecovery(limits: LogLimits(), now: moment(0))
        var limits = JournalLimits()
        limits.sliceBytes = 16_384
        var journal = Journal(after: recovery.finish(), hub: hub, limits: limits, at: moment(0))
        _ = journal.nextBatch(hub: hub, at: moment(0))
        #expect(journal.finished(succeeded: false) == .off)
        journal.retry(hub: hub, at: moment(1))
        var slices = 0
        var bytes = 0
        while journal.state != .on, let batch = journal.nextBatch(hub: hub, at: moment(1)) {
            let written = batch.reduce(0) { sum, operation in
                if case .write(_, _, let bytes) = operation { sum + bytes.count } else { sum }
            }
            #expect(written <= limits.sliceBytes + Self.slack)
            bytes += written
            slices += 1
            journal.finished(succeeded: true)
        }
        #expect(journal.state == .on && journal.copies == 1)
        #expect(bytes > 200 * 20 * Self.dataBytes && slices > 50)
    }

    /// A journal whose first batch is under way while three events come, and the seconds pass.
    private static func journalBehindDisk(waitingBytes: Int) -> (journal: Journal, hub: Hub) {
        let hub = Hub(epoch: 1, configuration: HubConfiguration(), at: moment(0))
        hub.gathersChanges = true
        hub.attach(
            Listener(hub), to: ["c"], from: .now, wantsSnapshot: false, at: moment(0))
        hub.subscribed("c", members: nil, at: moment(0))
        var recovery = JournalRecovery(limits: LogLimits(), now: moment(0))
        var limits = JournalLimits()
        limits.waitingBytes = waitingBytes
        var journal = Journal(after: recovery.finish(), hub: hub, limits: limits, at: moment(0))
        _ = journal.nextBatch(hub: hub, at: moment(0))
        for _ in 0..<3 {
            hub.heard("c", event: "e", data: Array("1".utf8), userID: nil, at: moment(0))
        }
        journal.takeChanges(of: hub, at: moment(0))
        journal.timePassed(hub: hub, at: moment(0))
        return (journal, hub)
    }

    @Test(arguments: [-1, 0, 1])
    func `more than may wait for a disk that does not answer is not kept, and this is known`(
        excess: Int
    ) {
        let (all, _) = Self.journalBehindDisk(waitingBytes: .max)
        let waiting = all.segments.reduce(all.buffer.count) { $0 + $1.bytes - $1.certain }
        #expect(waiting > 0 && all.isKeeping)
        var (journal, hub) = Self.journalBehindDisk(waitingBytes: waiting - excess)
        #expect(journal.isOverfull == (excess > 0))
        #expect(journal.isKeeping == (excess <= 0))
        // The answer comes at last: what was not kept makes it a failure, which is mended.
        #expect(journal.finished(succeeded: true) == (excess > 0 ? .off : nil))
        journal.retry(hub: hub, at: moment(1))
        for _ in 0..<10 where !journal.isKeeping || journal.hasWork {
            _ = journal.nextBatch(hub: hub, at: moment(1))
            journal.finished(succeeded: true)
        }
        #expect(journal.isKeeping && journal.syncedSequence == hub.sequence)
    }

    @Test func `whatever was found is synced before anything follows it`() throws {
        let found = JournalRecords.all.map(\.encoded).enumerated()
        var recovery = JournalRecovery(limits: LogLimits(), now: moment(0))
        for (index, bytes) in found {
            recovery.begin(segment: index + 1)
            try recovery.append(bytes)
            try recovery.end(isLast: index == JournalRecords.all.count - 1)
        }
        let result = recovery.finish()
        let hub = Hub(
            restoring: result.past, epoch: 99, configuration: HubConfiguration(), at: moment(0))
        var journal = Journal(after: result, hub: hub, at: moment(0))
        #expect(journal.syncedSequence == 0)
        let next = journal.nextBatch(hub: hub, at: moment(0))
        let batch = try #require(next)
        let firstNew = batch.firstIndex { if case .create = $0 { true } else { false } }
        let before = batch[..<(try #require(firstNew))]
        for segment in 1...JournalRecords.all.count {
            #expect(before.contains(.sync(segment: segment)))
        }
        journal.finished(succeeded: true)
        #expect(journal.syncedSequence == hub.sequence)
    }
}
