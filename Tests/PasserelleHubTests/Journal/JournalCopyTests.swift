// SPDX-License-Identifier: MIT

import Testing

@testable import PasserelleHub

struct JournalCopyTests {
    private static let dataBytes = 300
    /// The bytes allowed beyond a slice: one entry, and the records beside it.
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
                hub.received(
                    channel, event: "e", data: [UInt8](repeating: 0x20, count: dataBytes),
                    userID: nil, at: moment(0))
            }
        }
        _ = hub.takeDemands()
        return hub
    }

    @Test func `a rewrite is written in slices, so that each turn is short`() {
        let hub = Self.filledHub()
        var recovery = JournalRecovery(limits: LogLimits(), now: moment(0))
        var limits = JournalLimits()
        limits.sliceBytes = 16_384
        var journal = Journal(after: recovery.finish(), hub: hub, limits: limits, at: moment(0))
        _ = journal.nextBatch(hub: hub, at: moment(0))
        journal.finished(succeeded: false)
        #expect(journal.isOff)
        journal.retry(hub: hub, at: moment(1))
        var slices = 0
        var bytes = 0
        while !journal.isKeeping, let batch = journal.nextBatch(hub: hub, at: moment(1)) {
            let written = batch.reduce(0) { sum, operation in
                if case .write(_, _, let bytes) = operation { sum + bytes.count } else { sum }
            }
            #expect(written <= limits.sliceBytes + Self.slack)
            bytes += written
            slices += 1
            journal.finished(succeeded: true)
        }
        #expect(journal.isKeeping && journal.copies == 1)
        #expect(bytes > 200 * 20 * Self.dataBytes && slices > 50)
    }

    @Test func `thousands of members of one channel are written in slices too`() {
        let hub = Self.filledHub()
        let members = (0..<9_000).map { Member(userID: "user-\($0)", userInfo: Array("{}".utf8)) }
        hub.subscribed("presence-bail-1", members: members, at: moment(0))
        var recovery = JournalRecovery(limits: LogLimits(), now: moment(0))
        var limits = JournalLimits()
        limits.sliceBytes = 16_384
        var journal = Journal(after: recovery.finish(), hub: hub, limits: limits, at: moment(0))
        _ = journal.nextBatch(hub: hub, at: moment(0))
        journal.finished(succeeded: false)
        journal.retry(hub: hub, at: moment(1))
        // A user that leaves meanwhile must not be written as present afterwards.
        hub.gathersChanges = true
        var largest = 0
        while !journal.isKeeping, let batch = journal.nextBatch(hub: hub, at: moment(1)) {
            let written = batch.reduce(0) { sum, operation in
                if case .write(_, _, let bytes) = operation { sum + bytes.count } else { sum }
            }
            largest = max(largest, written)
            journal.finished(succeeded: true)
        }
        #expect(journal.isKeeping && journal.bytes > 9_000 * 30)
        #expect(largest <= limits.sliceBytes + Self.slack)
    }

    /// A journal with its first batch under way while three events come and time passes.
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
            hub.received("c", event: "e", data: Array("1".utf8), userID: nil, at: moment(0))
        }
        journal.takeChanges(of: hub, at: moment(0))
        journal.timePassed(hub: hub, at: moment(0))
        return (journal, hub)
    }

    @Test(arguments: [-1, 0, 1])
    func `changes beyond the waiting limit are not stored, and the journal reports it`(
        excess: Int
    ) {
        let (all, _) = Self.journalBehindDisk(waitingBytes: .max)
        let waiting = all.files.unsyncedBytes
        #expect(waiting > 0 && all.isKeeping)
        var (journal, hub) = Self.journalBehindDisk(waitingBytes: waiting - excess)
        #expect(journal.isOverfull == (excess > 0))
        #expect(journal.isKeeping == (excess <= 0))
        // The disk answers at last: the missing changes make it a failure, which a retry repairs.
        journal.finished(succeeded: true)
        #expect(journal.isOff == (excess > 0))
        journal.retry(hub: hub, at: moment(1))
        for _ in 0..<10 where !journal.isKeeping || journal.hasWork {
            _ = journal.nextBatch(hub: hub, at: moment(1))
            journal.finished(succeeded: true)
        }
        #expect(journal.isKeeping && journal.syncedSequence == hub.sequence)
    }

    @Test func `a copy that ends while too many bytes wait is abandoned`() {
        let hub = Self.filledHub()
        hub.gathersChanges = true
        var recovery = JournalRecovery(limits: LogLimits(), now: moment(0))
        var limits = JournalLimits()
        limits.waitingBytes = 2 * limits.sliceBytes
        var journal = Journal(after: recovery.finish(), hub: hub, limits: limits, at: moment(0))
        _ = journal.nextBatch(hub: hub, at: moment(0))
        journal.finished(succeeded: true)
        let synced = journal.syncedSequence
        for succeeds in [false, true] {
            hub.received("presence-bail-1", event: "e", data: [0x31], userID: nil, at: moment(1))
            _ = journal.nextBatch(hub: hub, at: moment(1))
            journal.finished(succeeded: succeeds)
        }
        let former = journal.segments.map(\.number)
        journal.retry(hub: hub, at: moment(1))
        while journal.isReturning {
            _ = journal.nextBatch(hub: hub, at: moment(1))
            if case .returning(let copy) = journal.state, copy.isComplete { break }
            journal.finished(succeeded: true)
        }
        let data = [UInt8](repeating: 0x20, count: 2 * limits.sliceBytes)
        hub.received("presence-bail-1", event: "e", data: data, userID: nil, at: moment(1))
        journal.takeChanges(of: hub, at: moment(1))
        #expect(journal.isReturning)
        journal.timePassed(hub: hub, at: moment(2))
        #expect(journal.isOverfull && !journal.isCopying)
        journal.finished(succeeded: true)
        #expect(journal.isOff && journal.segments.map(\.number) == former)
        #expect(journal.syncedSequence == synced && journal.copies == 0)
    }

    @Test func `recovered segments are synced before any segment follows them`() throws {
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
